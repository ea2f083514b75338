"""What an answer says once its reader has taken a dress off: an encoding, escapes, a charset of its own, zero bytes.

So that it is known again as an agent passes it on. Never raises for what a server sent. Which dresses there are is
`model/dresses.py`'s; how an answer is read where it is what it says it is, `wire/texts.py`'s.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence

from aisecops.gateway.aside import in_thread
from aisecops.gateway.recent import OfTexts
from aisecops.model.exchange import Headers, values
from aisecops.model.one_pass import prepared, which_match
from aisecops.model.readings import readings

LEAST = 24
"""Characters of a reading that is a text of its own."""
SHORT = 2_000
"""Characters that are looked at in the event loop: less than a millisecond."""
KEPT_CHARS = 512 * 1024
"""Characters of texts of which it is kept what they say without their dresses."""
MOST_READINGS = 20
"""Of one text."""
_DRESSED = prepared(
    r"[A-Za-z0-9+/_-]{40}|\\+(?:u00|x)[2-7]|(?:%[2-7][0-9A-Fa-f]){4}|(?:=[2-7][0-9A-F]){4}"
    r"|(?:&#[xX]?[0-9a-fA-F]{1,6};){4}|(?:[0-9a-fA-F]{2}[ :,]?){16}|\+A[A-Za-z0-9+/]{2,}-"
)
"""What stands in every text with a dress that a program takes off."""
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_IS_TEXT = 0.7
"""This part of it are letters, digits, spaces and ordinary marks: what is no text has half as many."""
_ORDINARY = re.compile(r"[\w\s.,;:!?@()'\"/<>=-]")
_LOOKED_AT = 2_000
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""Codecs that no page is written in; some take forever."""


async def without_dresses(texts: Sequence[str]) -> list[str]:
    """`texts`, and what they say without their dresses; looked for here where they are short, else in a thread."""
    dressed = [text for text in texts if _is_dressed(text)]
    if not dressed:
        return list(texts)
    said = _said.at_hand(dressed)
    new = [text for text in dressed if text not in said]
    if sum(map(len, new)) <= SHORT:
        said |= {text: _said(text) for text in new}
    else:
        said |= await in_thread(lambda: {text: _said(text) for text in new})
    return [*texts, *_once(dressed, said)]


def undressed(texts: Iterable[str]) -> list[str]:
    """What `texts` say without their dresses. Takes as long as looking for them again does."""
    told = list(texts)
    return _once(told, {text: _said(text) for text in told if _is_dressed(text)})


def _is_dressed(text: str) -> bool:
    return bool(which_match(text.encode("utf-8", "surrogatepass"), _DRESSED))


def _once(texts: Sequence[str], said: Mapping[str, Sequence[str]]) -> list[str]:
    """What is `said` in each of `texts`, and is none of them itself."""
    found = dict.fromkeys(itertools.chain.from_iterable([said.get(text, ()) for text in texts]))
    return [one for one in found if one not in texts]


def _readings_of(text: str) -> tuple[str, ...]:
    said = (reading.text for reading in itertools.islice(readings(text), 1, MOST_READINGS))
    return tuple(one for one in said if len(one) >= LEAST)


_said = OfTexts(_readings_of, most_chars=KEPT_CHARS)


def read_anyhow(headers: Headers, body: bytes) -> list[str]:
    """`body`, which cannot be read strictly, as readers read it that take whatever comes. Empty for what is no text."""
    named = [found[1] for value in values(headers, "content-type") for found in _CHARSET.finditer(value)]
    charsets = dict.fromkeys(filter(_is_charset, (*named[:2], "utf-8")))
    return list(dict.fromkeys(_text(body, one) for one in charsets if _reads_as_text(body[:_LOOKED_AT], one)))


def _is_charset(name: str) -> bool:
    try:
        return codecs.lookup(name).name not in _NO_CHARSETS
    except LookupError:
        return False


def _reads_as_text(beginning: bytes, charset: str) -> bool:
    text = _text(beginning, charset)
    return len(_ORDINARY.findall(text)) >= _IS_TEXT * max(len(text), 1)


def _text(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset, "replace").replace("\0", "")
    except (LookupError, UnicodeError):
        return ""  # a codec of something else than text
