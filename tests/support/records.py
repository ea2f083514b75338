"""A record in a folder of the test's own, with a key of its own; and what the gateway records of real decisions."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from nacl.signing import SigningKey

from aisecops.adapters.audit import lines
from aisecops.adapters.audit.chain import ChainLog
from aisecops.gateway.step.describe import acted, decided, returned
from aisecops.gateway.step.judge import judge
from aisecops.model.action import ActionRequest, Kind, Principal, ToolEffect
from aisecops.model.budget import Budgets, RunState, TreeState
from aisecops.model.decision import Mode, Verdict
from aisecops.model.facts import Facts, TokenFacts
from aisecops.model.grant import Claims, Grant
from aisecops.model.ids import AgentId, DecisionId, RunId, TokenId
from aisecops.model.place import Place
from aisecops.model.record import Event, EventName
from aisecops.model.risk import Thresholds
from aisecops.model.rules import AgentRule, GrantRule, RuleSet

KEY_ID = "record-test"
KEY = SigningKey(bytes(range(32)))
PUBLIC_KEYS = {KEY_ID: KEY.verify_key.encode()}


class SystemClock:
    """The machine's time: safe from any thread."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def chain(folder: Path, *, signed: bool = True, **settings: Any) -> ChainLog:
    """The record in `folder`; `signed` with the test's checkpoint key."""
    if not signed:
        return ChainLog(folder, clock=SystemClock(), **settings)
    return ChainLog(
        folder,
        clock=SystemClock(),
        sign=lambda message: KEY.sign(message).signature,
        key_id=KEY_ID,
        public_key=PUBLIC_KEYS[KEY_ID],
        **settings,
    )


def event(number: int = 0, name: EventName = EventName.TOOL_INVOKED, **fields: Any) -> Event:
    """An event of run `run_1` that carries its number."""
    return Event(
        event=name,
        run_id=RunId("run_1"),
        root_run_id=RunId("run_1"),
        agent_id=AgentId("support-bot"),
        decision_id=DecisionId(f"dec_{number}"),
        policy_version="rules-1",
        control=("AIS-OBS-01",),
        fields={"number": number, **fields},
    )


async def written(folder: Path, count: int, **settings: Any) -> None:
    """A closed record of `count` events."""
    log = chain(folder, **settings)
    for number in range(count):
        await log.append(event(number))
    await log.close()


def rows(folder: Path) -> list[dict[str, Any]]:
    """Every line of every segment, in order."""
    return [
        orjson.loads(line)
        for number in lines.segment_numbers(folder)
        for line in (folder / lines.segment_name(number)).read_bytes().splitlines()
    ]


RUN = RunId("run_1")
AGENT = AgentId("support-bot")


def rules(version: str = "rules-1", *, mode: Mode = Mode.ENFORCE, halt_micros: int = 2_000_000) -> RuleSet:
    """One agent that may read customers and write to the wiki, with tight lines."""
    place = Place(file="agents.yaml", line=3)
    grants = tuple(
        GrantRule(name=f"support-bot.grants[{at}]", grant=Grant(tool=tool, scope=scope), place=place)
        for at, (tool, scope) in enumerate((("crm.read", "crm.customers.*"), ("wiki.write", "wiki.**")))
    )
    agent = AgentRule(
        agent_id=AGENT,
        place=place,
        mode=mode,
        grants=grants,
        budgets=Budgets(max_tool_calls=10, max_cost_micros=2_000_000),
        risk=Thresholds(approve_micros=1_500_000, halt_micros=halt_micros),
    )
    return RuleSet(policy_version=version, agents={AGENT: agent})


def tree(**used: Any) -> TreeState:
    """The tree of run `run_1` alone."""
    run = RunState(run_id=RUN, agent_id=AGENT, parent=None, started_ms=1_000)
    return TreeState(root_run_id=RUN, runs={RUN: run}, **used)


def facts(now_ms: int = 2_000, *, tool: str = "crm.read", token: bool = True, **more: Any) -> Facts:
    """A step of `run_1` with a token for exactly it."""
    scope = {"crm.read": "crm.customers.42", "wiki.write": "wiki.pages.home"}.get(tool, "")
    claims = Claims(
        iss="aisecops",
        aud="aisecops",
        jti=TokenId("cap_1"),
        iat=1,
        nbf=1,
        exp=300,
        agent_id=AGENT,
        run_id=RUN,
        grant=Grant(tool=tool, scope=scope),
        risk_score=0.0,
        policy_version="rules-1",
        kid="k1",
    )
    asked: dict[str, Any] = {
        "kind": Kind.TOOL,
        "tool": tool,
        "effect": ToolEffect.WRITE if tool == "wiki.write" else ToolEffect.READ,
        "scope": scope,
        "method": "GET",
        "host": "crm.internal",
        "port": 443,
        "path_hash": "a" * 16,
        "digest": "b" * 64,
        "base_risk": Decimal("0.3"),
        "rule": "tools.yaml:12",
    }
    asked |= {key: more.pop(key) for key in list(more) if key in ActionRequest.__struct_fields__}
    return Facts(
        now_ms=now_ms,
        principal=Principal(agent_id=AGENT, run_id=RUN, root_run_id=RUN, lineage=(RUN,)),
        request=ActionRequest(**asked),
        tree=more.pop("tree", tree()),
        token=TokenFacts(claims=claims) if token else None,
        **more,
    )


def judged_events(step: Facts, decision_id: str, *, by: RuleSet | None = None) -> tuple[Event, ...]:
    """What the gateway records of `step`, judged for real: the decision, and the act when it is allowed."""
    judged = judge(by or rules(), step, DecisionId(decision_id))
    acts = acted(step, judged.decision) if judged.decision.enforced is Verdict.ALLOW else ()
    return (*decided(step, judged, Thresholds()), *acts)


def answer_event(step: Facts, decision_id: str, **fields: Any) -> Event:
    """What the gateway records when an answer came, or none."""
    return returned(step, judge(rules(), step, DecisionId(decision_id)).decision, **fields)
