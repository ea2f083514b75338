"""The words of a text, so that a short value can be found again in it: an address, an account, a name.

A value is there when its words stand side by side in the text, whatever marks are around them. Kept as keyed hashes.
Knows where a word ends; does not know whose text it is.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

from aisecops.controls.provenance.winnow import once_each
from aisecops.model.of_short import OfShort

# Inside a word may stand what holds addresses, links, numbers and ids together; around it only marks.
_SIGNS = r"[^\s\"'`<>()\[\]{}|,;*!?\u3001\u3002\u201c\u201d\u2018\u2019\u00ab\u00bb]+"
_WORD = re.compile(rf"{_SIGNS}(?:(?<=[0-9]),(?=[0-9]){_SIGNS})*")
_APART = str.maketrans(dict.fromkeys("\"'`<>()[]{}|,;*!?", " "))
_NUMBER_WITH_MARKS = re.compile(r"[0-9],[0-9]")
_MARKS = re.compile(r"[\W_]+")
_LETTER = re.compile(r"[^\W\d_]")
_EDGES = ".:-_=/\\&#~^@%+$\u2026"
_ADDRESS = re.compile(
    r"[^@\s]+@[^@\s]+\.[^@\s]+|[a-z][a-z0-9+.-]*://\S+|(?:[a-z0-9-]+\.)+[a-z]{2,}(?:[:/]\S*)?", re.IGNORECASE
)
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@(?=[^/]*/))?((?:[\w-]+\.)+[\w-]+)(?::[0-9]{1,5})?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_JOINS = re.compile(r"[=&:/?#%\\+~]|\.(?=[:/])")
"""What stands between an address and what it is part of."""
_PLACE = re.compile(r"(?:[\w.+-]+@)?(?:[\w-]+\.)+[^\W\d_]{2,}")
_NUMBER = re.compile(r"[-+]?[$\u20ac\u00a3]?[0-9][0-9,._' ]*%?")
_NUMERIC = re.compile(
    r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9])"
)  # an address of the network: 10.1.11.1 is not 101.1.1.1
_GROUPED = re.compile(r"(?<=[0-9A-Z])[ -](?=[0-9A-Z])")
_IN_GROUPS = re.compile(
    r"\b(?:[A-Z]{0,4}[0-9]{2,}[A-Z]{0,4}[ -]){2,8}[A-Z0-9]{1,6}\b"  # an account, a card
    r"|\+?[0-9]{1,4}(?:[ -]\(?[0-9]{2,4}\)?){2,5}"  # a telephone number
)
_COUNTING = frozenset("/\\~-._")
_EVERYBODY = frozenset({"all", "channel", "everyone", "here", "room"})
"""Words that somebody says of anything, and that call everybody behind an `@`."""
_MAY_BE_GROUPED = re.compile(r"[0-9][A-Z]{0,4}[ -]\(?[A-Z0-9]")
"""What stands in everything that is written in groups: a look for it costs a tenth."""

MAX_WORDS = 200_000
WORDS_KEPT = 16_384
"""Words of which the normal form, and the hash, are at hand: most texts say the same few thousand again and again."""
_LONGEST_KEPT = 32
_GROUP = 3  # digits between the marks of thousands


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The hashed words of texts, and pairs of neighbours; both sorted."""

    words: npt.NDArray[np.uint64]
    pairs: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.words)

    def holds(self, value: str, key: bytes, *, exactly: bool = True) -> bool:
        """True when `value` stands in the texts: whole, or word by word in its order. False for one without words.

        `exactly`: with the marks before its words that make others of them: `/etc` is not the `etc` of a sentence.
        """
        said, marked = _told(value)
        if not said:
            return False
        hashed = hashes(said, key)
        if not _all_in(hashed, self.words) or (exactly and marked and not _all_in(hashes(marked, key), self.words)):
            return False
        return len(hashed) == 1 or _all_in(pairs_of(hashed), self.pairs)

    def share_in(self, other: Vocabulary) -> float:
        """Which part of its words are words of `other` too, 0 to 1; 0 when it has none."""
        return float(np.isin(self.words, other.words).mean()) if len(self.words) else 0.0


EMPTY = Vocabulary(words=np.empty(0, dtype=np.uint64), pairs=np.empty(0, dtype=np.uint64))


def vocabulary(texts: Iterable[str], key: bytes) -> Vocabulary:
    """The vocabulary of `texts`. Of more than `MAX_WORDS` words in all only the first are kept."""
    words, pairs, left = [EMPTY.words], [EMPTY.pairs], MAX_WORDS
    for text in texts:
        said, marked = _told(text)
        hashed = hashes(said[:left], key)
        words += [hashed, hashes(marked[:left], key)]
        pairs.append(pairs_of(hashed))
        left -= len(hashed)
    return Vocabulary(words=once_each(words), pairs=once_each(pairs))


def together(*parts: Vocabulary) -> Vocabulary:
    """One vocabulary of all `parts`."""
    if len(parts) == 1:
        return parts[0]
    return Vocabulary(
        words=once_each([EMPTY.words, *(part.words for part in parts)]),
        pairs=once_each([EMPTY.pairs, *(part.pairs for part in parts)]),
    )


def split(text: str) -> list[str]:
    """The words of `text` in their normal form. A number written in groups is one word, and so is an address."""
    return _told(text)[0]


def placed(text: str) -> list[tuple[str, int, int]]:
    """The words of `text` as `split` has them, each with where it begins and ends."""
    joined, places = text, range(len(text) + 1)
    if _MAY_BE_GROUPED.search(text) is not None:
        left_out = {
            group.start() + mark.start() for group in _IN_GROUPS.finditer(text) for mark in _GROUPED.finditer(group[0])
        }
        kept = [at for at in range(len(text)) if at not in left_out]
        joined, places = "".join(text[at] for at in kept), [*kept, len(text)]  # type: ignore[assignment]
    return [
        (normal, places[found.start()], places[found.end() - 1] + 1)
        for found in _WORD.finditer(joined)
        if (normal := _normals[found[0]])
    ]


def _told(text: str) -> tuple[list[str], list[str]]:
    """The words of `text` in their normal form; and those before which a mark stands that counts, with it."""
    if _MAY_BE_GROUPED.search(text) is not None:
        text = _IN_GROUPS.sub(lambda found: _GROUPED.sub("", found[0]), text)
    known, words = _normals, _words_in(text)
    begun = [word for word in words if word[0] in _EDGES]
    marked = [f"{before}{known[word]}" for word in begun if (before := _before(word)) and known[word]]
    return [normal for word in words if (normal := known[word])], marked


def _before(word: str) -> str:
    """The marks before `word`, where they make it another: of a path, a flag, a number, or what is before an @."""
    bare = word.lstrip(_EDGES)
    before = word[: len(word) - len(bare)].removeprefix("./")
    if before == "@" and bare.lower() in _EVERYBODY:
        return before
    return before if "@" in bare or not _COUNTING.isdisjoint(before) else ""


def _words_in(text: str) -> list[str]:
    """The words of `text` as they stand."""
    if text.isascii() and _NUMBER_WITH_MARKS.search(text) is None:
        return text.translate(_APART).split()  # most texts, five times as quick
    return _WORD.findall(text)


def _normal(word: str) -> str:
    """Small and without marks around it. Marks inside it stay where there are letters: `bo@bacme.test` is not Bob's."""
    if word.isascii() and word.isalpha():
        return word.lower()  # most words
    word = word.strip(_EDGES)
    if _NUMERIC.match(word) is not None:
        return word.lower()
    number = _number(word)
    if number:
        return number
    if not word.isascii():
        word = _composed(word)
        if word.isalnum():
            return "".join(one for one in unicodedata.normalize("NFKD", word) if one.isalnum())  # Café is Cafe
    small = word.lower()
    return small if _LETTER.search(small) else _MARKS.sub("", small)


def _composed(word: str) -> str:
    """Wide and styled forms made plain, and nothing that cannot be seen. A letter of another script stays one."""
    seen = "".join(one for one in word if unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold()).strip(_EDGES)


_normals = OfShort(_normal, most=WORDS_KEPT, longest=_LONGEST_KEPT)


def addresses(value: str) -> list[str]:
    """What in `value` says where something goes: mail addresses, links, host names."""
    return [match[0].strip(_EDGES) for match in _WORD.finditer(value) if _ADDRESS.fullmatch(match[0].strip(_EDGES))]


def hosts(text: str) -> list[str]:
    """The host names that stand in `text` inside something longer: a link, or with a path or port behind them."""
    if "." not in text or ("/" not in text and ":" not in text):
        return []
    found = (_LINK.fullmatch(word.strip(_EDGES)) for word in _words_in(text) if "." in word)
    named = [match[1].lower() for match in found if match is not None]
    return list(dict.fromkeys(written for host in named for written in (host, _as_asked(host))))


def named_inside(text: str) -> list[str]:
    """Addresses and host names inside longer words of `text`: behind `to=` or `mailto:`, in what a link asks for."""
    if "." not in text:
        return []
    longer = [word for word in _words_in(text) if "." in word and _JOINS.search(word) is not None]
    pieces = (piece.strip(_EDGES) for word in longer for piece in _JOINS.split(unquote(word)) if "." in piece)
    return list(dict.fromkeys(piece for piece in pieces if _PLACE.fullmatch(piece) is not None))


def _as_asked(host: str) -> str:
    """`host` as it is asked for; itself when it cannot be written so."""
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host


def hashes(words: list[str], key: bytes) -> npt.NDArray[np.uint64]:
    """The keyed hash of each word."""
    known = _drawn_with(key[:64])
    return np.frombuffer(b"".join([known[word] for word in words]), dtype=">u8").astype(np.uint64)


@lru_cache(maxsize=8)
def _drawn_with(key: bytes) -> OfShort[bytes]:
    begun = hashlib.blake2b(key=key, digest_size=8)

    def drawn(word: str) -> bytes:
        hashed = begun.copy()
        hashed.update(word.encode())
        return hashed.digest()

    return OfShort(drawn, most=WORDS_KEPT, longest=_LONGEST_KEPT)


def _number(word: str) -> str:
    """A number without its groups and final zeros: `1,250.00` and `1250` are one word. Empty for what is none."""
    if word[:1].isalpha() or _NUMBER.fullmatch(word) is None:
        return ""
    bare = re.sub(r"[^0-9.,]", "", word)
    mark = max(bare.rfind("."), bare.rfind(","))
    alone = bare.count(bare[mark]) == 1 if mark >= 0 else False
    both = "." in bare and "," in bare
    if alone and (both or len(bare) - mark - 1 != _GROUP):
        whole, fraction = _digits(bare[:mark]), _digits(bare[mark:]).rstrip("0")
        return f"{whole}.{fraction}" if fraction else whole
    return _digits(bare)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def pairs_of(hashed: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The hash of each word with the one behind it."""
    return hashed[:-1] * np.uint64(0x9E3779B97F4A7C15) + hashed[1:]


def each_in(wanted: npt.NDArray[np.uint64], among: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """For each of `wanted` whether it is one of `among`, which are sorted."""
    if not len(among):
        return np.zeros(len(wanted), dtype=np.bool_)
    at = np.minimum(np.searchsorted(among, wanted), len(among) - 1)
    return np.asarray(among[at] == wanted)


def _all_in(wanted: npt.NDArray[np.uint64], among: npt.NDArray[np.uint64]) -> bool:
    return bool(each_in(wanted, among).all()) if len(among) else False
