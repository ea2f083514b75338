"""What a run sends is held against what it was given to do, and nobody can buy room cheaply."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aisecops.controls.egress.proportion import (
    LEAST_RUNS,
    RUNS_KEPT,
    judge_proportion,
    usual_of,
    with_answer,
    with_run,
)
from aisecops.model.action import ActionRequest, Kind, ToolEffect
from aisecops.model.budget import TreeState
from aisecops.model.decision import Verdict
from aisecops.model.finding import FindingAction
from aisecops.model.ids import RunId
from aisecops.model.place import Place
from aisecops.model.proportion import ProportionRule, RowsInProportion, SentByRun, Usual, UsuallySent
from aisecops.model.provenance import TrustTier
from aisecops.model.refusals import Code
from aisecops.model.rules import EgressRules

OUT = frozenset({"any", "external"})
KIB = 1024
ASKED = ActionRequest(
    kind=Kind.TOOL, tool="files.put", effect=ToolEffect.WRITE, scope="files", method="POST", host="files.example",
    port=443, path_hash="", digest="",
)  # fmt: skip
READ = replace(ASKED, tool="crm.read", returns_tier=TrustTier.INTERNAL)
EMPTY = TreeState(root_run_id=RunId("run_1"), runs={})


def rule(**fields: Any) -> ProportionRule:
    line = {"place": Place(file="egress.yaml", line=7), "to": "external", "action": FindingAction.HOLD}
    return ProportionRule(**line | fields)


def send(
    size: int,
    tree: TreeState = EMPTY,
    *rules: ProportionRule,
    usual: Usual | None = None,
    approved: bool = False,
    labels: Any = None,
    request: ActionRequest = ASKED,
    to: frozenset[str] = OUT,
    rows: int | None = None,
):
    egress = EgressRules(proportion=rules or (rule(),), labels=labels or {})
    asked = replace(request, size_bytes=size, rows=rows)
    found = judge_proportion(egress, tree, asked, to=to, usual=usual, approved=approved)
    return found, replace(tree, sent=found.sent)


def verdict(*sent: Any, **more: Any) -> Verdict:
    return send(*sent, **more)[0].judgment.verdict


def test_forty_kib_after_a_question_of_one_line_are_held_and_the_finding_says_by_what_measure():
    told = replace(EMPTY, told=58)
    found, _ = send(40 * KIB, told)
    reason = found.judgment.reasons[0]
    assert (found.judgment.verdict, reason.code) == (Verdict.HOLD, Code.HUMAN_APPROVAL_REQUIRED)
    assert reason.rule == "egress.yaml:7"
    for said in (
        "40960 bytes to `external` with `files.put`",
        "its task explains 4096",
        "its user said 58, times 20",
        "what it read that may go there is 0",
        "of fewer than 5 other runs nobody can say what is usual",
    ):
        assert said in reason.detail


@pytest.mark.parametrize(
    "tree",
    [
        replace(EMPTY, told=2 * KIB),
        replace(EMPTY, read={"bytes:": 40 * KIB}),
    ],
    ids=["told", "read"],
)
def test_the_same_is_in_proportion_once_the_task_explains_it(tree):
    assert verdict(40 * KIB, tree) is Verdict.ALLOW
    assert verdict(41 * KIB, tree) is Verdict.HOLD


def test_what_is_free_is_free_for_the_whole_run_and_not_for_each_slice():
    tree, verdicts = EMPTY, []
    for _ in range(5):
        found, tree = send(KIB, tree)
        verdicts.append(found.judgment.verdict)
    assert verdicts == [Verdict.ALLOW] * 4 + [Verdict.HOLD]


def test_slices_with_several_tools_are_one_sum():
    _, tree = send(3 * KIB)
    assert verdict(3 * KIB, tree, request=replace(ASKED, tool="mail.send")) is Verdict.HOLD


def test_what_strangers_wrote_explains_nothing_however_much_of_it_is_read():
    stranger = replace(READ, returns_tier=TrustTier.EXTERNAL)
    junk = with_answer({}, stranger, size_bytes=10**9, rows=10**6)
    assert junk == {}
    assert verdict(5 * KIB, replace(EMPTY, read=junk)) is Verdict.HOLD


def test_nothing_that_is_read_or_told_explains_more_than_the_most():
    rich = replace(EMPTY, told=10**9, read={"bytes:": 10**9})
    assert verdict(256 * KIB, rich) is Verdict.ALLOW
    assert verdict(256 * KIB + 1, rich) is Verdict.HOLD


def test_what_may_not_go_somewhere_explains_nothing_there():
    read = with_answer({}, replace(READ, label="confidential"), size_bytes=40 * KIB, rows=None)
    tree = replace(EMPTY, read=read)
    assert verdict(40 * KIB, tree, labels={"confidential": ("internal",)}) is Verdict.HOLD
    assert verdict(40 * KIB, tree, labels={"confidential": ("external",)}) is Verdict.ALLOW
    assert verdict(40 * KIB, tree) is Verdict.ALLOW


def test_what_is_usual_with_a_tool_is_left_out_and_no_other_tool_gets_it():
    usual = Usual(size_bytes=10 * KIB, rows=0, runs=12)
    found, tree = send(30 * KIB, usual=usual)
    assert (found.judgment.verdict, found.sent["beyond:external:"]) == (Verdict.ALLOW, 0)
    found, tree = send(4 * KIB, tree, usual=usual)
    assert found.judgment.verdict is Verdict.ALLOW
    found, _ = send(1, tree, usual=usual)
    assert "left out is what 12 other runs usually send with it, 10240, times 3" in found.judgment.reasons[0].detail
    assert verdict(1, tree, request=replace(ASKED, tool="mail.send")) is Verdict.HOLD


def test_what_a_person_has_approved_needs_no_explanation_later():
    found, tree = send(40 * KIB, approved=True)
    assert found.judgment.verdict is Verdict.HOLD  # waived where judgments are combined
    assert verdict(KIB, tree) is Verdict.ALLOW
    assert verdict(5 * KIB, tree) is Verdict.HOLD


def test_it_may_weigh_more_instead_or_be_blocked():
    found, _ = send(5 * KIB, EMPTY, rule(action=None, escalation=Decimal("1.5")))
    assert (found.judgment.verdict, found.escalation) == (Verdict.ALLOW, Decimal("1.5"))
    assert "of which its task explains" in found.why
    found, _ = send(5 * KIB, EMPTY, rule(), rule(action=FindingAction.BLOCK, to="any"))
    assert (found.judgment.verdict, found.judgment.reasons[0].code) == (Verdict.DENY, Code.EGRESS_BLOCKED)
    assert send(KIB, EMPTY, rule(action=None, escalation=Decimal(2)))[0].escalation == 1


def test_rows_are_held_against_rows():
    lines = rule(rows=RowsInProportion(), free_bytes=10**6, most_bytes=10**6)
    assert verdict(10, EMPTY, lines, rows=20) is Verdict.ALLOW
    found, _ = send(10, EMPTY, lines, rows=21)
    assert "21 rows" in found.judgment.reasons[0].detail
    read = with_answer({}, READ, size_bytes=1, rows=150)
    assert verdict(10, replace(EMPTY, read=read), lines, rows=150) is Verdict.ALLOW
    assert verdict(10, replace(EMPTY, read={"rows:": 10**6}), lines, rows=201) is Verdict.HOLD


def test_a_rule_that_names_the_tool_takes_the_place_of_those_that_name_none():
    backup = rule(tool="files.put", free_bytes=10**6, most_bytes=10**6)
    assert verdict(500 * KIB, EMPTY, rule(), backup) is Verdict.ALLOW
    assert verdict(500 * KIB, EMPTY, rule(), backup, request=replace(ASKED, tool="mail.send")) is Verdict.HOLD


def test_a_rule_for_a_family_is_for_each_tool_of_it():
    family = rule(tool="tickets.*", free_bytes=8 * KIB)
    _, tree = send(6 * KIB, EMPTY, rule(), family, request=replace(ASKED, tool="tickets.create"))
    assert verdict(6 * KIB, tree, rule(), family, request=replace(ASKED, tool="tickets.close")) is Verdict.HOLD
    assert verdict(6 * KIB, EMPTY, rule(), family, request=replace(ASKED, tool="mail.send")) is Verdict.HOLD


def test_prompts_are_looked_at_each_by_itself_and_only_where_a_rule_says_model():
    model, place = replace(ASKED, kind=Kind.MODEL, tool="model:openai"), frozenset({"any", "model", "external"})
    assert verdict(10**7, EMPTY, rule(), rule(to="any"), request=model, to=place) is Verdict.ALLOW
    own = rule(to="model")
    found, tree = send(3 * KIB, EMPTY, own, request=model, to=place)
    assert (found.judgment.verdict, tree.sent) == (Verdict.ALLOW, {})
    assert verdict(3 * KIB, tree, own, request=model, to=place) is Verdict.ALLOW
    assert verdict(5 * KIB, tree, own, request=model, to=place) is Verdict.HOLD


def test_a_local_call_sends_nothing():
    assert verdict(10**7, EMPTY, request=replace(ASKED, kind=Kind.LOCAL)) is Verdict.ALLOW


# what is usual


def sent_by(*sizes: int) -> UsuallySent:
    return UsuallySent(runs=tuple(SentByRun(root_run_id=f"run_{n}", size_bytes=size) for n, size in enumerate(sizes)))


def test_a_few_runs_say_nothing_and_a_run_says_nothing_of_itself():
    kept = sent_by(*[100] * LEAST_RUNS)
    assert usual_of(kept, but="run_0") is None
    assert usual_of(kept, but="run_x") == Usual(size_bytes=100, rows=0, runs=LEAST_RUNS)


def test_one_run_is_one_however_often_it_sends():
    kept = UsuallySent()
    for size in (100, 200, 10_000, 50):
        kept = with_run(kept, "run_0", "files.put", {"with:files.put": size})
    assert kept.runs == (SentByRun(root_run_id="run_0", size_bytes=10_000),)


@given(st.integers(0, RUNS_KEPT // 2 - 1))
def test_less_than_half_of_the_runs_cannot_move_what_is_usual(bent: int):
    kept = sent_by(*[100] * (RUNS_KEPT - bent))
    for n in range(bent):
        kept = with_run(kept, f"bent_{n}", "files.put", {"with:files.put": 10**9})
    usual = usual_of(kept, but="")
    assert usual is not None
    assert usual.size_bytes == 100


def test_only_the_newest_runs_are_kept_and_those_that_sent_nothing_say_nothing():
    kept = UsuallySent()
    for n in range(RUNS_KEPT + 3):
        kept = with_run(kept, f"run_{n}", "files.put", {"with:files.put": 10})
    assert [kept.runs[0].root_run_id, len(kept.runs)] == ["run_3", RUNS_KEPT]
    assert with_run(kept, "run_new", "files.put", {"to:external": 10}) == kept
