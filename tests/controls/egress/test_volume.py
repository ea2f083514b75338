from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.egress.volume import judge_volume
from aisecops.model.decision import Judgment, Verdict
from aisecops.model.finding import FindingAction
from aisecops.model.place import Place
from aisecops.model.refusals import Code
from aisecops.model.rules import VolumeRule

OUT = frozenset({"any", "external"})
INSIDE = frozenset({"any", "internal"})


def rule(limit: int, action: FindingAction = FindingAction.HOLD, *, to: str = "external", tool: str = "") -> VolumeRule:
    return VolumeRule(place=Place(file="egress.yaml", line=7), to=to, max_bytes=limit, action=action, tool=tool)


def send(
    rules: list[VolumeRule], sent: dict[str, int], size: int, *, to: frozenset[str] = OUT, tool: str = "mail.send"
) -> tuple[Judgment, dict[str, int]]:
    return judge_volume(rules, sent, tool=tool, to=to, size_bytes=size)


def test_the_sum_of_a_run_is_held_against_the_line_and_a_sum_on_it_is_not_over() -> None:
    judgment, sent = send([rule(100)], {}, 60)
    assert judgment.verdict is Verdict.ALLOW
    judgment, sent = send([rule(100)], sent, 40)
    assert judgment.verdict is Verdict.ALLOW
    judgment, _ = send([rule(100)], sent, 1)
    assert (judgment.verdict, judgment.reasons[0].code) == (Verdict.HOLD, Code.HUMAN_APPROVAL_REQUIRED)
    assert judgment.reasons[0].rule == "egress.yaml:7"
    assert "101 bytes to `external`, over 100" in judgment.reasons[0].detail


def test_elsewhere_and_with_other_tools_nothing_is_counted() -> None:
    rules = [rule(10, tool="mail.send"), rule(10, to="internal")]
    assert send(rules, {}, 50, tool="crm.read")[0].verdict is Verdict.ALLOW
    assert send(rules, {}, 50, tool="crm.read")[1] == {}
    assert send(rules, {}, 50)[0].verdict is Verdict.HOLD
    assert send(rules, {}, 50, to=INSIDE, tool="x")[0].verdict is Verdict.HOLD


@given(st.permutations([rule(10, FindingAction.BLOCK), rule(10), rule(10, to="any")]))
def test_a_block_is_stricter_than_a_hold_in_any_order(rules: list[VolumeRule]) -> None:
    judgment, _ = send(rules, {}, 11)
    assert (judgment.verdict, judgment.reasons[0].code) == (Verdict.DENY, Code.EGRESS_BLOCKED)


def test_without_rules_everything_goes_and_counts_of_before_stay() -> None:
    judgment, sent = send([], {"to:external": 5}, 10**9)
    assert (judgment.verdict, sent) == (Verdict.ALLOW, {"to:external": 5})


def test_a_line_for_a_family_counts_each_tool_of_it_and_no_other() -> None:
    family = [rule(10, tool="tickets.*")]
    _, sent = send(family, {}, 8, tool="tickets.create")
    assert send(family, sent, 8, tool="tickets.close")[0].verdict is Verdict.HOLD
    assert send(family, sent, 50, tool="ticketsale.create")[0].verdict is Verdict.ALLOW
