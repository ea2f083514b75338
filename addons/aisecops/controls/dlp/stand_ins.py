"""What stands in for a value: of the same shape, never anybody's, and not to be guessed without the key.

A pure function of kind, value, key and attempt; the same value gets the same stand-in wherever it is met. Of ASCII
letters, digits and a few marks that no format escapes, so that it is found again in whatever a model makes of it.
Does not know which are in use: whoever calls tries the next attempt.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

MAIL_DOMAIN = "mail.example"
"""RFC 2606: nobody's."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_EASY = "abcdefghjkmnpqrstuvwxyz23456789"
_DIGITS = "0123456789"
_KEPT_MARKS = frozenset(" .-_:+()#,")
_ONSETS = (
    "b",
    "br",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "z",
)
_VOWELS = ("a", "e", "i", "o", "u", "ae", "ei")
_CODAS = ("l", "n", "r", "s", "x", "th")
_MOST_WORDS = 3
_TURNS = 16
_LEAST_CHOICES = 10**7
"""A shape with less room than this is given up for one that has it."""

_SHORTEST_CARD, _SHORTEST_IBAN, _SECURITY_DIGITS, _HARDWARE_DIGITS = 12, 15, 9, 12

_NOBODYS_IIN = "9999"
"""ISO/IEC 7812: for national use, in a country that does not exist."""
_NOBODYS_COUNTRY = "ZZ"
"""ISO 3166: for private use."""
_NOBODYS_PREFIX = "999"
"""E.164: a country code that is reserved and not given out."""


class _Draw:
    """An endless row of choices, the same for the same seed."""

    def __init__(self, key: bytes, *seed: str) -> None:
        self._key = key
        self._seed = b"".join(len(data).to_bytes(4) + data for one in seed for data in (_bytes(one),))
        self._count = 0

    def below(self, most: int) -> int:
        data = self._count.to_bytes(4) + self._seed
        self._count += 1
        return int.from_bytes(hashlib.blake2b(data, key=self._key, digest_size=16).digest()) % most

    def of(self, choices: str | tuple[str, ...]) -> str:
        return choices[self.below(len(choices))]

    def row(self, choices: str, length: int) -> str:
        return "".join(self.of(choices) for _ in range(length))


def stand_in(entity: str, value: str, *, key: bytes, attempt: int = 0) -> str:
    """The stand-in for `value`, found as `entity`. `key` is at most 64 bytes. Never `value` itself."""
    shape = _SHAPES.get(entity, _alike)
    for turn in range(_TURNS):
        seed = value, str(attempt), str(turn)
        text = shape(value, _Draw(key, *seed)) or _named(entity, _Draw(key, *seed))
        if text.lower() not in value.lower():
            return text
    raise ValueError("no stand-in differs from its value")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _named(entity: str, draw: _Draw) -> str:
    """For what has no shape of its own: its kind and a name."""
    return f"{entity.lower().replace('_', '-')}-{draw.of(_LETTERS)}{draw.row(_EASY, 9)}"


def _alike(value: str, draw: _Draw) -> str:
    """Letters for letters, digits for digits, marks where marks are; empty when that leaves too little room."""
    choices = 1
    for character in value:
        if character.isalnum():
            choices *= len(_DIGITS if character.isdigit() else _LETTERS)
    if choices < _LEAST_CHOICES:
        return ""
    return "".join(_like(character, draw) for character in value)


def _like(character: str, draw: _Draw) -> str:
    if character.isdigit():
        return draw.of(_DIGITS)
    if character.isalnum():
        letter = draw.of(_LETTERS)
        return letter.upper() if character.isupper() else letter
    return character if character in _KEPT_MARKS else "-"


def _laid_out(value: str, characters: str) -> str:
    """`characters` in the places of the letters and digits of `value`, its marks between them."""
    coming = iter(characters)
    return "".join(
        next(coming, "") if character.isalnum() else character if character in _KEPT_MARKS else "-"
        for character in value
    )


def _length(value: str) -> int:
    return sum(map(str.isalnum, value))


def _mail(_value: str, draw: _Draw) -> str:
    return f"{draw.of(_LETTERS)}{draw.row(_EASY, 9)}@{MAIL_DOMAIN}"


def _card(value: str, draw: _Draw) -> str:
    if _length(value) < _SHORTEST_CARD:
        return ""
    body = _NOBODYS_IIN + draw.row(_DIGITS, _length(value) - len(_NOBODYS_IIN) - 1)
    doubled = [int(digit) * (2 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(body))]
    check = -sum(number // 10 + number % 10 for number in doubled) % 10
    return _laid_out(value, f"{body}{check}")


def _iban(value: str, draw: _Draw) -> str:
    if _length(value) < _SHORTEST_IBAN:
        return ""
    account = draw.row(_DIGITS, _length(value) - 4)
    letters = "".join(str(int(letter, 36)) for letter in _NOBODYS_COUNTRY)
    check = 98 - int(f"{account}{letters}00") % 97
    return _laid_out(value, f"{_NOBODYS_COUNTRY}{check:02d}{account}")


def _security_number(value: str, draw: _Draw) -> str:
    """An area that is given to nobody, and a group that makes it no taxpayer number either."""
    if _length(value) != _SECURITY_DIGITS:
        return ""
    return _laid_out(value, f"9{draw.row(_DIGITS, 2)}{draw.of('01234')}{draw.row(_DIGITS, _length(value) - 4)}")


def _phone(value: str, draw: _Draw) -> str:
    room = _length(value) - len(_NOBODYS_PREFIX)
    if room < 0 or 10**room < _LEAST_CHOICES:
        return ""
    return _laid_out(value, _NOBODYS_PREFIX + draw.row(_DIGITS, room))


def _address(value: str, draw: _Draw) -> str:
    """Of networks that are never routed: for benchmarks (RFC 2544), for documentation (RFC 3849)."""
    if ":" in value:
        return "2001:db8:" + ":".join(f"{draw.below(0x10000):x}" for _ in range(6))
    return f"198.{18 + draw.below(2)}.{draw.below(256)}.{draw.below(256)}"


def _hardware_address(value: str, draw: _Draw) -> str:
    """Of those that every owner gives out for himself."""
    return _laid_out(value, "02" + draw.row("0123456789abcdef", 10)) if _length(value) == _HARDWARE_DIGITS else ""


def _words(value: str, draw: _Draw) -> str:
    return " ".join(_word(draw) for _ in range(min(max(len(value.split()), 1), _MOST_WORDS)))


def _word(draw: _Draw) -> str:
    """A name that could be one."""
    syllables = [draw.of(_ONSETS) + draw.of(_VOWELS) for _ in range(2)]
    return ("".join(syllables) + draw.of(_CODAS)).capitalize()


def _url(_value: str, draw: _Draw) -> str:
    return f"https://{draw.of(_LETTERS)}{draw.row(_EASY, 9)}.example"


_SHAPES: dict[str, Callable[[str, _Draw], str]] = {
    "EMAIL_ADDRESS": _mail,
    "CREDIT_CARD": _card,
    "IBAN_CODE": _iban,
    "US_SSN": _security_number,
    "US_ITIN": _security_number,
    "PHONE_NUMBER": _phone,
    "IP_ADDRESS": _address,
    "MAC_ADDRESS": _hardware_address,
    "PERSON": _words,
    "LOCATION": _words,
    "ORGANIZATION": _words,
    "NRP": _words,
    "URL": _url,
}

_NAME = re.compile(r"[^\W\d_][^\s,.;:()]{2,}")

_ALSO_WORDS = """
    Art Basil Bill Black Brown Chance Chase Christian Clay Cook Daisy Dale Dawn Dean Drew Earl Faith Ford Frank
    Gene German Grace Grant Green Guy Hall Harry Hope Hunter Iris Jack Jean Joy June King Lane Lily Long Mark
    Mason Max May Miles Miller Norm Olive Page Park Patience Pearl Penny Rich Rob Robin Rose Ruby Rusty Short
    Smith Stone Sue Summer Violet White Will Wood Young
"""
ALSO_WORDS = frozenset(_ALSO_WORDS.split())
"""Names that are words as well: alone they are left standing, for most of the time nobody is meant."""


def names_in(entity: str, value: str) -> list[str]:
    """The names of a person that has several: one is often said alone, so each has a stand-in of its own."""
    words = value.split()
    if entity != "PERSON" or len(words) == 1:
        return []
    return [word for word in words if _NAME.fullmatch(word) and word[0].isupper()]
