"""What a reservation must outlive, and what is said when others are always faster."""

from __future__ import annotations

from aisecops.gateway.step.judge import Judged
from aisecops.model.decision import Verdict
from aisecops.model.facts import Facts

OUTRUN = "the run's tree is changed by others faster than it can be read"


def must_last(facts: Facts, judged: Judged) -> bool:
    """True when a power failure may not undo what `judged` takes: the world changes after it, or the run is halted.

    As with the record (contract 7): what is only read may be a moment ahead of the disk.
    """
    return facts.request.effect.changes_state or judged.decision.enforced is not Verdict.ALLOW
