from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.dlp.allowances import Sent
from aisecops.controls.dlp.judge import entities_for, judge_findings, may_replace
from aisecops.model.decision import Verdict, strictest
from aisecops.model.entities import GROUPS
from aisecops.model.finding import Finding, FindingAction, JudgedFinding
from aisecops.model.ids import AgentId
from aisecops.model.place import Place
from aisecops.model.provenance import Span
from aisecops.model.refusals import Code
from aisecops.model.rules import DetectorRule, EgressRules
from support.samples import Random

MODEL, EXTERNAL = frozenset({"any", "model"}), frozenset({"any", "external"})

SENT = Sent(agent_id=AgentId("clerk"), now_ms=0)


def rule(entity: str, to: str, action: FindingAction, line: int = 1) -> DetectorRule:
    return DetectorRule(place=Place(file="egress.yaml", line=line), entities=(entity,), to=to, action=action)


RULES = EgressRules(
    detectors=(
        rule("CREDIT_CARD", "external", FindingAction.BLOCK, 3),
        rule("SECRET", "any", FindingAction.BLOCK, 4),
        rule("EMAIL_ADDRESS", "model", FindingAction.MASK, 5),
        rule("PHONE_NUMBER", "any", FindingAction.HOLD, 6),
        rule("IP_ADDRESS", "any", FindingAction.COUNT, 7),
    ),
    labels={"confidential": ("internal", "model")},
)


def finding(entity: str, where: str = "body:/a") -> Finding:
    return Finding(entity=entity, where=where, span=Span(start=0, end=4), confidence=1.0, fingerprint="00")


@pytest.mark.parametrize(
    ("entity", "to", "verdict", "action", "place"),
    [
        ("CREDIT_CARD", EXTERNAL, Verdict.DENY, FindingAction.BLOCK, "egress.yaml:3"),
        ("CREDIT_CARD", MODEL, Verdict.ALLOW, FindingAction.COUNT, ""),
        ("VCS_TOKEN", MODEL, Verdict.DENY, FindingAction.BLOCK, "egress.yaml:4"),
        ("EMAIL_ADDRESS", MODEL, Verdict.ALLOW, FindingAction.MASK, "egress.yaml:5"),
        ("PHONE_NUMBER", MODEL, Verdict.HOLD, FindingAction.HOLD, "egress.yaml:6"),
        ("IP_ADDRESS", EXTERNAL, Verdict.ALLOW, FindingAction.COUNT, "egress.yaml:7"),
    ],
)
def test_a_finding_is_judged_by_the_rule_for_its_kind_and_destination(
    entity: str, to: frozenset[str], verdict: Verdict, action: FindingAction, place: str
) -> None:
    judgment, (judged,) = judge_findings(RULES, [finding(entity)], to=to, sent=SENT)
    assert (judgment.verdict, judged.action, judged.rule) == (verdict, action, place)


def test_a_block_says_what_where_by_which_rule_and_what_to_do() -> None:
    judgment, _ = judge_findings(RULES, [finding("CREDIT_CARD")], to=EXTERNAL, sent=SENT)
    (reason,) = judgment.reasons
    assert (reason.code, reason.rule) == (Code.EGRESS_BLOCKED, "egress.yaml:3")
    assert reason.detail == "`CREDIT_CARD` in `body:/a` (fingerprint 00) must not leave; remove it and send again"


def test_a_hold_asks_for_a_person() -> None:
    judgment, _ = judge_findings(RULES, [finding("PHONE_NUMBER")], to=EXTERNAL, sent=SENT)
    assert [reason.code for reason in judgment.reasons] == [Code.HUMAN_APPROVAL_REQUIRED]


def test_a_block_speaks_before_a_hold() -> None:
    judgment, _ = judge_findings(RULES, [finding("PHONE_NUMBER"), finding("JWT")], to=EXTERNAL, sent=SENT)
    assert judgment.verdict is Verdict.DENY
    assert [reason.code for reason in judgment.reasons] == [Code.EGRESS_BLOCKED, Code.HUMAN_APPROVAL_REQUIRED]


def test_no_finding_is_allowed() -> None:
    judgment, judged = judge_findings(RULES, [], to=EXTERNAL, sent=SENT)
    assert (judgment.verdict, judgment.reasons, judged) == (Verdict.ALLOW, (), ())


@pytest.mark.parametrize("where", ["header:x-note", "path:/a"])
def test_what_cannot_be_masked_is_blocked(where: str) -> None:
    judgment, (judged,) = judge_findings(RULES, [finding("EMAIL_ADDRESS", where)], to=MODEL, sent=SENT)
    assert (judgment.verdict, judged.action) == (Verdict.DENY, FindingAction.BLOCK)


def test_what_stands_in_a_query_can_be_masked() -> None:
    judgment, (judged,) = judge_findings(RULES, [finding("EMAIL_ADDRESS", "query:q")], to=MODEL, sent=SENT)
    assert (judgment.verdict, judged.action) == (Verdict.ALLOW, FindingAction.MASK)


def test_a_canary_is_blocked_everywhere_unless_a_rule_speaks_of_it_there() -> None:
    counted = EgressRules(detectors=(rule("CANARY", "internal", FindingAction.COUNT),), canaries=("env:C",))
    for to, verdict in ((EXTERNAL, Verdict.DENY), (frozenset({"any", "internal"}), Verdict.ALLOW)):
        assert judge_findings(counted, [finding("CANARY")], to=to, sent=SENT)[0].verdict is verdict


@given(st.permutations(list(FindingAction)))
def test_of_several_rules_the_strictest_wins_in_any_order(actions: list[FindingAction]) -> None:
    rules = EgressRules(detectors=tuple(rule("JWT", "any", action, n) for n, action in enumerate(actions)))
    _, (judged,) = judge_findings(rules, [finding("JWT")], to=MODEL, sent=SENT)
    assert judged.action is FindingAction.BLOCK
    assert judged.rule == f"egress.yaml:{actions.index(FindingAction.BLOCK)}"


@given(st.lists(st.sampled_from(["CREDIT_CARD", "JWT", "EMAIL_ADDRESS", "PHONE_NUMBER", "IP_ADDRESS"]), max_size=6))
def test_more_findings_never_make_the_verdict_milder(entities: list[str]) -> None:
    alone = [judge_findings(RULES, [finding(entity)], to=MODEL, sent=SENT)[0].verdict for entity in entities]
    together, _ = judge_findings(RULES, map(finding, entities), to=MODEL, sent=SENT)
    assert together.verdict is strictest([Verdict.ALLOW, *alone])


def test_a_thousand_findings_give_a_short_answer() -> None:
    many = [finding("JWT", f"body:/{Random(n).random()}") for n in range(1000)]
    judgment, judged = judge_findings(RULES, many, to=MODEL, sent=SENT)
    assert len(judgment.reasons) == 20
    assert len(judged) == 1000


def test_what_is_looked_for_is_what_a_rule_for_the_destination_names() -> None:
    assert entities_for(RULES, MODEL) == GROUPS["SECRET"] | {"EMAIL_ADDRESS", "PHONE_NUMBER", "IP_ADDRESS"}
    assert entities_for(EgressRules(), MODEL) == frozenset()


def test_canaries_are_looked_for_without_a_rule() -> None:
    assert entities_for(EgressRules(canaries=("env:C",)), MODEL) == {"CANARY"}
    assert entities_for(EgressRules(known=("env:K",)), MODEL) == {"KNOWN_SECRET"}


@pytest.mark.parametrize(
    ("asked", "done", "replaces"),
    [
        (FindingAction.MASK, None, False),
        (FindingAction.BLOCK, FindingAction.COUNT, False),
        (FindingAction.MASK, FindingAction.MASK, True),
        (FindingAction.PSEUDONYMISE, None, True),
    ],
)
def test_something_may_be_replaced_where_it_is_found_or_came_back_before(asked, done, replaces) -> None:
    found = [JudgedFinding(finding=finding("CREDIT_CARD"), action=done)] if done else []
    assert may_replace(EgressRules(detectors=(rule("CREDIT_CARD", "model", asked),)), found) is replaces
