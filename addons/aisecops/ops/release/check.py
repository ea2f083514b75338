"""One check of the release gate: what it found, and the command that mends it (spec 9)."""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.value import Value


class State(StrEnum):
    """`missing`: there is no evidence. `red`: the evidence says no."""

    GREEN = "green"
    RED = "red"
    MISSING = "missing"


class Check(Value):
    """One of the six. `evidence` is what it rests on, `faults` what stands against it, `notes` what is good to know."""

    name: str
    section: str
    state: State
    evidence: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    mend: str = ""


def checked(
    name: str,
    section: str,
    *,
    evidence: tuple[str, ...],
    faults: tuple[str, ...],
    mend: str,
    notes: tuple[str, ...] = (),
) -> Check:
    """Green with evidence and no fault; without evidence, missing."""
    state = State.MISSING if not evidence else State.RED if faults else State.GREEN
    return Check(
        name=name,
        section=section,
        state=state,
        evidence=evidence,
        faults=faults,
        notes=notes,
        mend="" if state is State.GREEN else mend,
    )
