"""Which sequences of steps raise the escalation factor (spec 8: E).

Knows how steps are matched against sequences. Does not know runs: the progress it is handed is that of
the whole tree, so a sequence spread over several agents is still one.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from aisecops.model.action import Kind, ToolEffect
from aisecops.model.provenance import TrustTier
from aisecops.model.rules import Sequence, StepPattern
from aisecops.model.value import Value

MOST = Decimal(3)  # spec 8: escalation goes up to 3.0


class StepSeen(Value):
    """What sequences can see of a step. `label` is what the rules say its answer carries, `tier` what that is worth."""

    tool: str
    effect: ToolEffect
    label: str
    kind: Kind
    tier: TrustTier | None = None


def advance(
    progress: Mapping[str, int], sequences: tuple[Sequence, ...], step: StepSeen
) -> tuple[dict[str, int], Decimal, tuple[str, ...]]:
    """The progress after `step`, its escalation factor (1 to 3), and the sequences that raised it.

    1. A sequence is seen when its steps come in order, with anything in between. A step counts for one place only.
    2. The step that completes it gets its factor.
    3. A completed sequence stays primed: each later step that matches its last place is escalated again, so that
       the second mail after a read is no safer than the first.
    4. Factors of several sequences multiply, up to `MOST`.
    """
    after = dict(progress)
    factor = Decimal(1)
    raised: list[str] = []
    for sequence in sequences:
        last = len(sequence.when) - 1
        place = min(progress.get(sequence.name, 0), last)
        if place < 0 or not _matches(sequence.when[place], step):
            continue
        after[sequence.name] = place + 1
        if place == last:
            factor *= sequence.escalation
            raised.append(sequence.name)
    return after, min(factor, MOST), tuple(raised)


def in_time(
    progress: Mapping[str, int], began: Mapping[str, int], sequences: tuple[Sequence, ...], *, now_ms: int
) -> dict[str, int]:
    """`progress` without the sequences whose window is over: they begin anew."""
    over = {
        one.name for one in sequences if one.within_ms is not None and now_ms - began.get(one.name, 0) > one.within_ms
    }
    return {name: place for name, place in progress.items() if name not in over}


def begun(began: Mapping[str, int], sequences: tuple[Sequence, ...], step: StepSeen, *, now_ms: int) -> dict[str, int]:
    """When the first step of each sequence with a window was last seen. Seen again, its window begins again."""
    seen = {one.name: now_ms for one in sequences if one.within_ms is not None and _matches(one.when[0], step)}
    return {**began, **seen}


def _matches(pattern: StepPattern, step: StepSeen) -> bool:
    return (
        _names(pattern.tool, step.tool)
        and (pattern.effect is None or pattern.effect is step.effect)
        and pattern.label in {"", step.label}
        and pattern.kind in {"", step.kind}
        and (pattern.tier is None or (step.tier is not None and step.tier.rank >= pattern.tier.rank))
    )


def _names(pattern: str, tool: str) -> bool:
    """`mail.send` is that tool; `mail.*` is every tool of the family; nothing is every tool."""
    if pattern in {"", "*", tool}:
        return True
    return pattern.endswith(".*") and tool.startswith(pattern[:-1])
