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
_BLOCK = 512
"""Letters that are looked at together when some of them are asked about."""

type Flags = npt.NDArray[np.bool_]
type Places = npt.NDArray[np.int64]

_IMPORTS = re.compile(
    r"^[ \t]*+(?:from[ \t]++[\w.]{1,80}+[ \t]++import[ \t]++(?:\([\w\s,]{1,2000}+\)|[\w,. \t]{1,200}+)"
    r"|import[ \t]++[\w,. \t]{1,200}+"
    r"|import[ \t]++(?:type[ \t]++)?[\w*{}, \t]{1,200}[ \t]from[ \t]*+['\"][\w./@:-]{1,120}+['\"];?"
    r"|(?:const|let|var)[ \t]++[\w{},: \t]{1,200}+=[ \t]*+require\(['\"][\w./@:-]{1,120}+['\"]\)[;,]?"
    r"|(?:import[ \t]++)?(?:[\w.]{1,40}+[ \t]++)?\"[\w./@-]{1,120}+\"|import[ \t]++\()[ \t]*+$(?:[ \t]*+\n)*+",
    re.MULTILINE,
)
"""Imports of Python, JavaScript and Go; of Go a path alone on its line is one too, as it is in a list of them."""
_WORD = re.compile(r"\w+")


class Idioms:
    """What of one text, whose normal form is `normal`, is idioms."""

    def __init__(self, text: str, normal: Letters) -> None:
        self._text = text
        self._normal = normal
        self._blocks: dict[int, Flags] = {}

    def at(self, starts: Places) -> Flags:
        """For each stretch that begins at `starts`, whether it is an idiom."""
        inside = _in_table(self._hashed[starts])
        first, last = self._normal.places[starts], self._normal.places[starts + GRAM - 1]
        for begin, end in self._rows:
            inside |= (first >= begin) & (last < end)
        return inside

    def beside(self, starts: Places) -> Flags:
        """For each stretch that begins at `starts`, whether it is an idiom but for a few letters.

        Two texts under the same licence may go on alike behind it, by chance.
        """
        near = np.clip(starts[:, None] + np.arange(-_FEW, _FEW + 1), 0, len(self._hashed) - 1)
        return np.asarray(_in_table(self._hashed[near]).any(axis=1))

    def own_letters(self, first: int, end: int) -> int:
        """How many of the letters from `first` to `end` stand in no idiom: between two there may be none."""
        own = 0
        for block in range(first // _BLOCK, (end - 1) // _BLOCK + 1):
            begin = block * _BLOCK
            own += int(self._own(block)[max(0, first - begin) : end - begin].sum())
        return own

    def _own(self, block: int) -> Flags:
        """Which letters of a block stand in no idiom; worked out once, however many ask."""
        known = self._blocks.get(block)
        if known is None:
            begin, end = block * _BLOCK, min((block + 1) * _BLOCK, len(self._normal))
            before = max(0, begin - GRAM + 1)
            starts = np.arange(before, min(len(self._hashed), end))
            idiom = np.flatnonzero(self.at(starts))
            depth = np.zeros(len(starts) + GRAM, dtype=np.int64)
            depth[idiom] += 1
            depth[idiom + GRAM] -= 1
            known = self._blocks[block] = np.asarray(depth.cumsum()[begin - before : end - before] == 0)
        return known

    @functools.cached_property
    def _hashed(self) -> Hashes:
        return stretches(self._normal)

    @functools.cached_property
    def _rows(self) -> list[tuple[int, int]]:
        """From where to where imports of ordinary words follow each other with nothing between them."""
        rows: list[tuple[int, int]] = []
        if "import " not in self._text and "require(" not in self._text:
            return rows
        for found in _IMPORTS.finditer(self._text):
            if _ordinary().issuperset(_WORD.findall(found[0])):
                begin, end = found.span()
                rows.append((rows.pop()[0], end) if rows and rows[-1][1] == begin else (begin, end))
        return rows


def _in_table(hashed: Hashes) -> Flags:
    table = _table()
    at = np.minimum(np.searchsorted(table, hashed), len(table) - 1)
    return np.asarray(table[at] == hashed)


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
