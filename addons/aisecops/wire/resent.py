"""A history is sent again with every turn: messages that were read before, so that each is worked on once.

Knows JSON alone. What is kept of a message follows from its bytes and its place and from nothing else: no rule, run
or agent has a part in it, and no verdict is here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Concatenate

import orjson

from aisecops.wire.limits import JsonValue

MAX_BYTES = 16 * 1024 * 1024
"""JSON of all messages that are kept; with what was worked out of them they take about four times that."""
_LARGEST_PART = 8


type _Key = tuple[str, int, bytes]


class Message(dict[str, JsonValue]):
    """An object in a list, one and the same each time it is read there. INVARIANT: nobody changes what was read."""

    __slots__ = ("worked_out",)

    def __init__(self, members: dict[str, JsonValue]) -> None:
        super().__init__(members)
        self.worked_out: dict[Hashable, Any] = {}


def worked_out[**P, T](
    work: Callable[Concatenate[dict[str, JsonValue], P], T],
    holder: dict[str, JsonValue],
    *at: P.args,
    **named: P.kwargs,
) -> T:
    """`work(holder, *at)`, which must follow from these alone; of a message it is kept and done once at each place.

    What `work` raises is not kept.
    """
    match holder:
        case Message(worked_out=before):
            name = (work, *at)
            if name not in before:
                before[name] = work(holder, *at, **named)
            found: T = before[name]
            return found
        case _:
            return work(holder, *at, **named)


class Resent:
    """Messages by their place and their JSON, up to `max_bytes` of it in all; what was not read for long goes.

    From any thread: each step on a dictionary is one, and what two do at once is at worst kept twice for a while.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._room = max_bytes // 2
        self._lately: dict[_Key, Message] = {}
        self._before: dict[_Key, Message] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._lately.keys() | self._before.keys())

    def known(self, document: JsonValue) -> JsonValue:
        """`document`, which nobody else has yet, with the messages in its lists that were read before in their place.

        Two messages are the same when they are in each byte but for spaces and escapes: in the order of their names
        too, and `1` is neither `1.0` nor `true`.
        """
        if not isinstance(document, dict):
            return document
        for name, value in document.items():
            if isinstance(value, list):
                for index, item in enumerate(value):
                    match item:
                        case dict():
                            value[index] = self._one(name, index, item)
        return document

    def _one(self, name: str, index: int, item: dict[str, JsonValue]) -> JsonValue:
        try:
            key = name, index, orjson.dumps(item)
        except orjson.JSONEncodeError:
            return item  # too deep to be written
        found = self._lately.get(key)  # one look: another thread may put all of them away between two
        if found is not None:
            return found
        if len(key[-1]) * _LARGEST_PART > self._room:
            return item
        found = self._lately[key] = self._before.get(key) or Message(item)
        self._bytes += len(key[-1])
        if self._bytes > self._room:
            self._before, self._lately, self._bytes = self._lately, {}, 0
        return found


_RESENT = Resent()


def with_resent(document: JsonValue) -> JsonValue:
    """`document` with its messages as this process has read them before."""
    return _RESENT.known(document)
