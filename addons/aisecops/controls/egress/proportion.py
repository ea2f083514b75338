"""Payloads out of proportion to the task: what a run sends with a tool, held against what it was given to do.

In proportion is what any of four things explains: that it is little, what the run's user said, what the run read that
may go there, and what the agent's runs usually send with that tool. None of them can be made large by whoever writes
what the agent reads: what strangers wrote explains nothing, what may not go somewhere explains nothing there, what is
usual is a median over many runs of their own, and nothing explains more than the rule's `most`.

Counts bytes as they leave, targets included, and rows where the tool's rule finds them in the request. Does not know
stores: the counts are part of the run's tree and change only with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median_low

from aisecops.controls.egress.volume import speaks_of
from aisecops.model.action import ActionRequest, Kind
from aisecops.model.budget import TreeState
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.finding import FindingAction
from aisecops.model.proportion import ProportionRule, SentByRun, Usual, UsuallySent
from aisecops.model.provenance import TrustTier
from aisecops.model.refusals import Code
from aisecops.model.rules import EgressRules

CONTROL = "proportion"
SERVES = ("AIS-EXE-01", "AIS-RSK-01")
LEAST_RUNS = 5
"""Of fewer runs nobody can say what is usual."""
RUNS_KEPT = 32
"""Runs of an agent with a tool that say what is usual; half of them would have to be bent to move their median."""
WRITTEN_AGAIN = 8
"""What a run has sent is kept again when it is more by so small a part: not with each of many small sends."""
_EXPLAINING = frozenset({TrustTier.OPERATOR, TrustTier.USER, TrustTier.INTERNAL})
_WITH, _ROWS_WITH, _READ, _ROWS_READ = "with:", "rows-with:", "bytes:", "rows:"


@dataclass(frozen=True, slots=True)
class Proportion:
    """What follows for one request, by how much its escalation is raised and why, and the tree's counts with it."""

    judgment: Judgment
    sent: dict[str, int]
    escalation: Decimal = Decimal(1)
    why: str = ""


@dataclass(slots=True)
class _Amount:
    """One thing that is counted, with all that may explain it; `words` are those of the explanations."""

    unit: str
    beyond: int
    explained: int
    words: list[str] = field(default_factory=list)


def judge_proportion(
    egress: EgressRules,
    tree: TreeState,
    request: ActionRequest,
    *,
    to: frozenset[str],
    usual: Usual | None,
    approved: bool,
) -> Proportion:
    """What follows for `request`. What a person has `approved` needs no explanation, now or later.

    A model is told everything again with each turn, so of prompts each is looked at by itself, and only by rules that
    say `to: model`; of everything else the sum of the tree counts.
    """
    rules = list(_speaking(egress.proportion, request, to)) if egress.proportion else []
    sent = dict(tree.sent)
    if not rules or not (request.size_bytes or request.rows):
        return Proportion(judgment=_judgment(Verdict.ALLOW), sent=sent)
    told: list[tuple[ProportionRule, str]] = []
    sums = request.kind is not Kind.MODEL
    for name, more in ((_WITH, request.size_bytes), (_ROWS_WITH, request.rows or 0)):
        if sums and more:
            sent[f"{name}{request.tool}"] = tree.sent.get(f"{name}{request.tool}", 0) + more
    for rule in rules:
        for amount, name in _amounts(egress, rule, tree, request, to=to, usual=usual):
            if sums and not approved:
                sent[name] = amount.beyond
            if amount.beyond > amount.explained:
                told.append((rule, _words(rule, request.tool, amount)))
    return _judged(told, sent)


def usual_of(kept: UsuallySent, *, but: str) -> Usual | None:
    """What is usual by `kept`, the tree `but` left out; None where there are too few."""
    others = [one for one in kept.runs if one.root_run_id != but]
    if len(others) < LEAST_RUNS:
        return None
    sizes, rows = [one.size_bytes for one in others], [one.rows for one in others]
    return Usual(size_bytes=median_low(sizes), rows=median_low(rows), runs=len(others))


def with_run(kept: UsuallySent, root_run_id: str, tool: str, sent: Mapping[str, int]) -> UsuallySent:
    """`kept` with what a tree has sent until now, in the place of what it had sent before.

    INVARIANT: a tree is one of them however often it sends, so that no run can say alone what is usual.
    """
    name = f"{_WITH}{tool}"
    if name not in sent:
        return kept
    new = SentByRun(root_run_id=root_run_id, size_bytes=sent[name], rows=sent.get(f"{_ROWS_WITH}{tool}", 0))
    known = [one for one in kept.runs if one.root_run_id == root_run_id]
    if known and new.size_bytes < known[0].size_bytes + known[0].size_bytes // WRITTEN_AGAIN:
        return kept
    if known:
        return UsuallySent(runs=tuple(new if one is known[0] else one for one in kept.runs))
    return UsuallySent(runs=(*kept.runs, new)[-RUNS_KEPT:])


def with_answer(
    read: Mapping[str, int], request: ActionRequest, *, size_bytes: int, rows: int | None
) -> dict[str, int]:
    """What a tree has read, with one more answer; by label, since where it may go depends on that.

    What strangers may have written explains nothing: they would write as much as it takes.
    """
    after = dict(read)
    if request.kind not in {Kind.TOOL, Kind.SOURCE} or request.returns_tier not in _EXPLAINING:
        return after
    for name, more in ((_READ, size_bytes), (_ROWS_READ, rows or 0)):
        if more:
            after[f"{name}{request.label}"] = read.get(f"{name}{request.label}", 0) + more
    return after


def _speaking(rules: Sequence[ProportionRule], request: ActionRequest, to: frozenset[str]) -> Iterator[ProportionRule]:
    """The rules for a request: those that name its tool, and only if there is none those that name no tool."""
    places = to & {"model"} if request.kind is Kind.MODEL else to
    if request.kind not in {Kind.TOOL, Kind.SOURCE, Kind.MODEL}:
        return
    about = [rule for rule in rules if speaks_of(rule.tool, request.tool)]
    named = any(rule.tool for rule in about)
    yield from (rule for rule in about if rule.to in places and bool(rule.tool) is named)


def _amounts(
    egress: EgressRules,
    rule: ProportionRule,
    tree: TreeState,
    request: ActionRequest,
    *,
    to: frozenset[str],
    usual: Usual | None,
) -> Iterator[tuple[_Amount, str]]:
    """What `rule` counts of a request, each under its name in the tree.

    What is usual with a tool is left out of the sum, so that the rest of all tools together must be explained.
    """
    read = _read(egress, tree, to)
    times = rule.usual_times
    of_usual = min(int(times * usual.size_bytes), rule.most_bytes) if usual else 0
    counted = f"{rule.to}:{rule.tool}"
    yield (
        _Amount(
            unit="bytes",
            beyond=_beyond(tree, request, (_WITH, f"beyond:{counted}"), request.size_bytes, of_usual),
            explained=max(
                rule.free_bytes,
                min(rule.most_bytes, max(int(rule.told_times * tree.told), int(rule.read_times * read[_READ]))),
            ),
            words=[
                f"{rule.free_bytes} are free",
                f"its user said {tree.told}, times {rule.told_times}",
                f"what it read that may go there is {read[_READ]}, times {rule.read_times}",
                _words_of(usual, usual.size_bytes if usual else 0, times),
                f"and nothing explains more than {rule.most_bytes}",
            ],
        ),
        f"beyond:{counted}",
    )
    if rule.rows is None or request.rows is None:
        return
    rows_usual = min(int(times * usual.rows), rule.rows.most) if usual else 0
    yield (
        _Amount(
            unit="rows",
            beyond=_beyond(tree, request, (_ROWS_WITH, f"rows-beyond:{counted}"), request.rows, rows_usual),
            explained=max(rule.rows.free, min(rule.rows.most, int(rule.read_times * read[_ROWS_READ]))),
            words=[
                f"{rule.rows.free} are free",
                f"those it read that may go there are {read[_ROWS_READ]}, times {rule.read_times}",
                _words_of(usual, usual.rows if usual else 0, times),
                f"and nothing explains more than {rule.rows.most}",
            ],
        ),
        f"rows-beyond:{counted}",
    )


def _beyond(tree: TreeState, request: ActionRequest, names: tuple[str, str], more: int, usual: int) -> int:
    """What is beyond the usual with `more` of it: of a prompt by itself, else in the tree until now."""
    if request.kind is Kind.MODEL:
        return max(0, more - usual)
    before = tree.sent.get(f"{names[0]}{request.tool}", 0)
    return tree.sent.get(names[1], 0) + max(0, before + more - usual) - max(0, before - usual)


def _read(egress: EgressRules, tree: TreeState, to: frozenset[str]) -> dict[str, int]:
    """What the tree has read, by unit, of what may go there: a label that the rules list binds what has it."""
    sums = {_READ: 0, _ROWS_READ: 0}
    for name, count in tree.read.items():
        unit, _, label = name.partition(":")
        allowed = egress.labels.get(label)
        if allowed is None or to & set(allowed):
            sums[f"{unit}:"] += count
    return sums


def _words_of(usual: Usual | None, number: int, times: Decimal) -> str:
    if usual is None:
        return f"of fewer than {LEAST_RUNS} other runs nobody can say what is usual"
    return f"left out is what {usual.runs} other runs usually send with it, {number}, times {times}"


def _words(rule: ProportionRule, tool: str, amount: _Amount) -> str:
    with_it = f"`{tool}`" if rule.tool else f"`{tool}` and others"
    what = f"with this step the run would send {amount.beyond} {amount.unit} to `{rule.to}` with {with_it}"
    return f"{what}, of which its task explains {amount.explained} ({', '.join(amount.words)})"


def _judged(told: Iterable[tuple[ProportionRule, str]], sent: dict[str, int]) -> Proportion:
    verdict, factor, why = Verdict.ALLOW, Decimal(1), ""
    reasons = []
    for rule, words in told:
        if rule.escalation > factor:
            factor, why = rule.escalation, words
        if rule.action is FindingAction.BLOCK:
            verdict = Verdict.DENY
            code, mend = Code.EGRESS_BLOCKED, "send less, or have the rule changed"
        elif rule.action is FindingAction.HOLD:
            verdict = Verdict.HOLD if verdict is Verdict.ALLOW else verdict
            code, mend = Code.HUMAN_APPROVAL_REQUIRED, "have a person approve it"
        else:
            code, mend = Code.HUMAN_APPROVAL_REQUIRED, f"it weighs {rule.escalation} times as much"
        reasons.append(Reason(code=code, detail=f"{words}; {mend}", rule=str(rule.place)))
    reasons.sort(key=lambda reason: reason.code is not Code.EGRESS_BLOCKED)
    return Proportion(judgment=_judgment(verdict, *reasons), sent=sent, escalation=factor, why=why)


def _judgment(verdict: Verdict, *reasons: Reason) -> Judgment:
    return Judgment(control=CONTROL, verdict=verdict, reasons=reasons, serves=SERVES)
