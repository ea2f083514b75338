"""The right name most like a wrong one. Alone in its file so that asking costs nothing before."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(wrong: str, right: Iterable[str]) -> str:
    """``did you mean `x`?`` for the name in `right` most like `wrong`; empty when none is alike."""
    close = difflib.get_close_matches(wrong, right, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""
