"""Runs of letters that are bytes in disguise: base64, base32, hexadecimal; also turned round, or thirteen letters on.

Each run gives the text it says, or nothing. Knows alphabets; what bytes say is `inside_bytes.py`.
"""

from __future__ import annotations

import base64
import binascii
import re
import string
from collections.abc import Callable, Iterator

from aisecops.model.inside_bytes import Opener, Room, said, stretches

MIN_RUN = 14
"""Characters of the shortest run that is opened: ten bytes in base64."""

BASE64 = re.compile(
    r"[A-Za-z0-9+/_-]{40,}+(?:\r?\n[A-Za-z0-9+/_-]{4,}+)+={0,2}"
    rf"|={{0,2}}[A-Za-z0-9+/_-]{{{MIN_RUN},}}+={{0,2}}"
)
BASE32 = re.compile(rf"(?<![A-Za-z0-9])(?:[A-Z2-7]{{{MIN_RUN},}}+|[a-z2-7]{{24,}}+)={{0,6}}(?![A-Za-z0-9])")
HEX = re.compile(
    rf"(?<![0-9A-Za-z])(?:0[xX])?(?:[0-9A-Fa-f]{{2}}){{{MIN_RUN // 2},}}+(?![0-9A-Za-z])"
    r"|(?:(?:0[xX])?[0-9A-Fa-f]{2}[ :,.;+/|_\n\t-]{1,2}){7,}(?:0[xX])?[0-9A-Fa-f]{2}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])(?:(?:[0-9A-Fa-f]{2}){1,8}[ :,.;+/|_\n\t-]{1,2}){2,}(?:[0-9A-Fa-f]{2}){1,8}(?![0-9A-Za-z])"
)

_URL_SAFE = str.maketrans("-_", "+/", "\r\n=")
# six bits that begin an ASCII character: of every four letters the first
_BEGINS_ASCII = str.maketrans("", "", "IJKLMNOPQRSTUVWXYZabcdefCD")
_LONG = 40
_HALF_SURE = 0.4
_FAMILIAR = ("H4sI", "UEsDB", "JVBERi0")  # gzip, zip, PDF: known in the midst of a run, too
_THIRTEEN_ON = str.maketrans(
    string.ascii_letters, "".join(half[13:] + half[:13] for half in (string.ascii_lowercase, string.ascii_uppercase))
)
TURNS: dict[str, Callable[[str], str]] = {
    "backwards": lambda text: text[::-1],
    "rot13": lambda text: text.translate(_THIRTEEN_ON),
}
"""Ways to turn a text that keep its characters' kinds; each is its own reverse."""
_NO_HEX = re.compile(r"0[xX]|[^0-9A-Fa-f]")


def from_base64(run: str, room: Room, opener: Opener) -> str:
    """What a run of base64 says, in either alphabet, begun at any letter, also backwards or thirteen letters on."""
    body = run.translate(_URL_SAFE)
    if len(body) < _LONG and (body.islower() or body.isdigit()):
        return ""  # a word, or an id: what is encoded has capitals
    turned = (turn(body) for turn in TURNS.values())
    likely = [body[start:] for start in _starts(body)]
    likely += [one for one in turned if _begins_ascii(one) >= 1 - _HALF_SURE / 2]
    # what can be read in several ways is read in all of them
    texts = [text for one in likely if (text := said(_bytes64(one), room, opener))]
    if texts:
        return "\n".join(texts)
    if len(body) < _LONG and all(_begins_ascii(body[at:]) < 1 - _HALF_SURE for at in range(4)):
        return ""
    return "\n".join(filter(None, (stretches(_bytes64(body[at:])) for at in range(4))))


def _starts(body: str) -> Iterator[int]:
    """Where the encoded text may begin."""
    if len(body) >= _LONG or _begins_ascii(body) >= 1 - _HALF_SURE or body.startswith(("H4sI", "eJ", "eN", "eA", "AA")):
        yield 0
    yield from (at for at in (1, 2, 3) if _begins_ascii(body[at:]) >= 1 - _HALF_SURE / 2)
    yield from (at for at in (body.find(familiar, 1) for familiar in _FAMILIAR) if at > 0)


def may_be_base64(run: str) -> bool:
    """False for most runs that are not the base64 of a text, which may begin before the run does."""
    body = run.translate(_URL_SAFE)
    return any(_begins_ascii(body[at:]) >= 1 - _HALF_SURE / 2 for at in range(4))


def _begins_ascii(body: str) -> float:
    """The share of bytes triplets in `body` that begin with an ASCII character."""
    firsts = body[::4]
    return 1 - len(firsts.translate(_BEGINS_ASCII)) / len(firsts) if firsts else 0.0


def _bytes64(body: str) -> bytes:
    body = body[:-1] if len(body) % 4 == 1 else body
    return binascii.a2b_base64(body + "=" * (-len(body) % 4))


def from_base32(run: str, room: Room, opener: Opener) -> str:
    """What a run of base32 says."""
    body = run.rstrip("=").upper()
    while len(body) % 8 in {1, 3, 6}:
        body = body[:-1]
    return said(base64.b32decode(body + "=" * (-len(body) % 8)), room, opener)


def from_hex(run: str, room: Room, opener: Opener) -> str:
    """What a run of hexadecimal digits says, with or without marks between the pairs; also backwards."""
    digits = _NO_HEX.sub("", run)
    digits = digits[: len(digits) // 2 * 2]
    return said(bytes.fromhex(digits), room, opener) or said(bytes.fromhex(digits[::-1]), room, opener)
