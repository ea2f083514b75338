"""What one check saw."""

from __future__ import annotations

from aisecops.model.value import Value


class Diagnosis(Value):
    """What one check saw. `mend` only where something is wrong, or `warns`: well here, and worth knowing."""

    check: str
    well: bool
    words: str
    mend: str = ""
    warns: bool = False


def well(check: str, words: str) -> Diagnosis:
    """Nothing to mend."""
    return Diagnosis(check=check, well=True, words=words)


def bad(check: str, words: str, mend: str) -> Diagnosis:
    """Something to mend."""
    return Diagnosis(check=check, well=False, words=words, mend=mend)


def warning(check: str, words: str, mend: str) -> Diagnosis:
    """Nothing here is wrong, but what it is about may go another way than is thought."""
    return Diagnosis(check=check, well=True, words=words, mend=mend, warns=True)
