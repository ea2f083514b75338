"""Our faults. A no is a value (`Refuse`); these are for what should not happen, or a part that is down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aisecops.model.refusals import Code


class Fault(Exception):
    """Something of ours broke or is down. `code` is what the outermost guard answers with."""

    code = Code.INTERNAL


class ConfigError(Fault):
    """The configuration cannot be used. `mend` says what to do."""

    def __init__(self, what: str, mend: str = "") -> None:
        super().__init__(what)
        self.mend = mend


class StoreError(Fault):
    """The store cannot be asked, or it is unknown whether it did what was asked."""

    code = Code.STORE_UNAVAILABLE


class RecordError(Fault):
    """The record could not be appended; what it would have recorded must not happen."""

    code = Code.RECORD_UNAVAILABLE


class PolicyError(Fault):
    """A decision point cannot be asked."""

    code = Code.POLICY_UNAVAILABLE


class Stale(Exception):
    """Compare-and-swap lost: somebody else swapped first, nothing was changed. Read again."""


class Moved(Exception):
    """What a charge depended on is no longer so; nothing was changed. `found` is what each proviso has to tell."""

    def __init__(self, found: Sequence[Any]) -> None:
        super().__init__()
        self.found = found


class WireError(Exception):
    """Bytes that are not what they claim to be. The answer is `code`; the words never repeat content."""

    def __init__(self, detail: str, code: Code = Code.UNREADABLE) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
