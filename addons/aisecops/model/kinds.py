"""Which kinds of characters stand in a row in a text: a look at all of it that costs next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from aisecops.model.one_pass import prepared, which_match


def kinds(*classes: tuple[str, str]) -> bytes:
    """A table that tells characters apart by their class, each a mark and the characters it is for; `.` is the rest."""
    table = bytearray(b"." * 256)
    for mark, characters in classes:
        for character in characters:
            table[ord(character)] = ord(mark)
    return bytes(table)


def of_kind(table: bytes, *forms: bytes) -> Callable[[str], bool]:
    """True for a text in which one of `forms`, written in the marks of `table`, stands."""
    told = ("".join(_pattern(table, mark, len([*row])) for mark, row in groupby(form)) for form in forms)
    patterns = prepared(*told)

    def tells(text: str) -> bool:
        return bool(which_match(text.encode("ascii", "replace"), patterns))

    return tells


def _pattern(table: bytes, mark: int, times: int) -> str:
    """So many characters of the class of `mark` in a row."""
    members = "".join(f"\\x{code:02x}" for code in range(256) if table[code] == mark)
    return f"[{members}]{{{times}}}"
