"""The texts in an answer that an agent may read: as it stands, as its values, and as a page shows it.

For whoever wants to know the content again in whatever form an agent passes it on. Never raises for what a server
sent: what is no text has none.
"""

from __future__ import annotations

import re

import orjson

from aisecops.model.errors import WireError
from aisecops.model.exchange import Headers
from aisecops.wire.limits import JsonBounds, JsonValue
from aisecops.wire.media_type import declared_charset, media_type, read_text
from aisecops.wire.page import Page

MAX_TEXTS = 20_000
_LONG = 24
"""Values from so many characters on are texts of their own; shorter ones are known with what is around them."""
_JOINTS = re.compile(r"[_.-]+|(?<=[a-z])(?=[A-Z])")


def texts_of(headers: Headers, body: bytes) -> list[str]:
    """The texts of `body`, which is decoded: the whole first, then its parts. Empty for what is no text."""
    try:
        kind = media_type(headers)
        whole = read_text(body, declared_charset(kind))
    except WireError:
        return []
    if "\0" in whole:
        return []
    start = whole.lstrip("\ufeff \t\r\n")[:1]
    if start in {"{", "[", '"'}:
        return _of_json(whole, body)
    if start == "<":
        return [whole, *_of_page(whole)]
    return [whole]


def said_in(headers: Headers, body: bytes, json: JsonBounds) -> JsonValue:
    """What `body`, which is decoded, says: JSON if it is that, whatever it is called, else text; None for neither."""
    try:
        text = read_text(body, declared_charset(media_type(headers)))
    except WireError:
        return None
    if text.lstrip("\ufeff \t\r\n")[:1] in {"{", "[", '"'}:
        try:
            return json.read(body)
        except WireError:
            return text
    return text or None


def strings_in(value: JsonValue) -> list[str]:
    """Every text in a JSON value, in no order that counts."""
    found: list[str] = []
    waiting: list[JsonValue] = [value]
    while waiting and len(found) < MAX_TEXTS:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found


def names_in(value: JsonValue) -> list[str]:
    """Every name of a member in a JSON value, as the words that it is made of: a model reads `ignore_this` too."""
    found: list[str] = []
    waiting: list[JsonValue] = [value]
    while waiting and len(found) < MAX_TEXTS:
        one = waiting.pop()
        if isinstance(one, dict):
            found += [_JOINTS.sub(" ", name) for name in one]
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found


def _of_json(whole: str, body: bytes) -> list[str]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [whole]
    # without its escapes it reads as it does when an agent has taken it apart and put it together again
    plain = orjson.dumps(value).decode()
    return [plain, *(text for text in strings_in(value) if len(text) >= _LONG)]


def _of_page(whole: str) -> list[str]:
    page = Page()
    page.feed(whole)
    page.close()
    return [" ".join(page.shown), *(text for text in page.beside if len(text) >= _LONG)]
