"""Payloads out of proportion: how much a run and everything below it have sent to one kind of place, or with one tool.

Counts bytes as they leave, targets included. Only what a rule speaks of is counted, from the moment it does. Does not
know stores: the counts are part of the run's tree and change only with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.finding import FindingAction
from aisecops.model.refusals import Code
from aisecops.model.rules import VolumeRule

FAMILY = ".*"
CONTROL = "volume"
SERVES = ("AIS-EXE-01",)


def counted_as(rule: VolumeRule) -> str:
    """The name under which a tree counts what `rule` is about."""
    return f"tool:{rule.tool}:{rule.to}" if rule.tool else f"to:{rule.to}"


def speaks_of(named: str, tool: str) -> bool:
    """Is a line for the tool `named` about `tool`? `tickets.*` is every tool of the family, nothing is every tool."""
    return named in {"", tool} or (named.endswith(FAMILY) and tool.startswith(named[:-1]))


def judge_volume(
    rules: Iterable[VolumeRule], sent: Mapping[str, int], *, tool: str, to: frozenset[str], size_bytes: int
) -> tuple[Judgment, dict[str, int]]:
    """What follows for a request of `size_bytes`, and the tree's counts once it has left.

    DENY or HOLD, as the rule says, when the sum with this request would be over its line; a sum on the line is not.
    """
    after, reasons, verdict = dict(sent), [], Verdict.ALLOW
    for rule in rules:
        if rule.to not in to or not speaks_of(rule.tool, tool):
            continue
        name = counted_as(rule)
        after[name] = total = sent.get(name, 0) + size_bytes
        if total <= rule.max_bytes:
            continue
        about = f"with `{rule.tool}`" if rule.tool else f"to `{rule.to}`"
        what = f"the run would have sent {total} bytes {about}, over {rule.max_bytes}"
        if rule.action is FindingAction.BLOCK:
            verdict = Verdict.DENY
            code, mend = Code.EGRESS_BLOCKED, "send less, or have the rule changed"
        else:
            verdict = Verdict.HOLD if verdict is Verdict.ALLOW else verdict
            code, mend = Code.HUMAN_APPROVAL_REQUIRED, "have a person approve it"
        reasons.append(Reason(code=code, detail=f"{what}; {mend}", rule=str(rule.place)))
    reasons.sort(key=lambda reason: reason.code is not Code.EGRESS_BLOCKED)
    return Judgment(control=CONTROL, verdict=verdict, reasons=tuple(reasons), serves=SERVES), after
