"""What the rules say of one request, as the first step of a new run: for `rules explain` and case files.

Judges what rules alone can tell: identity, destination, match, scope, grant, size, rows, cost, the risk of
one step. Content, budgets, tokens in hand and what a run did before are not there to be judged.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import SplitResult, urlsplit

from msgspec.structs import replace

from aisecops.controls.policy.evaluate import covering_grant, evaluate
from aisecops.controls.policy.explain_calls import mcp_call, proposed_call, read_json
from aisecops.controls.policy.match import (
    destination_known,
    find_model,
    find_source,
    find_tool,
    mcp_match,
    measure,
    only_one_reading,
    scope_of,
    tools_of_server,
)
from aisecops.controls.policy.mistakes import nearest, shown
from aisecops.controls.policy.target import normal_path
from aisecops.model.access import AccessRequest, Phase
from aisecops.model.action import WEBSOCKET, Kind
from aisecops.model.decision import Judgment, Mode, Verdict
from aisecops.model.errors import WireError
from aisecops.model.grant import Constraints
from aisecops.model.ids import AgentId, RunId
from aisecops.model.refusals import Code
from aisecops.model.risk import to_micros
from aisecops.model.rules import AgentRule, GrantRule, RuleSet, ToolRule
from aisecops.model.scope import covers
from aisecops.model.value import Value

type Ask = Callable[[RuleSet, AccessRequest], Judgment]

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Explanation(Value):
    """The answer and its grounds. `rule` is what decided, by name; `place` where it stands.

    `token` says whether a capability token is needed. `step_micros` is the risk of this one step, E and B at 1.
    """

    verdict: Verdict
    code: Code | None = None
    detail: str = ""
    kind: Kind = Kind.UNDECLARED
    tool: str = ""
    scope: str = ""
    rule: str = ""
    place: str = ""
    mode: Mode | None = None
    token: bool = False
    effect: str = ""
    base_risk: Decimal | None = None
    trust: Decimal | None = None
    step_micros: int | None = None
    approve_micros: int | None = None
    halt_micros: int | None = None


def explain(
    rules: RuleSet, agent_id: AgentId, *, method: str, url: str, body: bytes = b"", ask: Ask | None = None
) -> Explanation:
    """What the rules say of `method url` with `body` from `agent_id`. Raises ValueError for what is no http(s) URL.

    `ask` is a policy engine that can be asked here and now, beside the grants.
    """
    split = urlsplit(url)
    if split.scheme not in _PORTS or not split.hostname or split.username is not None:
        raise ValueError("write a whole URL, such as `https://crm.internal/v1/customers/42`")
    agent = _agent(rules, agent_id)
    if isinstance(agent, Explanation):
        return agent
    try:
        return _explained(rules, agent, method, split, body, ask)
    except WireError as error:
        return _denied(error.code, error.detail, mode=agent.mode)


def explain_proposal(
    rules: RuleSet, agent_id: AgentId, called: str, arguments: Any, *, ask: Ask | None = None
) -> Explanation:
    """What the rules say when a model proposes to `agent_id` that its local tool `called` be called with `arguments`.

    A proposal of a tool that no `model_tool` names passes: what it then asks of the world is a request.
    """
    agent = _agent(rules, agent_id)
    if isinstance(agent, Explanation):
        return agent
    try:
        call = proposed_call(rules, called, arguments)
    except WireError as error:
        return _denied(error.code, error.detail, mode=agent.mode)
    found = replace(_of_tool(rules, agent, call.tool, call.scope, call.arguments), token=False)
    return _asked(rules, agent, call.tool, found, ask)


def _agent(rules: RuleSet, agent_id: AgentId) -> AgentRule | Explanation:
    agent = rules.agents.get(agent_id)
    if agent is not None:
        return agent
    near = nearest(agent_id, rules.agents)
    hint = f"; did you mean `{near}`?" if near else ""
    return _denied(Code.IDENTITY_REQUIRED, f"agent {shown(agent_id)} is not declared{hint}")


def _explained(  # noqa: PLR0911, PLR0917 - one return for each kind of request
    rules: RuleSet, agent: AgentRule, method: str, split: SplitResult, body: bytes, ask: Ask | None
) -> Explanation:
    host, port = split.hostname or "", split.port or _PORTS[split.scheme]
    if not destination_known(rules, host, port):
        what = f"no tool, model or source names {shown(f'{host}:{port}')}"
        return _denied(Code.DESTINATION_DENIED, what, mode=agent.mode)
    segments, query = normal_path((split.path or "/") + (f"?{split.query}" if split.query else ""))
    if len(body) > rules.egress.max_body_bytes:
        what = f"the body has {len(body)} bytes, `egress.max_body` is {rules.egress.max_body_bytes}"
        return _denied(Code.TOO_LARGE, what, mode=agent.mode)
    where: dict[str, Any] = {"method": method, "host": host, "port": port, "path_segments": segments}
    only_one_reading(rules, **where)
    if mcp_match(rules, **where):
        return _of_server(rules, agent, where, body, ask)
    if tool := find_tool(rules, **where):
        data = read_json(body)
        scope = scope_of(tool, method=method, host=host, path_segments=segments, query=query, body=data)
        found = _of_tool(rules, agent, tool, scope, data)
        return _asked(rules, agent, tool, found, ask, method=method, host=host, port=port)
    if model := find_model(rules, **where):
        return _allowed(agent, Kind.MODEL, f"model:{model.name}", f"models.{model.name}", str(model.place))
    if source := find_source(rules, **where):
        named = f"sources[{rules.sources.index(source)}]"
        return _allowed(agent, Kind.SOURCE, f"source:{source.match.host}", named, str(source.place))
    if method == WEBSOCKET:
        what = "a WebSocket must be asked for; name `WEBSOCKET` in the `method` of a tool's or model's match"
        return _denied(Code.PROTOCOL_DENIED, what, mode=agent.mode)
    what = f"no declared tool matches {shown(f'{method} {host}{split.path}')}"
    return _denied(Code.TOOL_UNDECLARED, what, mode=agent.mode)


def _of_server(rules: RuleSet, agent: AgentRule, where: dict[str, Any], body: bytes, ask: Ask | None) -> Explanation:
    """A message to an MCP server: the tool that it calls, or what every client of the server has to say."""
    call = mcp_call(rules, body=body, **where)
    if call is not None:
        found = _of_tool(rules, agent, call.tool, call.scope, call.arguments, name=call.name)
        asked = {name: where[name] for name in ("method", "host", "port")}
        return _asked(rules, agent, call.tool, found, ask, **asked)
    at = {name: where[name] for name in ("host", "port", "path_segments")}
    tools = tools_of_server(rules, **at)
    # of a family either may be the wider one: `tickets.*` granted `tickets.create`, or the other way round
    if any(covers(g.grant.tool, tool.name) or covers(tool.name, g.grant.tool) for g in agent.grants for tool in tools):
        return _allowed(agent, Kind.SOURCE, f"mcp:{where['host']}", f"tools.{tools[0].name}", str(tools[0].place))
    what = f"no grant is for a tool of the MCP server `{where['host']}`"
    return _denied(Code.POLICY_DENIED, what, mode=agent.mode)


def _asked(
    rules: RuleSet, agent: AgentRule, tool: ToolRule, found: Explanation, ask: Ask | None, **where: Any
) -> Explanation:
    """`found`, unless an engine that can be asked says no."""
    if ask is None or found.verdict is Verdict.DENY:
        return found
    judgment = ask(rules, _question(agent, tool, found, **where))
    if judgment.verdict is Verdict.ALLOW:
        return found
    why = judgment.reasons[0]
    return replace(found, verdict=Verdict.DENY, code=why.code, detail=why.detail, rule=judgment.control, place=why.rule)


def _question(
    agent: AgentRule, tool: ToolRule, found: Explanation, *, method: str = "", host: str = "", port: int = 0
) -> AccessRequest:
    """The step as a policy engine would be asked of it, in a run that has done nothing yet."""
    return AccessRequest(
        phase=Phase.INVOKE,
        agent_id=agent.agent_id,
        role=agent.role,
        run_id=RunId(""),
        root_run_id=RunId(""),
        tool=found.tool,
        effect=tool.effect,
        scope=found.scope,
        now_s=0,
        risk_micros=0,
        base_risk=tool.base_risk,
        trust=tool.trust,
        method=method,
        host=host,
        port=port,
    )


def _of_tool(rules: RuleSet, agent: AgentRule, tool: ToolRule, scope: str, data: Any, *, name: str = "") -> Explanation:
    name = name or tool.name
    step = to_micros(tool.base_risk * tool.trust)
    known: dict[str, Any] = {
        "kind": Kind.TOOL,
        "tool": name,
        "scope": scope,
        "mode": agent.mode,
        "token": True,
        "effect": tool.effect.value,
        "base_risk": tool.base_risk,
        "trust": tool.trust,
        "step_micros": step,
        "approve_micros": agent.risk.approve_micros,
        "halt_micros": agent.risk.halt_micros,
    }
    judgment, granted = evaluate(rules, agent.agent_id, tool=name, scope=scope, constraints=Constraints())
    rule = covering_grant(agent, tool=name, scope=scope)
    if granted is None or rule is None:
        why = judgment.reasons[0]
        return Explanation(verdict=Verdict.DENY, code=why.code, detail=why.detail, place=why.rule, **known)
    known |= {"rule": rule.name, "place": str(rule.place)}
    if too_much := _over(rule, tool, data):
        return Explanation(verdict=Verdict.DENY, code=Code.SCOPE_VIOLATION, detail=too_much, **known)
    if step > agent.risk.halt_micros:
        what = "this step alone is over `halt_above`"
        return Explanation(verdict=Verdict.DENY, code=Code.RISK_HALTED, detail=what, **known)
    if step > agent.risk.approve_micros:
        what = "this step alone is over `approve_above`"
        return Explanation(verdict=Verdict.HOLD, code=Code.HUMAN_APPROVAL_REQUIRED, detail=what, **known)
    return Explanation(verdict=Verdict.ALLOW, detail=f"granted by {rule.name}", **known)


def _over(rule: GrantRule, tool: ToolRule, data: Any) -> str:
    """What a request asks for beyond the grant's constraints; empty when it fits, or does not say."""
    limits = rule.grant.constraints
    rows = measure(tool.rows, data) if tool.rows and tool.rows.side == "request" else None
    cost = measure(tool.cost, data) if tool.cost and tool.cost.side != "response" else None
    if rows is not None and limits.max_rows is not None and rows > limits.max_rows:
        return f"asks for {rows} rows, {rule.name} allows {limits.max_rows}"
    if cost is not None and limits.max_cost_micros is not None and to_micros(cost) > limits.max_cost_micros:
        return f"costs {cost}, over the `max_cost` of {rule.name}"
    return ""


def _allowed(agent: AgentRule, kind: Kind, tool: str, rule: str, place: str) -> Explanation:
    detail = f"declared in {rule}; no token is needed"
    return Explanation(
        verdict=Verdict.ALLOW, detail=detail, kind=kind, tool=tool, rule=rule, place=place, mode=agent.mode
    )


def _denied(code: Code, detail: str, *, mode: Mode | None = None) -> Explanation:
    return Explanation(verdict=Verdict.DENY, code=code, detail=detail, mode=mode)
