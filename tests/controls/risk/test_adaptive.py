"""Risk that moves with what happens, within the bounds that the rules state, and no further."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.risk.adaptive import MOST_MOVES, applied, move_of, moved_by, with_move
from aisecops.model.adaptive import Move, Moved, Signal
from aisecops.model.ids import AgentId
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.rules import AdaptiveRules

RULES = AdaptiveRules(base_up_micros=100_000, base_down_micros=60_000, trust_up_micros=100_000, step_micros=50_000)
BOT = AgentId("bot")


def move(event, tool="", agent=BOT, **fields):
    return move_of(Event(event=event, agent_id=agent, fields=fields), RULES, tool=tool, now_ms=7)


def kept(*micros, at=0, trust=0):
    return [Move(agent_id=BOT, signal=Signal.REFUSED, at_ms=at, base_micros=one, trust_micros=trust) for one in micros]


@pytest.mark.parametrize(
    ("name", "fields", "signal", "by"),
    [
        (EventName.RETRIEVAL_POISONING_DETECTED, {"source": "https://x.example"}, Signal.INJECTION, (0, 50_000)),
        (EventName.MEMORY_POISONING_DETECTED, {}, Signal.INJECTION, (0, 50_000)),
        (EventName.INTEGRATION_CHANGED, {"tool": "t"}, Signal.CHANGED, (0, 50_000)),
        (
            EventName.DECISION,
            {"enforced": "deny", "code": Code.SCOPE_VIOLATION, "tool": "t"},
            Signal.REFUSED,
            (50_000, 0),
        ),
    ],
)
def test_what_happens_moves_an_agents_risk_by_a_step(name, fields, signal, by):
    found = move(name, **fields)
    assert (found.signal, found.agent_id, found.at_ms) == (signal, BOT, 7)
    assert (found.base_micros, found.trust_micros) == by
    assert found.why


def test_a_persons_no_makes_a_step_dearer_and_a_yes_cheaper():
    assert move(EventName.APPROVAL_DENIED, "mail.send", by="person:ann").base_micros == 50_000
    found = move(EventName.APPROVAL_GRANTED, "mail.send", by="person:ann")
    assert (found.tool, found.base_micros, found.why) == ("mail.send", -50_000, "person:ann approved a step")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (EventName.DECISION, {"enforced": "allow", "code": None, "tool": "t"}),
        (EventName.DECISION, {"enforced": "deny", "code": Code.BUDGET_EXCEEDED, "tool": "t"}),
        (EventName.DECISION, {"enforced": "deny", "code": Code.STORE_UNAVAILABLE, "tool": "t"}),
        (EventName.DECISION, {"enforced": "hold", "code": Code.HUMAN_APPROVAL_REQUIRED, "tool": "t"}),
        (EventName.TOOL_INVOKED, {"tool": "t"}),
        (EventName.RISK_ADJUSTED, {"tool": "t"}),
    ],
)
def test_what_says_nothing_of_an_agent_moves_nothing(name, fields):
    assert move(name, **fields) is None
    assert move(EventName.RETRIEVAL_POISONING_DETECTED, agent=None) is None


@given(st.lists(st.integers(-200_000, 200_000), max_size=20))
def test_no_moves_come_to_more_than_the_bounds(micros):
    found = moved_by(kept(*micros, trust=30_000), RULES, now_ms=0)
    assert -60_000 <= found.base_micros <= 100_000
    assert 0 <= found.trust_micros <= 100_000


def test_a_move_fades():
    moves = kept(50_000, at=0)
    assert moved_by(moves, RULES, now_ms=RULES.within_ms - 1).base_micros == 50_000
    assert moved_by(moves, RULES, now_ms=RULES.within_ms) == Moved()


def test_the_newest_moves_are_kept():
    moves = ()
    for at in range(MOST_MOVES + 5):
        moves = with_move(moves, Move(agent_id=BOT, signal=Signal.REFUSED, at_ms=at))
    assert (len(moves), moves[0].at_ms, moves[-1].at_ms) == (MOST_MOVES, 5, MOST_MOVES + 4)


def test_factors_stay_in_their_ranges_and_nothing_stays_nothing():
    up = Moved(base_micros=100_000, trust_micros=100_000)
    assert applied(Decimal("0.4"), Decimal(1), up, RULES) == (Decimal("0.5"), Decimal("1.1"))
    assert applied(Decimal(1), Decimal(2), up, RULES) == (Decimal(1), Decimal(2))
    assert applied(Decimal("0.01"), Decimal(1), Moved(base_micros=-60_000), RULES)[0] == 0
    assert applied(Decimal(0), Decimal(1), up, RULES) == (Decimal(0), Decimal(1))


def test_rules_that_move_nothing_or_less_bind_what_was_moved_before():
    moved = Moved(base_micros=100_000, trust_micros=100_000)
    assert applied(Decimal("0.4"), Decimal(1), moved, None) == (Decimal("0.4"), Decimal(1))
    tighter = AdaptiveRules(base_up_micros=20_000, trust_up_micros=0)
    assert applied(Decimal("0.4"), Decimal(1), moved, tighter) == (Decimal("0.42"), Decimal(1))


def test_a_persons_no_counts_once_and_not_again_with_the_decision_that_it_makes():
    no = {"control": "approval", "verdict": "deny"}
    refused = {"enforced": "deny", "code": Code.POLICY_DENIED, "tool": "t"}
    assert move(EventName.DECISION, **refused, decision={"judgments": [no]}) is None
    assert move(EventName.DECISION, **refused, decision={"judgments": [no | {"control": "policy"}]}) is not None
