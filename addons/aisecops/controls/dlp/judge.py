"""What the rules say of findings, and of labelled content, on its way to somewhere (spec 5.3, 3.5).

Knows egress rules. Does not know how findings were made; allowances are `allowances.py`. `to` are the words that
describe the destination (`any`, and one of `model`, `external`, `internal`, `memory`).
"""

from __future__ import annotations

from collections.abc import Iterable

from aisecops.controls.dlp.allowances import Sent, allowance_for
from aisecops.controls.dlp.redact import IN_HEADER, IN_PATH, MASKABLE
from aisecops.model.decision import Judgment, Reason, Verdict, strictest
from aisecops.model.entities import CANARY, KNOWN_SECRET, PLANTED, expanded, named_by
from aisecops.model.finding import DRESSED, Finding, FindingAction, JudgedFinding
from aisecops.model.refusals import Code
from aisecops.model.rules import DetectorRule, EgressRules

CONTROL = "egress"
SERVES = ("AIS-EXE-01",)

REPLACED = frozenset({FindingAction.MASK, FindingAction.PSEUDONYMISE})
"""What puts something else in the place of a finding."""

_ORDER = (
    FindingAction.COUNT,
    FindingAction.PSEUDONYMISE,
    FindingAction.MASK,
    FindingAction.HOLD,
    FindingAction.BLOCK,
)
_MAX_REASONS = 20
_MAX_WHERE = 120


def entities_for(egress: EgressRules, to: frozenset[str]) -> frozenset[str]:
    """The kinds that must be looked for on the way `to`; groups opened. Raises ValueError for an unknown kind."""
    asked = [entity for rule in egress.detectors if rule.to in to for entity in rule.entities]
    planted = ((CANARY, egress.canaries), (KNOWN_SECRET, egress.known))
    return expanded((*asked, *[entity for entity, sources in planted if sources]), egress.own_entities)


def pseudonymised(egress: EgressRules, to: frozenset[str]) -> frozenset[str]:
    """The kinds of which something leaves `to` as a stand-in: what is known of them does so everywhere.

    Also where a rule for one tier or label does not reach: the value came back, and is told again in other texts.
    """
    rules = (rule for rule in egress.detectors if rule.to in to and rule.action is FindingAction.PSEUDONYMISE)
    words = frozenset(word for rule in rules for word in rule.entities)
    return expanded(words, egress.own_entities) | words


def may_replace(egress: EgressRules, judged: Iterable[JudgedFinding]) -> bool:
    """False only where all leaves and comes back as it came: no rule asks for stand-ins, and nothing is masked."""
    asked = [rule.action for rule in egress.detectors]
    return FindingAction.PSEUDONYMISE in asked or not REPLACED.isdisjoint([one.action for one in judged])


def judge_findings(
    egress: EgressRules,
    findings: Iterable[Finding],
    *,
    to: frozenset[str],
    sent: Sent,
) -> tuple[Judgment, tuple[JudgedFinding, ...]]:
    """The verdict on `findings`, and what is to be done about each. Where several rules speak, the strictest wins.

    DENY for a block, HOLD for a hold; with masks and stand-ins alone it is ALLOW, and the caller must put those in
    before it forwards.
    """
    judged = tuple([_judged(egress, finding, to, sent) for finding in findings])
    if not judged:
        return Judgment(control=CONTROL, verdict=Verdict.ALLOW, serves=SERVES), ()
    verdict = strictest((Verdict.ALLOW, *(_VERDICTS[one.action] for one in judged)))
    reasons = dict.fromkeys(_reason(one) for one in judged if _VERDICTS[one.action] is not Verdict.ALLOW)
    ranked = sorted(reasons, key=lambda reason: reason.code is not Code.EGRESS_BLOCKED)
    judgment = Judgment(control=CONTROL, verdict=verdict, reasons=tuple(ranked[:_MAX_REASONS]), serves=SERVES)
    return judgment, judged


_VERDICTS = {
    FindingAction.COUNT: Verdict.ALLOW,
    FindingAction.MASK: Verdict.ALLOW,
    FindingAction.PSEUDONYMISE: Verdict.ALLOW,
    FindingAction.HOLD: Verdict.HOLD,
    FindingAction.BLOCK: Verdict.DENY,
}


def _judged(egress: EgressRules, finding: Finding, to: frozenset[str], sent: Sent) -> JudgedFinding:
    rules = [rule for rule in egress.detectors if rule.to in to and _speaks_of(rule, finding, sent)]
    if rules:
        strict = max(rules, key=lambda rule: _ORDER.index(rule.action))
        action, place = strict.action, str(strict.place)
    elif finding.entity in PLANTED:
        # planted to be stopped: it needs no rule, and a rule for another destination frees it of nothing
        action, place = FindingAction.BLOCK, "egress.canaries" if finding.entity == CANARY else "egress.known"
    else:
        action, place = FindingAction.COUNT, ""
    allowed = allowance_for(egress.allow, finding, to, sent) if action is not FindingAction.COUNT else None
    if allowed is not None:
        return JudgedFinding(finding=finding, action=FindingAction.COUNT, rule=place, allowed_by=str(allowed.place))
    return JudgedFinding(finding=finding, action=_feasible(action, finding, sent), rule=place)


def _feasible(action: FindingAction, finding: Finding, sent: Sent) -> FindingAction:
    """What can be done about it where it stands: never less than `action`."""
    lasting = sent.one_way or DRESSED in finding.detector
    if action is FindingAction.PSEUDONYMISE and finding.where.startswith(IN_PATH) and not (finding.fixed or lasting):
        return action
    told = finding.where.startswith(MASKABLE) or finding.where in {f"{IN_HEADER[0]}{name}" for name in sent.headers}
    if action in REPLACED and (finding.fixed or not told):
        return FindingAction.BLOCK
    if action is FindingAction.PSEUDONYMISE and lasting:
        # what nobody restores is better left away, and a stand-in for a dress would be no value of its kind
        return FindingAction.MASK
    return action


def _speaks_of(rule: DetectorRule, finding: Finding, sent: Sent) -> bool:
    if rule.tier is not None and sent.tier_at(finding.where) is not rule.tier:
        return False
    if rule.label and rule.label not in sent.labels:
        return False
    return named_by(rule.entities, finding.entity)


def _reason(judged: JudgedFinding) -> Reason:
    where = judged.finding.where[:_MAX_WHERE]
    what = f"`{judged.finding.entity}` in `{where}` (fingerprint {judged.finding.fingerprint})"
    if judged.action is FindingAction.BLOCK:
        return Reason(
            code=Code.EGRESS_BLOCKED,
            detail=f"{what} must not leave; remove it and send again",
            rule=judged.rule,
        )
    return Reason(
        code=Code.HUMAN_APPROVAL_REQUIRED,
        detail=f"{what} waits for a person; remove it, or have it approved",
        rule=judged.rule,
    )
