"""Reads events back out of the record, streaming, while others append; and a run's export made of them alone.

Believes the record; whether it is whole is `verify.py`'s question.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from aisecops.adapters.audit import lines
from aisecops.adapters.audit.export import RunExport
from aisecops.model.errors import RecordError
from aisecops.model.ids import made_ms
from aisecops.model.record import EventName

_BLOCK = 64 * 1024
_CLOCKS_MS = 24 * 3600 * 1000
"""So far apart the clocks of whoever opens runs and of whoever records may be, without the whole record being read."""


def events(
    folder: Path,
    *,
    run_id: str | None = None,
    tree: str | None = None,
    decision_id: str | None = None,
    after_seq: int = 0,
) -> Iterator[dict[str, Any]]:
    """Events in order, of one run, one tree of runs (by its root) or one decision if named, after line `after_seq`.

    What a run did is looked for from shortly before it was opened on, and in the whole record only where it does not
    begin with that. Half a line at the end is left for later. Raises `RecordError` when there is no record or a line in
    it is none.
    """
    wanted = {"run_id": run_id, "root_run_id": tree, "decision_id": decision_id}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    opened_ms = made_ms(run_id or tree or "") or 0
    if opened_ms:
        found = _found(folder, wanted, after_seq, opened_ms - _CLOCKS_MS)
        first = next(found, None)
        # INVARIANT: nothing is said of a run before it is said to be opened, whatever the clocks of both say
        if first is not None and first["event"] == EventName.RUN_STARTED:
            yield first
            yield from found
            return
    yield from _found(folder, wanted, after_seq, 0)


def _found(folder: Path, wanted: Mapping[str, str | None], after_seq: int, since_ms: int) -> Iterator[dict[str, Any]]:
    marks = [orjson.dumps(value) for value in wanted.values()]
    for path, start in _from(folder, after_seq, since_ms):
        for line in _whole_lines(path, start):
            if any(mark not in line for mark in marks):
                continue
            event = _read(path, line)
            if event["seq"] > after_seq and all(event[name] == value for name, value in wanted.items()):
                yield event


def last_seq(folder: Path) -> int:
    """The number of the last whole line; 0 for an empty record. Raises `RecordError`."""
    for number in reversed(_segments(folder)):
        path = folder / lines.segment_name(number)
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if (end := _line_start(file, size)) and (line := _line_at(file, _line_start(file, end - 1))):
                return int(_read(path, line)["seq"])
    return 0


def run_export(folder: Path, run_id: str) -> dict[str, Any]:
    """What the record knows of a run, under the names of spec 5.4; all empty for a run it does not know.

    Risk goes by the whole tree and budgets by everything below the run, so both read the tree's events.
    """
    export = RunExport(run_id)
    first = next(events(folder, run_id=run_id), None)
    if first is not None:
        for event in events(folder, tree=first["root_run_id"] or run_id):
            export.add(event)
    return export.told()


def _segments(folder: Path) -> list[int]:
    try:
        return lines.segment_numbers(folder)
    except FileNotFoundError as error:
        raise RecordError(f"there is no record in `{folder}`: nothing has run with this state folder") from error
    except OSError as error:
        raise RecordError(f"the record in `{folder}` cannot be read ({(error.strerror or '').lower()})") from error


def _from(folder: Path, after_seq: int, since_ms: int) -> Iterator[tuple[Path, int]]:
    """Each segment that holds lines after `after_seq` and of after `since_ms`, and from which byte on to read it."""
    numbers = _segments(folder)
    paths = [folder / lines.segment_name(number) for number in numbers]
    firsts = [_first(path) for path in paths]
    for path, follows in itertools.zip_longest(paths, firsts[1:]):
        if follows is not None and (follows.seq <= after_seq + 1 or follows.at_ms < since_ms):
            continue
        yield path, _offset_after(path, after_seq) if after_seq else 0


class _First(NamedTuple):
    """The first line of a segment: its number and its time."""

    seq: int
    at_ms: int


def _first(path: Path) -> _First | None:
    with path.open("rb") as file:
        line = file.readline()
    if not line.endswith(b"\n"):
        return None
    event = _read(path, line)
    return _First(int(event["seq"]), round(datetime.fromisoformat(event["at"]).timestamp() * 1000))


def _offset_after(path: Path, after_seq: int) -> int:
    """A byte at which a line starts, none after `after_seq` being before it; found by halving."""
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while high - low > _BLOCK:
            middle = _line_start(file, (low + high) // 2)
            line = _line_at(file, middle)
            if middle <= low or line is None:
                break
            if _read(path, line)["seq"] <= after_seq:
                low = middle
            else:
                high = middle
    return low


def _line_start(file: IO[bytes], at: int) -> int:
    """Where the line around byte `at` starts: just after the last newline before it."""
    while at > 0:
        start = max(0, at - _BLOCK)
        file.seek(start)
        found = file.read(at - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return 0


def _line_at(file: IO[bytes], start: int) -> bytes | None:
    file.seek(start)
    line = file.readline()
    return line if line.endswith(b"\n") else None


def _whole_lines(path: Path, start: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield line


def _read(path: Path, line: bytes) -> dict[str, Any]:
    if lines.link(line) is None:
        raise RecordError(f"`{path.name}` holds a line that is no event; see `aisecops audit verify`")
    event: dict[str, Any] = orjson.loads(line)
    return event
