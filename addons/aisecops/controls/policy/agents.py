"""The `agents` section, key by key: how an agent is known, what it may be granted, what bounds it."""

from __future__ import annotations

from typing import Any

import msgspec

from aisecops.controls.policy import leaves as leaf
from aisecops.controls.policy.shapes import Key, ListOf, Record
from aisecops.model.budget import Budgets
from aisecops.model.grant import Constraints, Grant
from aisecops.model.ids import AgentId
from aisecops.model.place import Place
from aisecops.model.risk import Thresholds
from aisecops.model.rules import (
    AgentRule,
    CertificateAuthentication,
    GrantRule,
    SecretAuthentication,
    SourceAuthentication,
)


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
        "client_cert": Key(
            Record("`client_cert`", lambda san: san, {"san": Key(leaf.CERTIFICATE_NAME, needed=True)}),
            about="a subject alternative name of the certificate it shows to the proxy (`proxy.client_ca`)",
        ),
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
        "max_rows": Key(leaf.COUNT, about="rows that the run and all below it ask for and get, by the tools' `rows`"),
        "max_recipients": Key(leaf.RECIPIENT_COUNT, about="different ones, by the tools' `recipients`; at most 1000"),
        "max_egress_bytes": Key(leaf.SIZE, about="what leaves for tools and sources, as it is sent"),
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
