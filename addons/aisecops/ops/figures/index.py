"""Follows the record and keeps what the dashboard asks of it, so that a million events open at once.

Only what was appended since the last look is read. What is known is kept in a file of the state folder, together with
the line it was known up to; a record that does not hold that very line is read again from its beginning. Threads share
one index; nothing here is evidence, and whether the record is whole is `verify.py`'s question.
"""

from __future__ import annotations

import contextlib
import os
import threading
from array import array
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec
import orjson

from aisecops.adapters.audit import lines
from aisecops.adapters.audit.reader import events
from aisecops.ops.figures.counts import Counts
from aisecops.ops.figures.line import read_line
from aisecops.ops.figures.runs import Range, SeenRuns
from aisecops.ops.figures.windows import MINUTE, Windows

VERSION = 4
RECENT = 50_000
"""Lines of which it is known where they lie, for each figure: the newest, eight bytes each."""
MOST_TOOLS = 1000
LATEST = 2000
"""Lines of which it is known whose tree they are, for pages that watch one."""
KEEP_EVERY = 5000
"""Lines after which what is known is written down again."""
AT_ONCE = 20_000


_OFFSET_BITS = 40
"""A place is one number: the segment, and in so many bits below it the byte that the line begins at."""


class Known(msgspec.Struct):
    """Everything known of the record up to a line: `offset` bytes into `segment`, which end with that line."""

    version: int = VERSION
    segment: int = 1
    offset: int = 0
    seq: int = 0
    last_bytes: int = 0
    last_sha256: str = ""
    began_at: str | None = None
    total: Counts = msgspec.field(default_factory=Counts)
    minute: str = ""
    now: Counts = msgspec.field(default_factory=Counts)
    windows: Windows = msgspec.field(default_factory=Windows)
    tools: dict[str, int] = {}
    names: dict[str, int] = {}
    recent: dict[str, bytes] = {}
    runs: SeenRuns = msgspec.field(default_factory=SeenRuns)


class RecordIndex:
    """What is known of the record in `folder`, kept in `file` between starts if one is named."""

    def __init__(self, folder: Path, file: Path | None = None) -> None:
        self._folder = folder
        self._file = file
        self._lock = threading.Lock()
        self._known = self._read_kept() or Known()
        self._kept_seq = self._known.seq
        self._latest: deque[tuple[int, str | None]] = deque(maxlen=LATEST)
        self._recent: dict[str, array[int]] = {n: array("Q", s) for n, s in self._known.recent.items()}

    def catch_up(self, most: int | None = None) -> bool:
        """Read on, `most` lines of it if given; True once the end is reached. No record yet is an empty one."""
        with self._lock:
            read = 0
            last: bytes | None = None
            for line in self._new_lines():
                self._add(line)
                last = line
                read += 1
                if most is not None and read >= most:
                    break
            if last is not None:
                self._known.last_bytes, self._known.last_sha256 = len(last), lines.digest(last[:-1])
            if self._known.seq - self._kept_seq >= KEEP_EVERY:
                self._keep()
            return most is None or read < most

    def refresh(self) -> bool:
        """Read on as far as one answer may wait for it."""
        return self.catch_up(AT_ONCE)

    # what is known

    @property
    def folder(self) -> Path:
        """Where the record lies."""
        return self._folder

    @property
    def seq(self) -> int:
        """The number of the last line that was counted."""
        return self._known.seq

    @property
    def began_at(self) -> str | None:
        """When the first line was recorded."""
        return self._known.began_at

    def total(self) -> Counts:
        """Of the whole record, as far as it was read."""
        with self._lock:
            return self._known.total.plus(self._known.now)

    def windows(self) -> Windows:
        """By time; a copy, so that it stays as it is."""
        with self._lock:
            known = self._known.windows
            copy = Windows(minutes=dict(known.minutes), hours=dict(known.hours), days=dict(known.days))
            if self._known.minute:
                copy.add(self._known.minute, self._known.now)
            return copy

    def tools(self) -> dict[str, int]:
        """Invocations by tool, the most used first."""
        with self._lock:
            return dict(sorted(self._known.tools.items(), key=lambda item: (-item[1], item[0])))

    def names(self) -> dict[str, int]:
        """Events by name."""
        with self._lock:
            return dict(self._known.names)

    def recent(self, figure: str, *, most: int = RECENT, skip: int = 0) -> list[dict[str, Any]]:
        """The events that a figure counts, newest first, after the `skip` newest."""
        with self._lock:
            known = self._recent.get(figure, array("Q"))
            places = known[max(0, len(known) - skip - most) : max(0, len(known) - skip)]
        return [event for place in reversed(places) if (event := self._at(place)) is not None]

    def known(self, figure: str) -> int:
        """How many events of a figure `recent` can reach: at most twice `RECENT`, and all where there are fewer."""
        with self._lock:
            return len(self._recent.get(figure, ()))

    def _at(self, place: int) -> dict[str, Any] | None:
        segment, offset = place >> _OFFSET_BITS, place & ((1 << _OFFSET_BITS) - 1)
        try:
            with (self._folder / lines.segment_name(segment)).open("rb") as file:
                file.seek(offset)
                found = orjson.loads(file.readline())
        except (OSError, orjson.JSONDecodeError):
            return None  # moved away since; the record's own checks say so
        return found if isinstance(found, dict) and "seq" in found else None

    def newest(self, *, most: int, before_seq: int | None = None) -> list[dict[str, Any]]:
        """Events of every kind, newest first: the last ones, or those before the line `before_seq`."""
        end = min(self._known.seq + 1, before_seq or self._known.seq + 1)
        found = events(self._folder, after_seq=max(0, end - 1 - most)) if self._known.seq else ()
        return [event for event in islice(found, most) if event["seq"] < end][::-1]

    def changed_since(self, seq: int) -> list[str] | None:
        """The trees that lines after `seq` are about; None when that is too long ago to say."""
        with self._lock:
            if seq < self._known.seq and (not self._latest or self._latest[0][0] > seq + 1):
                return None
            return sorted({root for at, root in self._latest if at > seq and root is not None})

    def event(self, seq: int) -> dict[str, Any] | None:
        """The event of this number, whole."""
        found = next(iter(events(self._folder, after_seq=seq - 1)), None) if 0 < seq <= self._known.seq else None
        return found if found is not None and found["seq"] == seq else None

    def tree(self, root_run_id: str, *, most: int) -> list[dict[str, Any]]:
        """The first `most` events of a tree of runs, in order."""
        with self._lock:
            stretch = self._known.runs.trees.get(root_run_id)
            ranges = [(one.segment, one.start, one.end) for one in stretch.ranges] if stretch is not None else []
        found = (event for place in ranges for event in self._between(root_run_id, *place))
        return list(islice(found, most))

    def _between(self, root_run_id: str, segment: int, start: int, end: int) -> Iterator[dict[str, Any]]:
        """The events of a tree in these bytes; none of a segment that was moved away since."""
        mark = orjson.dumps(root_run_id)
        with contextlib.suppress(OSError), (self._folder / lines.segment_name(segment)).open("rb") as file:
            file.seek(start)
            while file.tell() < end:
                line = file.readline()
                if mark not in line:
                    continue
                with contextlib.suppress(orjson.JSONDecodeError):
                    event = orjson.loads(line)
                    if isinstance(event, dict) and event.get("root_run_id") == root_run_id:
                        yield event

    def length(self, root_run_id: str) -> int:
        """How many events a tree has."""
        stretch = self._known.runs.trees.get(root_run_id)
        return stretch.events if stretch is not None else 0

    # reading on

    def _new_lines(self) -> Iterator[bytes]:
        known = self._known
        while True:
            path = self._folder / lines.segment_name(known.segment)
            try:
                with path.open("rb") as file:
                    file.seek(known.offset)
                    for line in _whole(file):
                        known.offset += len(line)
                        yield line
            except FileNotFoundError:
                later = [number for number in _segments(self._folder) if number > known.segment]
                if not later:
                    return
                known.segment, known.offset = later[0], 0  # it was removed on purpose: the figures go on after it
                continue
            if not (self._folder / lines.segment_name(known.segment + 1)).exists():
                return
            known.segment, known.offset = known.segment + 1, 0

    def _add(self, raw: bytes) -> None:
        known = self._known
        line = read_line(raw)
        if line is None:
            return
        known.seq = line.seq
        known.began_at = known.began_at or line.at
        self._latest.append((line.seq, line.root_run_id))
        minute = line.at[:MINUTE]
        if minute != known.minute:
            self._turn(minute)
        for figure in known.now.add(line):
            places = self._recent.setdefault(figure, array("Q"))
            places.append(known.segment << _OFFSET_BITS | known.offset - len(raw))
            if len(places) > 2 * RECENT:
                del places[:-RECENT]
        gain = known.runs.add(line, Range(known.segment, known.offset - len(raw), known.offset))
        known.now.ended_runs += gain.ended
        known.now.traced_runs += gain.traced
        _count(known.names, line.event, MOST_TOOLS)
        if line.event == "tool_invoked":
            _count(known.tools, line.tool or "", MOST_TOOLS)

    def _turn(self, minute: str) -> None:
        known = self._known
        if known.minute:
            known.total = known.total.plus(known.now)
            known.windows.add(known.minute, known.now)
        known.minute, known.now = minute, Counts()

    # between starts

    def _keep(self) -> None:
        if self._file is None:
            return
        self._known.recent = {name: places.tobytes() for name, places in self._recent.items()}
        beside = self._file.with_suffix(".new")
        with contextlib.suppress(OSError):  # a disk that is full costs the next start some seconds, and no figure
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(msgspec.msgpack.encode(self._known))
            beside.replace(self._file)
            self._kept_seq = self._known.seq

    def _read_kept(self) -> Known | None:
        """What was known, if the record still holds the line it was known up to."""
        if self._file is None:
            return None
        try:
            known = msgspec.msgpack.decode(self._file.read_bytes(), type=Known)
            path = self._folder / lines.segment_name(known.segment)
            with path.open("rb") as record:
                record.seek(known.offset - known.last_bytes)
                last = record.read(known.last_bytes)
        except (OSError, ValueError, msgspec.MsgspecError):
            return None
        intact = last.endswith(b"\n") and lines.digest(last[:-1]) == known.last_sha256
        return known if intact and known.version == VERSION else None


def _segments(folder: Path) -> list[int]:
    try:
        return lines.segment_numbers(folder)
    except OSError:
        return []  # no record yet


def _whole(file: IO[bytes]) -> Iterator[bytes]:
    for line in file:
        if not line.endswith(b"\n"):
            return
        yield line


def _count(counts: dict[str, int], name: str, most: int) -> None:
    if name not in counts and len(counts) >= most:
        name = "other"
    counts[name] = counts.get(name, 0) + 1
