"""The record's bytes: one canonical JSON object per line, each naming the hash of the one before (contract 9).

Knows how an event becomes a line and how a line is chained. Files, locks and signatures are its neighbours' work.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import orjson

from aisecops.model.errors import RecordError
from aisecops.model.record import Event

VERSION = 1
GENESIS = "0" * 64
"""`prev` of the first line."""

RESERVED = frozenset(
    {
        *("v", "seq", "prev", "at", "event"),
        *("run_id", "root_run_id", "agent_id", "decision_id", "policy_version", "control"),
    }
)
"""Names that the record gives itself; no event may use one for a field of its own."""

_SEGMENT = re.compile(r"record-(\d{6,})\.jsonl")


class Link(msgspec.Struct, frozen=True, gc=False):
    """What chains a line to the one before."""

    seq: int
    prev: str


_LINK = msgspec.json.Decoder(Link)


def canonical(value: dict[str, Any]) -> bytes:
    """`value` as the one byte sequence it has: sorted keys, no spaces, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(line: bytes) -> str:
    """The SHA-256 of a line in hex; its newline is not part of it."""
    return hashlib.sha256(line).hexdigest()


def encode(event: Event, *, seq: int, prev: str, at_ms: int) -> bytes:
    """`event` as a line, without its newline. Raises `RecordError` when it cannot be one."""
    if taken := RESERVED & event.fields.keys():
        raise RecordError(f"`{event.event}` uses reserved names for fields of its own: {', '.join(sorted(taken))}")
    row: dict[str, Any] = {
        **event.fields,
        "v": VERSION,
        "seq": seq,
        "prev": prev,
        "at": timestamp(at_ms),
        "event": str(event.event),
        "run_id": event.run_id,
        "root_run_id": event.root_run_id,
        "agent_id": event.agent_id,
        "decision_id": event.decision_id,
        "policy_version": event.policy_version,
        "control": event.control,
    }
    try:
        return canonical(row)
    except TypeError as error:  # orjson's JSONEncodeError: a value that JSON does not know
        raise RecordError(f"`{event.event}` cannot be written as JSON: {error}") from error


def link(line: bytes) -> Link | None:
    """How `line` is chained; None when it is no JSON object with `seq` and `prev`."""
    try:
        return _LINK.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def is_canonical(line: bytes) -> bool:
    """True when these bytes are how the record writes what they say: nothing doubled, reordered or spaced."""
    try:
        return canonical(orjson.loads(line)) == line
    except (orjson.JSONDecodeError, TypeError):
        return False


def timestamp(at_ms: int) -> str:
    """Milliseconds since the epoch in RFC 3339, UTC."""
    return f"{_second(at_ms // 1000)}.{at_ms % 1000:03d}Z"


@lru_cache(maxsize=4)
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def segment_name(number: int) -> str:
    """The file name of segment `number`, which counts from 1."""
    return f"record-{number:06d}.jsonl"


def segment_number(name: str) -> int | None:
    """The number in a segment's file name; None for any other file."""
    found = _SEGMENT.fullmatch(name)
    return int(found[1]) if found is not None and segment_name(int(found[1])) == name else None


def segment_numbers(folder: Path) -> list[int]:
    """The segments in `folder`, ascending. Raises `OSError`."""
    numbers = (segment_number(path.name) for path in folder.iterdir())
    return sorted(number for number in numbers if number is not None)
