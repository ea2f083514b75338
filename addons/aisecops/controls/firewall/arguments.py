"""Where the value of an argument came from: what operator and user said, or only what was retrieved (contract 10).

Looks a value up by its words, in any of the ways it may be written. Knows words; judging is `judge.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from aisecops.model.envelope import ArgumentSource
from aisecops.model.readings import Reading, readings

MOST_ADDRESSES = 100
"""Of one entry of a list; each is looked for in what the others leave of it, and nobody says so many in a row."""
_LISTED = re.compile(r"[,;|\t\r\n]")
_OPENS = " <([\"'"
_ENDS = re.compile(r"[.:]*(?:[\s>)\]\"']|$)")
"""What may stand before an address, and behind it, that is not of it."""

type JsonValue = bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None


class Words(Protocol):
    """Texts in which values can be looked up."""

    def holds(self, value: str) -> bool:
        """True when `value` stands in the texts."""
        ...

    def addresses(self, value: str) -> list[str]:
        """What in `value` says where something goes."""
        ...


def source_of(value: JsonValue, *, trusted: Words, untrusted: Words) -> ArgumentSource:
    """Where `value` was found; of a list or an object, what holds of its least trusted leaf."""
    found = [_leaf_source(leaf, trusted, untrusted) for leaf in leaves(value)]
    for source in (ArgumentSource.UNTRUSTED, ArgumentSource.NOWHERE, ArgumentSource.TRUSTED):
        if source in found:
            return source
    return ArgumentSource.NONE


def leaves(value: JsonValue) -> Iterator[str]:
    """The texts and numbers in `value`. True, false and null say nothing by themselves.

    Names of members are the tool's, but for addresses and links: no tool has those for names.
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one.values(), *(name for name in one if "@" in name or "://" in name)]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str):
            if one.strip():
                yield one
        elif one is not None and not isinstance(one, bool):
            yield repr(one)


def _leaf_source(leaf: str, trusted: Words, untrusted: Words) -> ArgumentSource:
    said = list(readings(leaf))
    if any(_is_all_of(reading, leaf) and _holds(trusted, reading.text) for reading in said):
        return ArgumentSource.TRUSTED
    if any(_touches(untrusted, reading.text) for reading in said):
        return ArgumentSource.UNTRUSTED
    return ArgumentSource.NOWHERE


def _is_all_of(reading: Reading, leaf: str) -> bool:
    """True when a program that takes the dress off would read this, and nothing beside it.

    Not what only reads like it, and not a part of it: an encoded word of the user's beside a stranger's address.
    """
    if reading.alike:
        return False
    at = 0
    for origin in sorted(reading.origins, key=lambda one: one.start) if reading.dress else ():
        if any(map(str.isalnum, leaf[at : origin.start])):
            return False
        at = max(at, origin.end)
    return not reading.dress or not any(map(str.isalnum, leaf[at:]))


def _holds(words: Words, text: str) -> bool:
    """All of it, or of each that it lists all addresses: the name written around an address steers nothing."""
    if words.holds(text):
        return True
    return bool(words.addresses(text)) and all(_vouches(words, one) for one in _LISTED.split(text) if one.strip())


def _vouches(words: Words, one: str) -> bool:
    addresses = words.addresses(one)
    if not addresses:
        return words.holds(one)
    if len(addresses) > MOST_ADDRESSES:
        return False
    named = one
    for address in addresses:
        before, _, behind = named.partition(address)
        if _ENDS.match(behind) is None or (before and before[-1] not in _OPENS):
            return False  # more of a link, such as what it is asked
        named = f"{before} {behind}"
    return "@" not in named and all(words.holds(address) for address in addresses)


def _touches(words: Words, text: str) -> bool:
    """All of it, or any address in it."""
    return words.holds(text) or any(words.holds(address) for address in words.addresses(text))
