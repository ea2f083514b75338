"""What follows from where words came from: untrusted text may be read, not obeyed (spec 5.1, 3.1, AIS-CTX-01).

Pure: labels and traced arguments in, judgment out. Holds also where no detector sees anything and the model does
whatever the text says: a steering argument that nobody the operator trusts has named is not acted on unasked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from aisecops.controls.firewall.label import INSTRUCTING, UNTRUSTED
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.envelope import ArgumentSource, Descent, TracedArgument
from aisecops.model.refusals import Code
from aisecops.model.rules import ArgumentRule, NamedBy, ToolRule, Untrusted

CONTROL = "firewall"
SERVES = ("AIS-CTX-01", "AIS-CTX-02")
UNTRUSTED_TRUST = Decimal(2)
"""The trust factor of a step that untrusted content steers (contract 7)."""


def judge_envelope(descent: Descent) -> Judgment:
    """DENY for untrusted text where instructions stand."""
    for segment in [one for one in descent.segments if one.role in INSTRUCTING and one.stretches]:
        stretch = next((part for part in segment.stretches if part.tier in UNTRUSTED), None)
        if stretch is not None:
            detail = (
                f"`{segment.position}` is an instruction to the model and holds text retrieved from "
                f"`{stretch.source or 'an unknown place'}`; put it where content belongs"
            )
            reason = Reason(code=Code.CONTEXT_REJECTED, detail=detail, rule="firewall")
            return Judgment(control=CONTROL, verdict=Verdict.DENY, reasons=(reason,), serves=SERVES)
    return Judgment(control=CONTROL, verdict=Verdict.ALLOW, serves=SERVES)


def judge_suspected(block_at: Decimal, descent: Descent) -> Judgment:
    """DENY for untrusted text that is an injection with a certainty of `block_at` or more; what is said is where."""
    worst = max(descent.suspected, key=lambda one: one.score, default=None)
    if worst is None or worst.score < float(block_at):
        return Judgment(control=CONTROL, verdict=Verdict.ALLOW, serves=SERVES)
    seen = ", ".join(f"`{name}`" for name in dict.fromkeys(one.detector for one in worst.found))
    detail = (
        f"`{worst.position}` holds text from `{worst.source or 'an unknown place'}` that gives orders to the model "
        f"({seen}); leave it out"
    )
    reason = Reason(code=Code.CONTEXT_REJECTED, detail=detail, rule="firewall.block_at")
    return Judgment(control=CONTROL, verdict=Verdict.DENY, reasons=(reason,), serves=SERVES)


def judge_arguments(tool: ToolRule, descent: Descent) -> Judgment:
    """HOLD or DENY, as the rule says, for a steering argument that only untrusted content names.

    One that is found nowhere is held once the run has read untrusted content: the model may have been told it there
    in other words. One that the user must have named is judged so whatever else names it, and whatever was read.
    """
    traced = {argument.name: argument for argument in descent.arguments}
    reasons: list[Reason] = []
    verdict = Verdict.ALLOW
    for rule in tool.arguments:
        argument = traced.get(rule.name)
        if not rule.steering or argument is None or not (_unsaid(rule, argument) or _suspect(argument, descent)):
            continue
        certain = argument.source is ArgumentSource.UNTRUSTED or _unsaid(rule, argument)
        denies = rule.untrusted is Untrusted.DENY and certain
        verdict = Verdict.DENY if denies or verdict is Verdict.DENY else Verdict.HOLD
        reasons.append(_reason(tool, rule, argument, denies=denies))
    reasons.sort(key=lambda reason: reason.code is not Code.ARGUMENT_UNTRUSTED)
    return Judgment(control=CONTROL, verdict=verdict, reasons=tuple(reasons), serves=SERVES)


def judge_destination(descent: Descent) -> Judgment:
    """HOLD for a call to a place that only remembered text has named, and no rule either (spec 3.3)."""
    named = descent.remembered
    if named is None or not named.open:
        return Judgment(control=CONTROL, verdict=Verdict.ALLOW, serves=SERVES)
    detail = f"`{named.host}` was named only in content from `{named.origin}`; have a person look at it"
    reason = Reason(code=Code.HUMAN_APPROVAL_REQUIRED, detail=detail, rule="memory")
    return Judgment(control=CONTROL, verdict=Verdict.HOLD, reasons=(reason,), serves=SERVES)


def judge_carried(labels: Mapping[str, Sequence[str]], descent: Descent, *, to: frozenset[str]) -> Judgment:
    """DENY for labelled content on its way to a place that its label does not allow (spec 3.5).

    `labels` maps a label to the words of the places that it may go to, `to` are the words for where this goes. A label
    that the rules do not list binds nothing.
    """
    for carried in descent.carried:
        allowed = labels.get(carried.label)
        if allowed is not None and not to & set(allowed):
            places = ", ".join(allowed) or "nowhere"
            detail = (
                f"`{carried.where}` holds content from `{carried.origin}` that is labelled `{carried.label}` and may go"
                f" to: {places}; send it there, or leave it out"
            )
            reason = Reason(code=Code.EGRESS_BLOCKED, detail=detail, rule=f"egress.labels.{carried.label}")
            return Judgment(control="egress", verdict=Verdict.DENY, reasons=(reason,), serves=("AIS-EXE-01",))
    return Judgment(control="egress", verdict=Verdict.ALLOW, serves=("AIS-EXE-01",))


def trust_of(tool: ToolRule | None, descent: Descent | None, own: Decimal) -> Decimal:
    """The trust factor: the tool's own, or 2.0 when untrusted content is in what the request carries (contract 7).

    Or names where it goes, or names what it is done to, for which nobody but a field of a tool's answer vouches. A
    change of the world that no model proposed, in a tree whose models propose what is done, or that is steered
    elsewhere than proposed, is trusted half as much: one word of the rules less.
    """
    if tool is None or descent is None:
        return own
    if descent.remembered is not None:
        return UNTRUSTED_TRUST
    traced = [*descent.arguments, *([descent.destination] if descent.destination else [])]
    if any(one.source is ArgumentSource.UNTRUSTED or one.echoes for one in traced):
        return UNTRUSTED_TRUST
    link = descent.proposal
    alone = link is not None and (not link.found or link.steered_elsewhere)
    return min(own * 2, UNTRUSTED_TRUST) if alone and tool.effect.changes_state else own


def _unsaid(rule: ArgumentRule, argument: TracedArgument) -> bool:
    """True for a value that the user must have named, and did not."""
    return rule.named_by is NamedBy.USER and not argument.said and argument.source is not ArgumentSource.NONE


def _suspect(argument: TracedArgument, descent: Descent) -> bool:
    if argument.source is ArgumentSource.NOWHERE:
        return descent.read_untrusted
    return argument.source is ArgumentSource.UNTRUSTED


def _reason(tool: ToolRule, rule: ArgumentRule, argument: TracedArgument, *, denies: bool) -> Reason:
    if argument.source is ArgumentSource.UNTRUSTED:
        where = f"was named only in content from `{argument.origin or 'an unknown place'}`"
    elif _unsaid(rule, argument):
        where = "must stand in the user's own words, and does not"
    else:
        where = "was named by nobody, after untrusted content was read"
    named = argument.source is ArgumentSource.UNTRUSTED or _unsaid(rule, argument)
    mend = "have the user name the value" if denies else "have a person look at it"
    return Reason(
        code=Code.ARGUMENT_UNTRUSTED if named else Code.HUMAN_APPROVAL_REQUIRED,
        detail=f"`{rule.name}` steers `{tool.name}` and {where}; {mend}",
        rule=f"{tool.name}.arguments.{rule.name}",
    )
