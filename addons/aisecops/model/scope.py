"""Dotted scopes and tool names, and patterns over them.

A pattern's `*` is exactly one segment, `**` (last only) is one or more. A value placed into a scope
is quoted, so that it fills exactly one segment and never acts as a pattern.
"""

from __future__ import annotations

from functools import lru_cache

REST = "**"
ONE = "*"
KNOWN_LENGTH = 512
"""Longer pairs are compared anew each time, so that nobody fills memory with long names."""


def quoted(value: str) -> str:
    """`value` as one segment: space, `%`, `.`, `*` and control characters are written as %XX, nothing as `%`.

    Two values never give the same segment.
    """
    if not value:
        return "%"
    if value.isascii() and value.isalnum():
        return value
    return "".join(char if char.isprintable() and char not in " %.*" else _escaped(char) for char in value)


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))


def segments(scope: str) -> tuple[str, ...]:
    """The parts of a scope or pattern; raises ValueError for an empty part or a misplaced `**`."""
    parts = tuple(scope.split("."))
    if "" in parts:
        raise ValueError(f"empty segment in `{scope}`")
    if REST in parts[:-1]:
        raise ValueError(f"`**` must be the last segment in `{scope}`")
    if any(ONE in part and part not in {ONE, REST} for part in parts):
        raise ValueError(f"a `*` must stand alone in its segment in `{scope}`")
    return parts


def covers(outer: str, inner: str) -> bool:
    """True when everything that `inner` (a scope or a pattern) matches is matched by `outer`.

    What cannot be read covers nothing and is covered by nothing.
    """
    return _known(outer, inner) if len(outer) + len(inner) <= KNOWN_LENGTH else _covers(outer, inner)


def _covers(outer: str, inner: str) -> bool:
    try:
        wide, narrow = segments(outer), segments(inner)
    except ValueError:
        return False
    if wide[-1] == REST:
        head = wide[:-1]
        return len(narrow) > len(head) and REST not in narrow[: len(head)] and _each_covers(head, narrow)
    return narrow[-1] != REST and len(narrow) == len(wide) and _each_covers(wide, narrow)


_known = lru_cache(maxsize=4096)(_covers)  # of two texts and nothing else: no rule or token changes the answer


def _each_covers(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    return all(w in (ONE, n) for w, n in zip(wide, narrow, strict=False))


def is_concrete(scope: str) -> bool:
    """True when `scope` names one thing, with no pattern in it."""
    try:
        return not {ONE, REST} & set(segments(scope))
    except ValueError:
        return False
