"""Which other trees of runs are one chain with this one, because it works on their words, and what follows (spec 22.2).

Knows how trees are joined and what their sums come to together. Does not know how words are recognised, nor stores.

A join goes one way: whoever reads is held to what the writer's chain has come to, never the reverse, so that nobody can
charge, halt or use up a chain by reading what it says. What a writer can do to its readers is what `Join` says: under
`hold` no more than have a person asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from aisecops.controls.risk.thresholds import words
from aisecops.model.budget import TreeState
from aisecops.model.chain import Drawn, Join, JoinedChain
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.refusals import Code
from aisecops.model.risk import Thresholds

CONTROL = "chain"
SERVES = ("AIS-RSK-01",)
RULE = "risk.join"
MOST_JOINED = 100
"""Trees that one may be joined with; with more, a person looks at each of its steps."""


def joined_with(tree: TreeState, found: Iterable[Drawn], *, now_ms: int, within_ms: int) -> TreeState:
    """`tree`, joined with those of whose words it has found any that were put out within `within_ms`."""
    drawn = {one.root_run_id: one for one in tree.drawn}
    for one in found:
        before = drawn.get(one.root_run_id)
        if one.root_run_id == tree.root_run_id or now_ms - one.at_ms > within_ms:
            continue
        if before is None and len(drawn) > MOST_JOINED:
            continue  # it is over the bound already, and that is what counts
        if before is None or before.at_ms < one.at_ms:
            drawn[one.root_run_id] = one
    now = tuple(drawn.values())
    return tree if now == tree.drawn else replace(tree, drawn=now)


def standing(tree: TreeState) -> tuple[Drawn, ...]:
    """The joins that count: those by words that were put out since a person last reviewed the tree."""
    return tuple(one for one in tree.drawn if one.at_ms > tree.reviewed_ms)


def judge(
    joined: tuple[JoinedChain, ...],
    total_micros: int,
    lines: Thresholds,
    join: Join,
    *,
    adds: bool = True,
    approved: bool,
) -> Judgment:
    """What follows from the chains that a tree is joined with; `total_micros` is its own sum with the step in it.

    Under `halt` a halted one, and a sum of all over the halt line, DENY. Everything else is for a person: HOLD, and
    ALLOW once this very step is approved. Nobody is asked about a sum to which a step `adds` nothing.
    """
    if join is Join.OFF or not joined:
        return _judgment(Verdict.ALLOW)
    binds = join is Join.HALT
    halted = tuple(one for one in joined if one.halted_ms is not None)
    reasons = [_halted(one, binds=binds) for one in halted[:3]]
    together = total_micros + sum(one.risk_micros for one in joined)
    over_halt = together > lines.halt_micros
    if (over_halt and binds) or (together > lines.approve_micros and adds):
        reasons.append(_over(joined, together, lines, halts=over_halt and binds))
    if len(joined) > MOST_JOINED:
        what = f"it works on the words of more than {MOST_JOINED} other chains; have a person look at it"
        reasons.append(Reason(code=Code.HUMAN_APPROVAL_REQUIRED, detail=what, rule=RULE))
    if binds and (halted or over_halt):
        reasons.sort(key=lambda reason: reason.code is Code.HUMAN_APPROVAL_REQUIRED)
        return _judgment(Verdict.DENY, *reasons)
    return _judgment(Verdict.HOLD if reasons and not approved else Verdict.ALLOW, *reasons)


def halted_above(joined: Iterable[JoinedChain], join: Join) -> Iterator[tuple[Reason, int]]:
    """For each joined chain whose halt ends what works on it: why, and when it was halted."""
    for one in joined:
        if join is Join.HALT and one.halted_ms is not None:
            yield _halted(one, binds=True), one.halted_ms


def _halted(one: JoinedChain, *, binds: bool) -> Reason:
    why = f" ({one.halted_why})" if one.halted_why else ""
    mend = "ask an operator to review this run and resume it" if binds else "have a person approve it"
    what = f"{_named(one)} is halted{why}, and this works on its words; {mend}"
    return Reason(code=Code.RUN_HALTED if binds else Code.HUMAN_APPROVAL_REQUIRED, detail=what, rule=RULE)


def _over(joined: tuple[JoinedChain, ...], together: int, lines: Thresholds, *, halts: bool) -> Reason:
    heaviest = max(joined, key=lambda one: one.risk_micros)
    line = lines.halt_micros if halts else lines.approve_micros
    mend = "ask an operator to review the run" if halts else "have a person approve it"
    what = (
        f"with this step and that of {_named(heaviest)}, on whose words it works, the chain's risk would be "
        f"{words(together)}, over {words(line)}; {mend}"
    )
    return Reason(code=Code.RISK_HALTED if halts else Code.HUMAN_APPROVAL_REQUIRED, detail=what, rule=RULE)


def _named(one: JoinedChain) -> str:
    return f"run `{one.drawn.run_id}` of `{one.drawn.agent_id}`"


def _judgment(verdict: Verdict, *reasons: Reason) -> Judgment:
    return Judgment(control=CONTROL, verdict=verdict, reasons=reasons, serves=SERVES)
