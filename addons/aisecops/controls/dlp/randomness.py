"""Whether a value looks as if it was drawn, or chosen by a person: told from a word, a path, a piece of code.

Judges single values that stand where secrets stand; what stands elsewhere is never looked at.
"""

from __future__ import annotations

import math
import re
from collections import Counter

SHORTEST_KEY = 16
SHORTEST_PASSWORD = 6
_FEWEST_BITS = 2.8
"""Shannon entropy in bits per character; random hex of sixteen digits has about 3.2."""

_STAND_IN = re.compile(
    r"\$\{|\$\(|\{\{|<[^<>]*>|%[(s]|\*{3}|\.{3}|x{4}|X{4}|0{8}|"
    r"(?i:example|sample|change.?me|placeholder|redacted|your[_-]?|dummy|foobar|insert|replace|undefined|"
    r"environ|getenv|process\.env|config\.|self\.|this\.|null|lorem|todo|masked|hidden|encrypted:|vault:)"
)
_CODE = re.compile(r"[()\[\]{}|;]|->|::|=>|&&|\\[nrtux]")
_SEGMENT = re.compile(r"[A-Za-z0-9+/]+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_LONGEST_OF_WORDS = 12
_REPEATED = 2
MOST_JUDGED = 256
"""Characters of a value that are looked at."""

_FEWEST_WORDS_PER_SIGN = 0.2
_WORDS_PER_SIGN = 0.35
_WORDS_PER_SIGN_WITHOUT_DIGITS = 0.45
_LONGEST_WITHOUT_DIGITS = 20
_SHORTEST_JUMBLE, _FEWEST_OF_JUMBLE, _SHARE_OF_JUMBLE = 10, 4, 0.3
_VOWEL = re.compile("[aeiouy]", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CLASSES = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"), re.compile(r"[^A-Za-z0-9\s]"))


def is_stand_in(value: str) -> bool:
    """True for what people write where a secret goes later: `${TOKEN}`, `changeme`, `xxxx`, a look-up in code."""
    return _STAND_IN.search(value) is not None or len(set(value)) <= _REPEATED


def is_drawn(value: str) -> bool:
    """True for a value that a machine drew: long, of many signs, digits among letters or capitals in odd places."""
    value = value[:MOST_JUDGED]
    if len(value) < SHORTEST_KEY or is_stand_in(value) or _CODE.search(value) or _entropy(value) < _FEWEST_BITS:
        return False
    if _UUID.fullmatch(value):
        return True
    segment = max(_SEGMENT.findall(value), key=len, default="")
    if len(segment) < _LONGEST_OF_WORDS:
        return False
    words = _WORD.findall(segment)
    density = len(words) / len(segment)
    numbers = sum(map(str.isdecimal, words))
    if numbers > 1:
        return density >= _FEWEST_WORDS_PER_SIGN
    if numbers == 1 and density >= _WORDS_PER_SIGN:
        return True
    lettered = len(segment) >= _LONGEST_WITHOUT_DIGITS and density >= _WORDS_PER_SIGN_WITHOUT_DIGITS
    return "/" not in segment and (_is_jumble(segment) or (numbers == 0 and lettered))


def is_chosen(value: str) -> bool:
    """True for a value that may be a password: letters with digits or marks in it, and no code."""
    if len(value) < SHORTEST_PASSWORD or is_stand_in(value) or _CODE.search(value) or " " in value.strip():
        return False
    lower, upper, digit, mark = (bool(kind.search(value)) for kind in _CLASSES)
    letters = lower or upper
    if letters and not digit and not mark:
        return value.isascii() and len(value) >= _SHORTEST_JUMBLE and _is_jumble(value)
    return letters and (digit or (lower and upper and mark)) and not _is_name(value)


def _is_jumble(segment: str) -> bool:
    """Letters whose capitals part them into words that nobody could say: `KOmxgJTeKdNnFRIB`, not `isOkToUseIt`."""
    words = re.findall("[A-Z]?[a-z]+|[A-Z]+", segment)
    dumb = sum(_VOWEL.search(word) is None for word in words)
    return len(words) >= _FEWEST_OF_JUMBLE and min(len(words) / len(segment), dumb / len(words)) >= _SHARE_OF_JUMBLE


def _is_name(value: str) -> bool:
    """Words joined by marks, at most with a number behind: `user_name1`, `auth.v2`, `/etc/key1`, `2.0.1-beta`."""
    words = re.split(r"[._/:@-]", value)
    return len(words) > 1 and all(re.fullmatch(r"[A-Za-z]*[0-9]{0,3}|[0-9]+", word) for word in words)


def _entropy(value: str) -> float:
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())
