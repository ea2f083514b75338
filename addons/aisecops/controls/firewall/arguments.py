"""Where the value of an argument came from: what operator and user said, or only what was retrieved (contract 10).

Looks a value up by its words, in any of the ways it may be written. Knows words; judging is `judge.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from aisecops.model.envelope import ArgumentSource
from aisecops.model.readings import readings

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
    """The texts and numbers in `value`. True, false and null say nothing by themselves, and names are the tool's."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str):
            if one.strip():
                yield one
        elif one is not None and not isinstance(one, bool):
            yield repr(one)


def _leaf_source(leaf: str, trusted: Words, untrusted: Words) -> ArgumentSource:
    said = [reading.text for reading in readings(leaf)]
    if any(_holds(trusted, text) for text in said):
        return ArgumentSource.TRUSTED
    if any(_touches(untrusted, text) for text in said):
        return ArgumentSource.UNTRUSTED
    return ArgumentSource.NOWHERE


def _holds(words: Words, text: str) -> bool:
    """All of it, or every address in it: the name written around an address steers nothing."""
    if words.holds(text):
        return True
    addresses = words.addresses(text)
    return bool(addresses) and all(words.holds(address) for address in addresses)


def _touches(words: Words, text: str) -> bool:
    """All of it, or any address in it."""
    return words.holds(text) or any(words.holds(address) for address in words.addresses(text))
