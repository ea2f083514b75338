"""The rule language, key by key (contract 6): which sections there are, and what each key holds.

This table is the one source of what may be written: the parser reads by it, and `schema.json` is made of
it. Checks that need more than one rule at once are `validate.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from aisecops.controls.policy import leaves as leaf
from aisecops.controls.policy.shapes import Either, Key, Leaf, ListOf, MapOf, Named, Record, Schema
from aisecops.controls.policy.units import number
from aisecops.controls.policy.yaml_nodes import Keys, Node
from aisecops.model.budget import Budgets
from aisecops.model.grant import Constraints, Grant
from aisecops.model.ids import AgentId
from aisecops.model.risk import Thresholds
from aisecops.model.rules import (
    AgentRule,
    ArgumentRule,
    CertificateAuthentication,
    DetectorRule,
    EgressRules,
    FirewallRules,
    GrantRule,
    HttpMatch,
    McpMatch,
    Measure,
    MemoryRule,
    ModelRule,
    ModelToolMatch,
    OpaRule,
    Place,
    PolicyRules,
    Price,
    Returns,
    RiskRules,
    SecretAuthentication,
    Sequence,
    SourceAuthentication,
    SourceRule,
    StepPattern,
    ToolRule,
)

# -- agents ---------------------------------------------------------------------------------------


def _authentications(secret: str = "", client_cert: str = "", source: tuple[str, ...] = ()) -> tuple[Any, ...]:
    ways: list[Any] = []
    if secret:
        ways.append(SecretAuthentication(source=secret))
    if client_cert:
        ways.append(CertificateAuthentication(san=client_cert))
    if source:
        ways.append(SourceAuthentication(networks=source))
    if not ways:
        raise ValueError("no way to know the agent", "write `secret`, `client_cert` or `source`")
    return tuple(ways)


def _grant(place: Place, tool: str, scope: str, constraints: Constraints | None = None) -> GrantRule:
    grant = Grant(tool=tool, scope=scope, constraints=constraints or Constraints())
    return GrantRule(name="", grant=grant, place=place)


def _thresholds(**micros: int) -> Thresholds:
    thresholds = Thresholds(**micros)
    if thresholds.approve_micros > thresholds.halt_micros:
        raise ValueError("`approve_above` is over `halt_above`, so nothing would ever be held", "lower `approve_above`")
    return thresholds


def _agent(name: str, grants: tuple[GrantRule, ...] = (), **rest: Any) -> AgentRule:
    named = tuple(msgspec.structs.replace(grant, name=f"{name}.grants[{index}]") for index, grant in enumerate(grants))
    return AgentRule(agent_id=AgentId(name), grants=named, **rest)


AUTHENTICATE = Record(
    "`authenticate`",
    _authentications,
    {
        "secret": Key(leaf.SECRET, about="where the proxy password is: env:NAME or file:PATH"),
        "client_cert": Key(Record("`client_cert`", lambda san: san, {"san": Key(leaf.TEXT, needed=True)})),
        "source": Key(ListOf(leaf.NETWORK, single=True, least=1), about="networks that are this agent"),
    },
)
CONSTRAINTS = Record(
    "`constraints`",
    Constraints,
    {
        "max_rows": Key(leaf.COUNT),
        "max_cost": Key(leaf.MICROS, to="max_cost_micros"),
        "uses": Key(leaf.USES, about="how often a token may be used; 1 is single use"),
        "expiry": Key(leaf.EXPIRY, to="max_ttl_s", about="the longest life of a token, at most 15m"),
    },
)
GRANT = Record(
    "a grant",
    _grant,
    {
        "tool": Key(leaf.PATTERN, needed=True),
        "scope": Key(leaf.PATTERN, needed=True),
        "constraints": Key(CONSTRAINTS),
    },
    placed=True,
)
BUDGETS = Record(
    "`budgets`",
    Budgets,
    {
        "max_tool_calls": Key(leaf.COUNT),
        "max_write_operations": Key(leaf.COUNT),
        "max_execution_time": Key(leaf.DURATION, to="max_execution_ms"),
        "max_cost": Key(leaf.MICROS, to="max_cost_micros"),
        "rate": Key(leaf.RATE),
    },
)
THRESHOLDS = Record(
    "`risk` of an agent",
    _thresholds,
    {
        "approve_above": Key(leaf.MICROS, to="approve_micros", about="over this, a person must approve"),
        "halt_above": Key(leaf.MICROS, to="halt_micros", about="over this, the run is halted"),
    },
)
AGENT = Record(
    "an agent",
    _agent,
    {
        "role": Key(leaf.TEXT),
        "authenticate": Key(AUTHENTICATE, about="how the agent is known; without it nobody can be this agent"),
        "mode": Key(leaf.MODE, about="enforce, or observe: nothing is refused, what would have been is recorded"),
        "token": Key(leaf.TOKEN_MODE, about="who asks for capability tokens: the agent, or the gateway for it"),
        "system_prompt": Key(leaf.SYSTEM_PROMPT),
        "grants": Key(ListOf(GRANT), about="what the agent may be given tokens for; nothing else"),
        "budgets": Key(BUDGETS),
        "risk": Key(THRESHOLDS),
    },
    placed=True,
)

# -- tools ----------------------------------------------------------------------------------------


def _http(host: tuple[str, int | None], path: str = "/**", method: tuple[str, ...] = ()) -> HttpMatch:
    return HttpMatch(host=host[0], port=host[1], path=path, methods=method)


def _mcp(host: tuple[str, int | None], **rest: str) -> McpMatch:
    return McpMatch(host=host[0], port=host[1], **rest)


def _measure(request: str = "", response: str = "") -> Measure:
    if bool(request) == bool(response):
        raise ValueError("say where to look, once", "write either `request:` or `response:`")
    return Measure(side="request" if request else "response", expression=request or response)


class _Cost:
    """A fixed number, or a measure."""

    def read(self, node: Node) -> Measure:
        found = MEASURE.read(node) if isinstance(node, Keys) else _FIXED.read(node)
        assert isinstance(found, Measure)
        return found

    def schema(self) -> Schema:
        return {"anyOf": [_FIXED.schema(), MEASURE.schema()]}


def _returns(trusted_fields: tuple[str, ...] = (), **rest: Any) -> Returns:
    return Returns(trusted_fields=trusted_fields, **rest)


def _tool(arguments: dict[str, ArgumentRule] | None = None, **rest: Any) -> ToolRule:
    return ToolRule(arguments=tuple((arguments or {}).values()), **rest)


HTTP = Record(
    "`match`",
    _http,
    {
        "host": Key(leaf.HOST, needed=True, about="a name, *.name, and perhaps :port; without a port, 443 and 80"),
        "method": Key(ListOf(leaf.METHOD, single=True, least=1), about="without it, every method"),
        "path": Key(leaf.PATH, about="* is one segment, ** any number; without it, every path"),
    },
)
MCP = Record(
    "`mcp`",
    _mcp,
    {
        "host": Key(leaf.HOST, needed=True),
        "tool": Key(leaf.MCP_TOOL, about="the server's tool; a * at the end is any tool that starts so"),
        "path": Key(leaf.PATH),
    },
)
MATCH = Either(
    {
        "mcp": Record("`match`", lambda mcp: mcp, {"mcp": Key(MCP, needed=True)}),
        "model_tool": Record(
            "`match`",
            lambda model_tool: ModelToolMatch(names=model_tool),
            {"model_tool": Key(ListOf(leaf.TEXT, single=True, least=1), needed=True)},
        ),
    },
    otherwise=HTTP,
)
MEASURE = Record("a measure", _measure, {"request": Key(leaf.JMESPATH), "response": Key(leaf.JMESPATH)})
_FIXED = Leaf(
    "a number, or `{request: …}` or `{response: …}`",
    lambda text: Measure(side="fixed", fixed=number(text)),
    {"type": "number", "minimum": 0},
    plain=True,
)
ARGUMENT = Record(
    "an argument",
    lambda role, **rest: ArgumentRule(steering=role, **rest),
    {
        "at": Key(leaf.JMESPATH, needed=True),
        "role": Key(leaf.ROLE, needed=True, about="steering: who, where, what; content: the text it carries"),
        "untrusted": Key(leaf.UNTRUSTED),
    },
)
RETURNS = Record(
    "`returns`",
    _returns,
    {
        "tier": Key(leaf.TIER),
        "label": Key(leaf.LABEL),
        "trusted_fields": Key(ListOf(leaf.JMESPATH), about="system-made values inside otherwise untrusted text"),
    },
)
TOOL = Record(
    "a tool",
    _tool,
    {
        "match": Key(ListOf(MATCH, single=True, least=1), needed=True, about="any of these is the tool"),
        "effect": Key(leaf.EFFECT, about="without it, write"),
        "base_risk": Key(leaf.UNIT, about="R, 0 to 1; without it, 1"),
        "trust": Key(leaf.TRUST, about="T: internal 0.5, neutral 1.0, external 2.0; without it, 2.0"),
        "scope": Key(leaf.SCOPE_TEMPLATE, about="without it, the tool's own name"),
        "rows": Key(MEASURE),
        "cost": Key(_Cost(), about="money for one call"),
        "returns": Key(RETURNS),
        "arguments": Key(Named(leaf.NAME, ARGUMENT)),
    },
    placed=True,
)

# -- models, sources, memory ----------------------------------------------------------------------

PRICE = Record("a price", Price, {"input": Key(leaf.NUMBER, needed=True), "output": Key(leaf.NUMBER, needed=True)})
MODEL = Record(
    "a model",
    ModelRule,
    {
        "match": Key(HTTP, needed=True),
        "dialect": Key(leaf.DIALECT, needed=True),
        "prices": Key(MapOf(leaf.MODEL_NAME, PRICE), about="money per million model tokens"),
    },
    placed=True,
)
SOURCE = Record(
    "a source",
    SourceRule,
    {"match": Key(HTTP, needed=True), "tier": Key(leaf.TIER), "label": Key(leaf.LABEL)},
    placed=True,
)
MEMORY = Record(
    "a memory rule",
    MemoryRule,
    {
        "tool": Key(leaf.TOOL_NAME, needed=True),
        "item": Key(leaf.JMESPATH, needed=True),
        "id": Key(leaf.JMESPATH, needed=True),
    },
    placed=True,
)

# -- risk, egress, firewall, policy ----------------------------------------------------------------


def _step(**fields: Any) -> StepPattern:
    if not fields:
        raise ValueError("a step that says nothing would be every step", "write `tool`, `effect`, `label` or `kind`")
    return StepPattern(**fields)


def _lines(**fields: Decimal) -> FirewallRules:
    lines = FirewallRules(**fields)  # type: ignore[arg-type]  # unknown_content comes by its own reader
    if lines.flag_at > lines.block_at:
        raise ValueError("`flag_at` is over `block_at`, so nothing would ever be flagged", "lower `flag_at`")
    return lines


STEP = Record(
    "a step",
    _step,
    {
        "tool": Key(leaf.PATTERN),
        "effect": Key(leaf.EFFECT),
        "label": Key(leaf.LABEL),
        "kind": Key(leaf.STEP_KIND),
    },
)
SEQUENCE = Record(
    "a sequence",
    Sequence,
    {
        "name": Key(leaf.NAME, needed=True),
        "when": Key(ListOf(STEP, least=1), needed=True),
        "escalation": Key(leaf.ESCALATION, needed=True, about="E, 1 to 3"),
    },
    placed=True,
)
RISK = Record(
    "`risk`",
    RiskRules,
    {"sequences": Key(ListOf(SEQUENCE)), "budget_stress_from": Key(leaf.STRESS_FROM)},
)
DETECTOR = Record(
    "a detector rule",
    DetectorRule,
    {
        "entity": Key(ListOf(leaf.ENTITY, single=True, least=1), to="entities", needed=True),
        "to": Key(leaf.DESTINATION, needed=True),
        "action": Key(leaf.ACTION, needed=True),
    },
    placed=True,
)
MAY_GO = Record("what a label allows", lambda to: to, {"to": Key(ListOf(leaf.DESTINATION, single=True), needed=True)})
EGRESS = Record(
    "`egress`",
    EgressRules,
    {
        "max_body": Key(leaf.SIZE, to="max_body_bytes"),
        "detectors": Key(ListOf(DETECTOR)),
        "labels": Key(MapOf(leaf.LABEL, MAY_GO)),
        "canaries": Key(ListOf(leaf.SECRET)),
    },
)
FIREWALL = Record(
    "`firewall`",
    _lines,
    {"flag_at": Key(leaf.UNIT), "block_at": Key(leaf.UNIT), "unknown_content": Key(leaf.TIER)},
)
OPA = Record("`opa`", OpaRule, {"url": Key(leaf.URL, needed=True), "path": Key(leaf.TEXT, needed=True)}, placed=True)
POLICY = Record("`policy`", PolicyRules, {"cedar": Key(ListOf(leaf.TEXT)), "opa": Key(OPA)})

RULES = Record(
    "the rules",
    dict,
    {
        "version": Key(leaf.VERSION),  # asked for in every file by the parser
        "agents": Key(Named(leaf.AGENT_NAME, AGENT)),
        "tools": Key(Named(leaf.TOOL_NAME, TOOL)),
        "models": Key(Named(leaf.NAME, MODEL)),
        "sources": Key(ListOf(SOURCE)),
        "memory": Key(ListOf(MEMORY)),
        "risk": Key(RISK),
        "egress": Key(EGRESS),
        "firewall": Key(FIREWALL),
        "policy": Key(POLICY),
    },
)


def schema() -> Schema:
    """The JSON Schema of one rules file, for editors and YAML language servers."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rules of the gateway, version 1",
        **RULES.schema(),
        "required": ["version"],
    }
