from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from aisecops.controls.dlp.allowances import Sent, allowance_for
from aisecops.controls.dlp.judge import judge_findings
from aisecops.model.decision import Verdict
from aisecops.model.entities import CANARY
from aisecops.model.envelope import Carried, Descent, LabelledSegment
from aisecops.model.finding import Finding, FindingAction
from aisecops.model.ids import AgentId
from aisecops.model.place import Place
from aisecops.model.provenance import Span, TrustTier
from aisecops.model.rules import Allowance, DetectorRule, EgressRules

TO = frozenset({"any", "model", "external"})
PLACE = Place(file="egress.yaml", line=9)
LAST_DAY = int(datetime(2027, 1, 31, 23, 59, tzinfo=UTC).timestamp() * 1000)
SENT = Sent(agent_id=AgentId("clerk"), now_ms=LAST_DAY)
FOUND = Finding(
    entity="PHONE_NUMBER", where="body:/note", span=Span(start=0, end=4), confidence=1.0, fingerprint="ab" * 8
)
ALLOWED = Allowance(place=PLACE, until=date(2027, 1, 31), reason="order numbers", fingerprint="ab" * 8)
BLOCKED = DetectorRule(place=Place(file="e", line=1), entities=("PHONE_NUMBER",), to="any", action=FindingAction.BLOCK)


def covers(*, finding=FOUND, sent=SENT, **said) -> bool:
    return allowance_for([replace(ALLOWED, **said)], finding, TO, sent) is not None


def test_every_word_of_an_allowance_must_be_true() -> None:
    assert covers()
    assert covers(entities=("PHONE_NUMBER",), agent="clerk", field="/note", to="model")
    assert not covers(fingerprint="cd" * 8)
    assert not covers(entities=("US_SSN",))
    assert not covers(agent="rival")
    assert not covers(field="/other")
    assert not covers(to="internal")


def test_it_counts_to_the_end_of_its_last_day_and_no_longer() -> None:
    assert covers()
    assert not covers(sent=replace(SENT, now_ms=LAST_DAY + 60_000))


def test_what_is_allowed_passes_and_says_by_which_rule() -> None:
    rules = EgressRules(detectors=(BLOCKED,), allow=(ALLOWED,))
    judgment, (judged,) = judge_findings(rules, [FOUND], to=TO, sent=SENT)
    assert judgment.verdict is Verdict.ALLOW
    assert (judged.action, judged.rule, judged.allowed_by) == (FindingAction.COUNT, "e:1", "egress.yaml:9")
    assert judged.done == "allow"


def test_what_is_only_counted_needs_no_allowance_and_names_none() -> None:
    counted = replace(BLOCKED, action=FindingAction.COUNT)
    _, (judged,) = judge_findings(EgressRules(detectors=(counted,), allow=(ALLOWED,)), [FOUND], to=TO, sent=SENT)
    assert (judged.done, judged.allowed_by) == ("count", "")


def test_one_finding_is_allowed_and_another_is_still_stopped() -> None:
    rules = EgressRules(detectors=(BLOCKED,), allow=(ALLOWED,))
    other = replace(FOUND, fingerprint="cd" * 8)
    judgment, judged = judge_findings(rules, [FOUND, other], to=TO, sent=SENT)
    assert judgment.verdict is Verdict.DENY
    assert [one.done for one in judged] == ["allow", "block"]


@pytest.mark.parametrize(
    ("action", "finding", "one_way", "done"),
    [
        (FindingAction.MASK, FOUND, False, "mask"),
        (FindingAction.PSEUDONYMISE, FOUND, False, "pseudonymise"),
        (FindingAction.PSEUDONYMISE, replace(FOUND, fixed=True), False, "block"),
        (FindingAction.PSEUDONYMISE, replace(FOUND, where="path:1"), False, "pseudonymise"),
        (FindingAction.PSEUDONYMISE, replace(FOUND, where="path:1", fixed=True), False, "block"),
        (FindingAction.PSEUDONYMISE, replace(FOUND, where="path:1"), True, "block"),
        (FindingAction.PSEUDONYMISE, replace(FOUND, where="path:1", detector="base64/phone"), False, "block"),
        (FindingAction.MASK, replace(FOUND, where="path:1"), False, "block"),
        (FindingAction.PSEUDONYMISE, replace(FOUND, where="header:x-note"), False, "block"),
        (FindingAction.PSEUDONYMISE, replace(FOUND, where="query:q"), False, "pseudonymise"),
        (FindingAction.MASK, replace(FOUND, where="query:q", fixed=True), False, "block"),
        (FindingAction.PSEUDONYMISE, replace(FOUND, detector="base64/phone"), False, "mask"),
        (FindingAction.PSEUDONYMISE, FOUND, True, "mask"),
        (FindingAction.MASK, replace(FOUND, fixed=True), False, "block"),
        (FindingAction.COUNT, replace(FOUND, fixed=True), False, "count"),
    ],
)
def test_what_cannot_be_done_where_it_stands_is_done_more_strictly(
    action: FindingAction, finding: Finding, one_way: bool, done: str
) -> None:
    rules = EgressRules(detectors=(replace(BLOCKED, action=action),))
    _, (judged,) = judge_findings(rules, [finding], to=TO, sent=replace(SENT, one_way=one_way))
    assert judged.done == done


def test_a_rule_for_a_tier_counts_in_text_of_that_tier_alone() -> None:
    segment = LabelledSegment(
        position="/note", role="user", kind="text", tier=TrustTier.EXTERNAL, stretches=(), wrapped=False
    )
    rules = EgressRules(detectors=(replace(BLOCKED, tier=TrustTier.EXTERNAL),))
    inside = replace(SENT, descent=Descent(segments=(segment,)))
    assert judge_findings(rules, [FOUND], to=TO, sent=inside)[0].verdict is Verdict.DENY
    assert judge_findings(rules, [replace(FOUND, where="body:/x")], to=TO, sent=inside)[0].verdict is Verdict.ALLOW
    assert judge_findings(rules, [FOUND], to=TO, sent=SENT)[0].verdict is Verdict.ALLOW


def test_a_rule_for_a_label_counts_while_such_content_is_sent() -> None:
    carried = Carried(where="body:/other", label="confidential", origin_id="prv_1", origin="https://crm.internal")
    rules = EgressRules(detectors=(replace(BLOCKED, label="confidential"),))
    with_it = replace(SENT, descent=Descent(carried=(carried,)))
    assert judge_findings(rules, [FOUND], to=TO, sent=with_it)[0].verdict is Verdict.DENY
    assert judge_findings(rules, [FOUND], to=TO, sent=SENT)[0].verdict is Verdict.ALLOW


def test_a_secret_is_allowed_only_by_what_names_it() -> None:
    secret = replace(FOUND, entity="VCS_TOKEN")
    broad = {"fingerprint": "", "field": "/note"}
    assert covers(**broad)
    assert not covers(finding=secret, **broad)
    assert covers(finding=secret, **broad, entities=("SECRET",))
    assert covers(finding=secret)


def test_a_canary_is_allowed_by_nothing() -> None:
    canary = replace(FOUND, entity=CANARY)
    judgment, _ = judge_findings(EgressRules(allow=(ALLOWED,)), [canary], to=TO, sent=SENT)
    assert judgment.verdict is Verdict.DENY
