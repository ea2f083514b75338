"""Stretches that do not say where a text came from: licences, rows of imports, what all programs and pages begin with.

A table of them ships with the gateway, made by `benchmarks/idioms.py` from packages that have nothing to do with each
other: what stands in several of those is nobody's words. Imports follow each other in any order, so imports
alone are one too when each word in them is an ordinary one, of which a list ships. Both are fixed: nobody can make a
text of theirs common by showing it often. The hashes are not keyed, for the packages are public.
"""

from __future__ import annotations

import functools
import re
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from aisecops.controls.provenance.letters import Letters
from aisecops.controls.provenance.winnow import GRAM, HASH_BITS, Hashes, Key, grams

NAME, WORDS = "idioms.prints", "idioms.words"
BYTES = 6
"""Of each hash in the table; `HASH_BITS` fill them but for four bits."""
_KEY = Key.of(b"idioms of programs and pages")
_SHIFT = np.uint64(64 - HASH_BITS)
_FEW = 6


_IMPORTS = re.compile(
    r"^[ \t]*(?:from[ \t]+[\w.]{1,80}[ \t]+import[ \t]+(?:\([\w\s,]{1,2000}\)|[\w,. \t]{1,200})"
    r"|import[ \t]+[\w,. \t]{1,200})$(?:[ \t]*\n)*",
    re.MULTILINE,
)
_WORD = re.compile(r"\w+")


def are_idioms(text: str, normal: Letters, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """For each stretch of `normal`, the normal form of `text`, that begins at `starts`, whether it is an idiom."""
    return _in_table(stretches(normal)[starts]) | _in_imports(text, normal, starts)


def beside_idioms(normal: Letters, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """For each stretch of `normal` that begins at `starts`, whether it is an idiom but for a few letters.

    Two texts under the same licence may go on alike behind it, by chance.
    """
    hashed = stretches(normal)
    near = np.clip(starts[:, None] + np.arange(-_FEW, _FEW + 1), 0, len(hashed) - 1)
    return np.asarray(_in_table(hashed[near]).any(axis=1))


def _in_table(hashed: Hashes) -> npt.NDArray[np.bool_]:
    table = _table()
    at = np.minimum(np.searchsorted(table, hashed), len(table) - 1)
    return np.asarray(table[at] == hashed)


def _in_imports(text: str, normal: Letters, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """For each stretch whether it lies in a row of ordinary imports."""
    inside = np.zeros(len(starts), dtype=bool)
    if "import " not in text:
        return inside
    first, last = normal.places[starts], normal.places[starts + GRAM - 1]
    for begin, end in _rows(text):
        inside |= (first >= begin) & (last < end)
    return inside


def _rows(text: str) -> list[tuple[int, int]]:
    """From where to where imports of ordinary words follow each other with nothing between them."""
    rows: list[tuple[int, int]] = []
    for found in _IMPORTS.finditer(text):
        if _ordinary().issuperset(_WORD.findall(found[0])):
            begin, end = found.span()
            rows.append((rows.pop()[0], end) if rows and rows[-1][1] == begin else (begin, end))
    return rows


def stretches(text: Letters) -> Hashes:
    """The hash of every stretch of `text`, as the table knows them; of a text that is shorter than one, none."""
    return grams(text.points, _KEY) >> _SHIFT


def written(hashes: Hashes) -> bytes:
    """`hashes` as a table."""
    return np.unique(hashes).astype("<u8").view(np.uint8).reshape(-1, 8)[:, :BYTES].tobytes()


def read(data: bytes) -> Hashes:
    """The reverse of `written`. Raises ValueError for what is no table."""
    packed = np.frombuffer(data, dtype=np.uint8).reshape(-1, BYTES)
    whole = np.zeros((len(packed), 8), dtype=np.uint8)
    whole[:, :BYTES] = packed
    return whole.view("<u8").reshape(-1).astype(np.uint64)


@functools.cache
def _table() -> Hashes:
    return read(files(__package__).joinpath(NAME).read_bytes())


@functools.cache
def _ordinary() -> frozenset[str]:
    return frozenset(files(__package__).joinpath(WORDS).read_text("utf-8").split())


def imported(text: str) -> set[str]:
    """The words in the imports of `text`."""
    return {word for found in _IMPORTS.finditer(text) for word in _WORD.findall(found[0])}
