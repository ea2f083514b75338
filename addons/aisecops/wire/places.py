"""Names of places that are safe to say: a name a sender chose may be the very thing that must not leave.

Knows how a plain name looks. A plain name needs no escaping in a JSON pointer.
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r"(?!.*[A-Z0-9]{12})[A-Za-z_$][A-Za-z_$.-]*[0-9]{0,4}[A-Za-z_$.-]*")
_MAX_CHARS = 48


def is_plain(name: str) -> bool:
    """True for a name that can stand in a record: short, with too few digits and capitals for a key or a number."""
    return len(name) <= _MAX_CHARS and _PLAIN.fullmatch(name) is not None
