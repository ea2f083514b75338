"""Many patterns looked for in one pass over some bytes, which takes as long for all as for one, whatever they say.

Patterns are RE2's: nothing in them looks ahead or back.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import re2


def which_match(data: bytes, patterns: tuple[str, ...]) -> Sequence[int]:
    """The positions of those of `patterns` that match somewhere in `data`."""
    return _set_of(patterns).Match(data) or ()


def prepared(*patterns: str) -> tuple[str, ...]:
    """`patterns`, made ready now and not when the first text waits for it."""
    _set_of(patterns)
    return patterns


@lru_cache(maxsize=256)
def _set_of(patterns: tuple[str, ...]) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # bytes, whatever they mean
    found = re2.Set.SearchSet(options)
    for pattern in patterns:
        found.Add(pattern.encode())
    found.Compile()
    return found
