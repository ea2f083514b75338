"""Names of places that are safe to say: a name a sender chose may be the very thing that must not leave.

Knows how a plain name looks, and how a JSON pointer is written.
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r"(?!.*[A-Z0-9]{12})[A-Za-z_$][A-Za-z_$.-]*[0-9]{0,4}[A-Za-z_$.-]*")
_MAX_CHARS = 48


def is_plain(name: str) -> bool:
    """True for a name that can stand in a record: short, with too few digits and capitals for a key or a number."""
    return len(name) <= _MAX_CHARS and _PLAIN.fullmatch(name) is not None


def step(name: str) -> str:
    """`name` as one step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
