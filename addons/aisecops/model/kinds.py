"""Which kinds of characters stand in a row in a text: a look at all of it that costs next to nothing.

Many times faster than a pattern, which must try at each place.
"""

from __future__ import annotations

from collections.abc import Callable


def kinds(*classes: tuple[str, str]) -> bytes:
    """A table that tells characters apart by their class, each a mark and the characters it is for; `.` is the rest."""
    table = bytearray(b"." * 256)
    for mark, characters in classes:
        for character in characters:
            table[ord(character)] = ord(mark)
    return bytes(table)


def of_kind(table: bytes, *forms: bytes) -> Callable[[str], bool]:
    """True for a text in which one of `forms`, written in the marks of `table`, stands."""

    def tells(text: str) -> bool:
        marks = text.encode("ascii", "replace").translate(table)
        for form in forms:  # noqa: SIM110 - a generator takes longer than the look
            if form in marks:
                return True
        return False

    return tells
