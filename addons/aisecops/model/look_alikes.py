"""Characters that a reader takes for ASCII ones, or does not see at all: what stands for what, one by one.

Knows characters. Two forms of a text that differ in these alone say the same to whoever reads or computes with it.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from functools import lru_cache

# letters of other scripts that read as Latin ones (a choice from Unicode's confusables)
_FOREIGN = (
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u051d\u043a\u043c\u0442\u0432\u043d"
    "\u03b1\u03bf\u03c1\u03bd\u03b9\u03ba\u03c5\u0261\u0131"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405\u0423"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
)
_LATIN = "aeopcyxijsdqwkmtbhaopvikugiABEKMHOPCTXIJSYABEZHIKMNOPTYX"
LOOK_ALIKES: dict[int, str] = {ord(foreign): latin for foreign, latin in zip(_FOREIGN, _LATIN, strict=True)}
"""Code points of letters that look Latin and are not, with the letter they look like."""

_TAGS = range(0xE0020, 0xE007F)
_TAG_BASE = 0xE0000
_UNSEEN = frozenset({"Cf", "Mn", "Me", "Cc"})
_ASIDE = frozenset("\t\n\r\v\f")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and patterns of dots that show nothing at all."""


class Stands(Enum):
    """For what a character stands: another one wherever it is, or only beside ASCII letters and digits; or itself."""

    ALWAYS = "always"
    IN_A_WORD = "in a word"
    APART = "apart"
    ITSELF = "itself"


@lru_cache(maxsize=8192)
def meant(character: str) -> tuple[str, Stands]:  # noqa: PLR0911 - a table in words
    """What `character` stands for, and when. An invisible one stands for nothing."""
    point, kind = ord(character), unicodedata.category(character)
    if character in _ASIDE or (character <= "\x7f" and kind != "Cc"):
        return character, Stands.ITSELF
    if point in _TAGS:
        return chr(point - _TAG_BASE), Stands.ALWAYS
    if character in _BLANK:
        return "", Stands.ALWAYS
    if kind in _UNSEEN:
        return "", Stands.ALWAYS if kind in {"Cf", "Cc"} else Stands.IN_A_WORD
    if kind == "Nd":
        return str(unicodedata.decimal(character)), Stands.ALWAYS
    if point in LOOK_ALIKES:
        return LOOK_ALIKES[point], Stands.IN_A_WORD
    if kind == "Zs":
        return " ", Stands.APART
    if kind == "Pd" or point == ord("\N{MINUS SIGN}"):
        return "-", Stands.APART
    plain = unicodedata.normalize("NFKC", character)
    return (plain, Stands.ALWAYS) if plain.isascii() else (character, Stands.ITSELF)


def stand_ins(text: str) -> dict[int, str]:
    """By code point, what the characters of `text` that stand for others stand for; empty when it says what it shows.

    Look-alike letters and odd spaces and dashes count only beside ASCII: elsewhere they are a language's own.
    """
    if text.isascii() and not _CONTROL.search(text):
        return {}
    found: dict[Stands, dict[str, str]] = {kind: {} for kind in Stands}
    for character in set(text):
        plain, kind = meant(character)
        found[kind][character] = plain
    inside, apart = found[Stands.IN_A_WORD], found[Stands.APART]
    beside = (inside and _beside(inside, "A-Za-z0-9_@").search(text)) or (apart and _between(apart).search(text))
    if not found[Stands.ALWAYS] and not beside:
        return {}
    return {ord(one): plain for one, plain in (found[Stands.ALWAYS] | inside | apart).items()}


_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def _beside(characters: dict[str, str], ascii_class: str) -> re.Pattern[str]:
    odd = re.escape("".join(sorted(characters)))
    return re.compile(f"[{ascii_class}][{odd}]|[{odd}][{ascii_class}]")


def _between(characters: dict[str, str]) -> re.Pattern[str]:
    """An odd space or dash with digits or capitals on both sides, as between the groups of a number."""
    odd = re.escape("".join(sorted(characters)))
    return re.compile(f"[0-9][{odd}][0-9A-Z]")
