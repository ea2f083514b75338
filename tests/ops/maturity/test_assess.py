"""Each criterion is lost by what breaks it, and by nothing said in its favour."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from aisecops.ops.maturity.assess import LEVELS, assessed, shown
from aisecops.ops.maturity.criteria import CHAIN, CONTROLS, CRITERIA, SPEC_SUITES
from aisecops.ops.maturity.evidence import Gathered, Kept, SuiteFigures
from aisecops.ops.maturity.mapping import mapping
from aisecops.ops.maturity.standing import BROKEN, UNCHECKED, WHOLE, Standing

AT, RULES = "2026-11-27T12:00:00Z", "sha256:now"
GREEN = SuiteFigures(attacks=20, contained=20, alarms=0, at=AT, policy_version=RULES)
COUNTS = (
    {"decision": 10, "decided_enforcing": 10, "decided_with_lines": 10}
    | {"tool_decisions": 6, "tool_decisions_scored": 6, "tools_allowed": 5, "tools_allowed_with_token": 5}
    | {"tool_invoked": 5, "invoked_named": 5, "answers": 5, "answers_labelled": 5}
    | {"llm_called": 4, "llm_labelled": 4, "token_issued": 5, "tokens_short": 5}
    | {"risk_adjusted": 1, "rules_suggested": 1, "rules_reloaded": 1}
)
GATHERED = Gathered(
    counts=COUNTS,
    suites=dict.fromkeys((*SPEC_SUITES, CHAIN), GREEN),
    evaluation_days=tuple(f"2026-11-{day}" for day in range(20, 26)),
    looked_by={"approval_granted": 2},
    kept=(Kept(at=AT, level=3, coverage=1.0, policy_version=RULES),),
    declared_at=AT,
    declared_policy=RULES,
    reviewed_by="Ada",
    reviewed_at=AT,
    gate_ok=True,
    gate_at=AT,
    gate_policy=RULES,
)
BEST = Standing(
    at=AT,
    policy_version=RULES,
    agents=("clerk",),
    observed=(),
    ungranted=(),
    unbounded=(),
    tools=("crm.read",),
    grants=1,
    reads_unread=False,
    block_at=0.9,
    runs_known=3,
    runs_recorded=3,
    integrations=2,
    overdue=(),
    changed=(),
    unreviewed=(),
    record=WHOLE,
    record_detail="",
    gathered=GATHERED,
)


def counted(**counts):
    return replace(BEST, gathered=replace(GATHERED, counts=COUNTS | counts))


def tried(**figures):
    suites = {**GATHERED.suites, **{name.replace("_", "-"): one for name, one in figures.items()}}
    return replace(BEST, gathered=replace(GATHERED, suites=suites))


def without(*names):
    left = {name: one for name, one in GATHERED.suites.items() if name not in names}
    return replace(BEST, gathered=replace(GATHERED, suites=left))


def test_where_everything_is_shown_it_is_level_4_with_no_gap():
    now = assessed(BEST)

    assert (now.level, now.coverage, now.missing, now.gaps) == (4, 1.0, (), ())


@pytest.mark.parametrize(
    ("standing", "name", "level"),
    [
        (replace(BEST, agents=()), "prompts", 0),
        (replace(BEST, ungranted=("clerk",)), "prompts", 0),
        (replace(BEST, gathered=replace(GATHERED, looked_by={})), "people", 0),
        (without("injection"), "injection", 0),
        (replace(BEST, tools=()), "allowlist", 1),
        (counted(tool_invoked=0, invoked_named=0), "logs", 1),
        (counted(invoked_named=4), "logs", 1),
        (without("tool-abuse", "exfiltration", "budget-overflow"), "regression", 1),
        (counted(tool_decisions_scored=0), "step-risk", 1),
        (replace(BEST, observed=("clerk",)), "gateway", 2),
        (counted(tools_allowed_with_token=4), "gateway", 2),
        (counted(tools_allowed=0, tools_allowed_with_token=0), "gateway", 2),
        (replace(BEST, reads_unread=True), "context-firewall", 2),
        (replace(BEST, block_at=1.5), "context-firewall", 2),
        (counted(answers_labelled=4), "context-firewall", 2),
        (counted(llm_called=0, llm_labelled=0), "context-firewall", 2),
        (replace(BEST, runs_recorded=2), "telemetry", 2),
        (replace(BEST, record=BROKEN), "telemetry", 2),
        (replace(BEST, record=UNCHECKED), "telemetry", 2),
        (counted(runs_without_beginning=1), "telemetry", 2),
        (counted(decided_with_lines=9), "chain-risk", 2),
        (tried(chain_escalation=replace(GREEN, contained=19)), "chain-risk", 2),
        (tried(exfiltration=replace(GREEN, contained=19)), "evaluation", 2),
        (tried(exfiltration=replace(GREEN, alarms=1)), "evaluation", 2),
        (tried(exfiltration=replace(GREEN, policy_version="sha256:old")), "evaluation", 2),
        (without("memory-poisoning"), "evaluation", 2),
        (replace(BEST, unbounded=("clerk: max_cost",)), "evaluation", 2),
        (replace(BEST, gathered=replace(GATHERED, kept=())), "documented", 2),
        (replace(BEST, policy_version="sha256:new"), "documented", 2),
        (replace(BEST, overdue=("tool:crm.read",)), "inventory", 2),
        (replace(BEST, changed=("mcp-tool:x",)), "inventory", 2),
        (replace(BEST, unreviewed=("tool:crm.read",)), "inventory", 2),
        (counted(risk_adjusted=0), "dynamic-risk", 3),
        (counted(rules_suggested=0), "refinement", 3),
        (replace(BEST, gathered=replace(GATHERED, evaluation_days=("2026-11-20",))), "continuous", 3),
        (replace(BEST, gathered=replace(GATHERED, declared_at="")), "declaration", 3),
        (replace(BEST, gathered=replace(GATHERED, reviewed_by="")), "review", 3),
    ],
)
def test_what_is_not_shown_is_not_met_and_says_how_to_mend_it(standing, name, level):
    now = assessed(standing)

    (criterion,) = (one for one in now.criteria if one.name == name)
    assert not criterion.met
    assert criterion.evidence
    assert criterion.mend
    assert now.level == level
    assert name in [one.name for one in now.missing]


def test_with_nothing_at_all_it_is_level_0_and_no_control_is_in_force():
    nothing = replace(BEST, agents=(), tools=(), record=UNCHECKED, runs_known=0, runs_recorded=0, gathered=Gathered())

    now = assessed(nothing)

    assert (now.level, now.coverage) == (0, 0.0)
    assert len(now.gaps) > len(mapping())
    steps = [todo.step for todo in now.next]
    assert list(dict.fromkeys(steps)) == ["rules", "work", "people", "evaluate", "gate", "keep"]
    assert [todo.mend for todo in now.next if todo.step == "evaluate"] == ["`aisecops eval`"]


@pytest.mark.parametrize(
    ("standing", "control"),
    [
        (counted(llm_labelled=3), "AIS-CTX-01"),
        (counted(answers_labelled=3), "AIS-CTX-02"),
        (counted(tools_allowed_with_token=3), "AIS-CAP-01"),
        (counted(tokens_short=4), "AIS-CAP-02"),
        (replace(BEST, observed=("clerk",)), "AIS-EXE-01"),
        (replace(BEST, record=BROKEN), "AIS-OBS-01"),
        (counted(decided_with_lines=9), "AIS-RSK-01"),
        (without("injection"), "AIS-GOV-01"),
    ],
)
def test_each_control_is_lost_by_what_breaks_it(standing, control):
    now = assessed(standing)

    lost = {one.control for one in now.controls if not one.in_force}
    assert control in lost
    assert now.coverage == 1 - len(lost) / 8


def test_every_mandatory_control_is_mapped_to_every_list_and_shown_by_something():
    assert list(mapping()) == list(CONTROLS)
    for mapped in mapping().values():
        assert all(one.split()[0] in {"GOVERN", "MAP", "MEASURE", "MANAGE"} for one in mapped.nist_ai_rmf)
        assert set(mapped.owasp_llm_2025) <= {f"LLM{number:02}" for number in range(1, 11)}
        assert set(mapped.owasp_agentic) <= {f"T{number}" for number in range(1, 16)}
        assert mapped.nist_ai_rmf
        assert mapped.owasp_llm_2025
        assert mapped.owasp_agentic


def test_every_entry_of_the_other_lists_is_answered_by_some_control():
    assert {one for mapped in mapping().values() for one in mapped.owasp_llm_2025} == {
        f"LLM{number:02}" for number in range(1, 11)
    }
    assert {one for mapped in mapping().values() for one in mapped.owasp_agentic} == {
        f"T{number}" for number in range(1, 16)
    }


def test_every_level_above_0_has_criteria_and_programs_are_told_them_all():
    assert {level for level, *_ in CRITERIA} == LEVELS.keys() - {0}
    assert len(shown(assessed(BEST))["criteria"]) == len(CRITERIA)
