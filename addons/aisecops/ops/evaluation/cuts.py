"""A secret cut in two: over fields of one message, over messages, over requests.

Knows how steps change. Whether the pieces came to the other side is `judge.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from msgspec.structs import replace

from aisecops.ops.evaluation.scenario import Asks, Calls, Step

FIRST, SECOND = "cut_first", "cut_second"
"""The values that hold the two pieces with what stands around them."""

_Cut = Callable[[Step, str], Iterator[Step]]


def halves(value: str, text: str, secret: str) -> dict[str, str] | None:
    """Values for the pieces of `text`, cut within `{secret}`; None when that does not stand in it as it is."""
    before, hole, after = text.partition(f"{{{secret}}}")
    if not hole or value == secret:
        return None
    return {FIRST: f"{before}{{{secret}|first_half}}", SECOND: f"{{{secret}|second_half}}{after}"}


def _over_fields(step: Step, value: str) -> Iterator[Step]:
    if isinstance(step, Calls) and step.body:
        yield replace(step, body=orjson.dumps(_doubled(json.loads(step.body), value)))
    else:
        yield from _over_messages(step, value)


def _doubled(body: Any, value: str) -> Any:
    """Each field that holds the value, twice: with the first piece, and beside it with the second."""
    if not isinstance(body, dict):
        return body
    found: dict[str, Any] = {}
    for key, one in body.items():
        if isinstance(one, str) and f"{{{value}}}" in one:
            found |= {key: _with(one, value, FIRST), f"{key}_more": _with(one, value, SECOND)}
        else:
            found[key] = _doubled(one, value)
    return found


def _over_messages(step: Step, value: str) -> Iterator[Step]:
    if isinstance(step, Asks):
        before = (*step.before, _with(step.user, value, FIRST), "Go on.")
        yield replace(step, before=before, user=_with(step.user, value, SECOND))
    else:
        yield from _over_requests(step, value)


def _over_requests(step: Step, value: str) -> Iterator[Step]:
    for piece in (FIRST, SECOND):
        if isinstance(step, Calls):
            yield replace(
                step, body=_with(step.body.decode(), value, piece).encode(), raw=_with(step.raw, value, piece)
            )
        elif isinstance(step, Asks):
            yield replace(step, user=_with(step.user, value, piece))


def _with(text: str, value: str, piece: str) -> str:
    return text.replace(f"{{{value}}}", f"{{{piece}}}")


CUTS: dict[str, _Cut] = {
    "cut over fields": _over_fields,
    "cut over messages": _over_messages,
    "cut over requests": _over_requests,
}


OPEN = {"cut over fields": "bare digits in two fields of which nothing says what they are may be ids of things"}
"""Cuts that are known to come through at times (docs/egress.md)."""


def cut(steps: tuple[Step, ...], value: str, how: str) -> tuple[Step, ...]:
    """`steps` with each that says `{value}` changed as `how` says."""
    return tuple(new for step in steps for new in (CUTS[how](step, value) if _says(step, value) else (step,)))


def _says(step: Step, value: str) -> bool:
    hole = f"{{{value}}}"
    if isinstance(step, Asks):
        return hole in step.user
    return isinstance(step, Calls) and (hole.encode() in step.body or hole in step.raw)
