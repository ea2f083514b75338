"""Patterns of a JSON Schema, searched for within bounds: a schema may be a stranger's (a tool server's).

Knows in what ECMA-262 and Python's expressions differ where it matters, and what makes an expression dear: counted
repetitions inside each other when it is read, backtracking when it is searched for. Does not know schemas.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import regex

MAX_PATTERN = 2_000
"""Characters of a pattern."""
MAX_WEIGHT = 20_000
"""Places that a pattern comes to with its counted repetitions written out."""
SEARCH_S = 0.1
"""How long one search may take."""

_COUNTED = re.compile(r"\{(\d{1,6})(?:,(\d{0,6}))?\}")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


class PatternError(ValueError):
    """The pattern cannot be searched for: it is no expression, or too dear a one."""


def found(pattern: str, text: str) -> bool:
    """True when `pattern` is somewhere in `text`. Raises PatternError; then nobody knows."""
    try:
        # lets go of the interpreter while it searches
        return _compiled(pattern).search(text, timeout=SEARCH_S, concurrent=True) is not None
    except TimeoutError:
        raise PatternError("a pattern takes too long") from None


@functools.lru_cache(maxsize=500)
def _compiled(pattern: str) -> regex.Pattern[str]:
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"a pattern has over {MAX_PATTERN} characters")
    pieces = list(_pieces(pattern))
    if _weight(pieces) > MAX_WEIGHT:
        raise PatternError("a pattern repeats too much")
    try:
        return regex.compile("".join(map(_translated, pieces)), cache_pattern=False)
    except (regex.error, RecursionError, OverflowError):
        raise PatternError("a pattern is no regular expression") from None


def _pieces(pattern: str) -> Iterator[str]:
    """`pattern` in pieces: escapes, classes and counted repetitions whole, everything else a character each."""
    at = 0
    while at < len(pattern):
        whole = _CLASS.match(pattern, at) if pattern[at] == "[" else _COUNTED.match(pattern, at)
        size = len(whole[0]) if whole else 2 if pattern[at] == "\\" else 1
        yield pattern[at : at + size]
        at += size


def _translated(piece: str) -> str:
    """The same in Python's words: `$` is the very end, and a digit is one of ten."""
    if piece == "$":
        return r"\Z"
    if piece == r"\d":
        return "[0-9]"
    return piece.replace(r"\d", "0-9") if piece.startswith("[") and "\\\\" not in piece else piece


def _weight(pieces: list[str]) -> int:
    groups, last = [0], 0
    for piece in pieces:
        counted = _COUNTED.fullmatch(piece)
        if counted is not None:
            times = int(counted[2] or counted[1])
            groups[-1] += last * max(times - 1, 0)
            last *= max(times, 1)
        elif piece == "(":
            groups.append(1)
        elif piece == ")" and len(groups) > 1:
            last = groups.pop()
            groups[-1] += last
        else:
            last = 1
            groups[-1] += 1
    return sum(groups)
