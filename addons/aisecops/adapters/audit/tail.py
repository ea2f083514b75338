"""The end of the chain on disk: found, read on behind other processes, written to, rotated.

Everything here needs the lock. What cannot be trusted raises `RecordError` with its mend; a `Tail` that
raised is not used again: the next one is opened with what was last `seen`, and only a record that still
holds that line is gone on with.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from aisecops.adapters.audit import lines
from aisecops.adapters.audit.folder import OpenFile, Torn, set_aside
from aisecops.model.errors import RecordError

_WINDOW = 1 << 20
START_OVER = "restore it from a copy, or move the whole record folder aside to begin a new one"


class End(NamedTuple):
    """Where the chain ends: after `size` bytes of `segment`, with line `seq` of this hash and length in bytes."""

    segment: int
    size: int
    seq: int
    hash: str
    length: int


class Tail:
    """The open last segment. `end` is where it ended when we last looked."""

    def __init__(self, folder: Path, seen: End | None) -> None:
        """Open the record at its end, or where it was last `seen`. Raises `RecordError`, `OSError`."""
        self._folder = folder
        self.file, self.end = _found(folder) if seen is None else _found_again(folder, seen)
        self._follower = self._path(self.end.segment + 1)

    def catch_up(self) -> list[Torn]:
        """Read on to where the chain ends now; return what torn lines were set aside on the way."""
        torn: list[Torn] = []
        while True:
            size = self.file.size()
            follows = os.path.exists(self._follower)  # noqa: PTH110 - on the hot path
            if size != self.end.size:
                self._read_on(size)
            if size != self.end.size:
                torn.append(self._mended(size, last=not follows))
            if not follows:
                return torn
            self._go_on_in(OpenFile(Path(self._follower)))

    def behind_bytes(self) -> int:
        """How much of the segment is not read yet."""
        return self.file.size() - self.end.size

    def write(self, data: bytes, end: End) -> None:
        """Append whole lines that make the chain end at `end`. Raises `OSError`: then nothing was written."""
        self.file.append(data, size=self.end.size)
        self.end = end

    def rotate(self) -> None:
        """Go on in a new segment; what is in the old one is durable before the new one exists."""
        os.fdatasync(self.file.fd)
        self._go_on_in(OpenFile(Path(self._follower), new=True))

    def _go_on_in(self, file: OpenFile) -> None:
        self.file, self.end = file, self.end._replace(segment=self.end.segment + 1, size=0, length=0)
        self._follower = self._path(self.end.segment + 1)

    def _path(self, number: int) -> str:
        return str(self._folder / lines.segment_name(number))

    def _read_on(self, size: int) -> None:
        if size < self.end.size:
            raise RecordError(f"`{self.file.path.name}` was cut short while in use; {START_OVER}")
        rest = b""
        for start in range(self.end.size, size, _WINDOW):
            *whole, rest = (rest + self.file.read(start, min(start + _WINDOW, size))).split(b"\n")
            for line in whole:
                self.end = _next(self.file, self.end, line)

    def _mended(self, size: int, *, last: bool) -> Torn:
        name = self.file.path.name
        if not last:
            raise RecordError(f"`{name}` ends in half a line although another segment follows; {START_OVER}")
        return set_aside(self.file, self.end.size, size)


def _found(folder: Path) -> tuple[OpenFile, End]:
    numbers = lines.segment_numbers(folder)
    if not numbers:
        return OpenFile(folder / lines.segment_name(1), new=True), End(1, 0, 0, lines.GENESIS, 0)
    file = OpenFile(folder / lines.segment_name(numbers[-1]))
    end = _last_line(file, numbers[-1])
    if end is None and len(numbers) > 1:  # rotated, and nothing written since
        before = _last_line(OpenFile(folder / lines.segment_name(numbers[-2])), numbers[-2])
        if before is not None:
            end = before._replace(segment=numbers[-1], size=0, length=0)
    if end is None:
        if numbers[-1] != 1:
            raise RecordError(f"the segment before `{file.path.name}` is missing or empty; {START_OVER}")
        end = End(1, 0, 0, lines.GENESIS, 0)
    return file, end


def _found_again(folder: Path, seen: End) -> tuple[OpenFile, End]:
    path = folder / lines.segment_name(seen.segment)
    try:
        file = OpenFile(path)
    except FileNotFoundError:
        raise RecordError(f"`{path.name}` is gone from the record; put it back where it was") from None
    if file.size() < seen.size:
        raise RecordError(f"`{path.name}` was cut short while in use; {START_OVER}")
    if seen.length:
        line = file.read(seen.size - seen.length - 1, seen.size)
        if lines.digest(line[:-1]) != seen.hash or line[-1:] != b"\n":
            raise RecordError(f"`{path.name}` is not the file that was written to; put the original back")
    return file, seen


def _last_line(file: OpenFile, number: int) -> End | None:
    """The end after the last whole line of `file`, the lines before it checked as far as one window reaches."""
    size, window = file.size(), _WINDOW
    data = file.read(max(0, size - window), size)
    while data.count(b"\n") < 2 and len(data) < size:  # noqa: PLR2004 - one may end the line before the window
        window *= 4
        data = file.read(max(0, size - window), size)
    *whole, torn = data.split(b"\n")
    if len(data) < size:
        del whole[0]  # the window starts somewhere in it
    if not whole:
        return None
    at = size - len(torn) - sum(len(line) + 1 for line in whole)
    first = lines.link(whole[0])
    end = End(number, at, first.seq - 1, first.prev, 0) if first is not None else End(number, at, 0, lines.GENESIS, 0)
    if (at, number) == (0, 1):
        end = End(1, 0, 0, lines.GENESIS, 0)
    for line in whole:
        end = _next(file, end, line)
    return end


def _next(file: OpenFile, end: End, line: bytes) -> End:
    """`end` moved on by one line that must be chained to it."""
    found = lines.link(line)
    if found is None or found.seq != end.seq + 1 or found.prev != end.hash:
        raise RecordError(
            f"`{file.path.name}` does not go on after seq {end.seq} as it was written; "
            f"see `aisecops audit verify`, then {START_OVER}"
        )
    return End(end.segment, end.size + len(line) + 1, found.seq, lines.digest(line), len(line))
