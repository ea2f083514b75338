"""Named fields out of a provider's JSON: the type we rely on, or WireError.

Knows JSON types and how to name a place. Unknown fields are nobody's business here: providers add them.
"""

from __future__ import annotations

import hashlib

import orjson

from aisecops.model.errors import WireError
from aisecops.wire.limits import JsonValue

type JsonObject = dict[str, JsonValue]


def an_object(value: JsonValue, at: str) -> JsonObject:
    """`value` as an object; `at` is its JSON pointer, for the words of the error."""
    if not isinstance(value, dict):
        raise WireError(f"`{at or '/'}` must be an object")
    return value


def text(holder: JsonObject, name: str, at: str) -> str:
    """The string `name` in the object at `at`."""
    value = holder.get(name)
    if not isinstance(value, str):
        raise WireError(f"`{at}/{name}` must be a string")
    return value


def maybe_text(holder: JsonObject, name: str, at: str) -> str:
    """The string `name`; empty when it is absent or null."""
    return "" if holder.get(name) is None else text(holder, name, at)


def maybe_count(holder: JsonObject, name: str, at: str) -> int | None:
    """The whole number `name`, not negative; None when it is absent or null."""
    value = holder.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise WireError(f"`{at}/{name}` must be a whole number, not negative")
    return value


def count(holder: JsonObject, name: str, at: str) -> int:
    """The whole number `name`; 0 when it is absent or null."""
    return maybe_count(holder, name, at) or 0


def flag(holder: JsonObject, name: str, at: str) -> bool:
    """The boolean `name`; False when it is absent or null."""
    value = holder.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise WireError(f"`{at}/{name}` must be true or false")
    return value


def objects(holder: JsonObject, name: str, at: str) -> list[tuple[str, JsonObject]]:
    """The objects in the list `name`, each with its JSON pointer; none when it is absent or null."""
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise WireError(f"`{at}/{name}` must be a list")
    found: list[tuple[str, JsonObject]] = []
    for number, item in enumerate(value):
        match item:
            case dict():
                found += ((f"{at}/{name}/{number}", item),)
            case _:
                raise WireError(f"`{at}/{name}/{number}` must be an object")
    return found


def maybe_object(holder: JsonObject, name: str, at: str) -> JsonObject:
    """The object `name`; an empty one when it is absent or null."""
    value = holder.get(name)
    return {} if value is None else an_object(value, f"{at}/{name}")


def as_json(value: JsonValue) -> str:
    """`value` as compact JSON text with sorted names: the same value, the same text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def address_or_digest(media: str) -> str:
    """What stands for an image or a file: its address, or `sha256:...` of a `data:` address."""
    return digest(media) if media[:5].lower() == "data:" else media


def digest(data: str) -> str:
    """What stands for data in the body."""
    return f"sha256:{hashlib.sha256(data.encode()).hexdigest()}"
