"""Takes the oldest segments out of the record on purpose, and leaves signed word of each: who took it out, when, why.

A segment may go when the record is whole and a signed checkpoint has its last line. Its statement is on the disk before
it goes, so that a crash leaves a segment too many, never one unexplained. `verify` begins after what is stated.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import orjson

from aisecops.adapters.audit import lines
from aisecops.adapters.audit.folder import REMOVED, OpenFile, locked, set_aside, sync_folder
from aisecops.adapters.audit.statement import Signing, Statement
from aisecops.model.errors import RecordError
from aisecops.model.value import Value

KEPT_AT_LEAST = 2
"""Segments: a process that was slow to look may still be in the last but one."""


class Old(Value):
    """A segment that may go: its number and size, and the `seq`, hash and time of its last line."""

    segment: int
    size_bytes: int
    seq: int
    hash: str
    last_at: str


class Removal(Statement):
    """One line of `removed.jsonl`: segment `segment`, ending with line `seq` of this hash, was removed by whom and why.

    `archive` says where to; empty when nowhere.
    """

    PURPOSE = b"aisecops record removal\n"

    segment: int
    seq: int
    hash: str
    last_at: str
    at: str
    by: str
    why: str
    archive: str


def removals(folder: Path) -> Iterator[tuple[int, Removal | None]]:
    """Every statement by its line's number, None where a line is none. Raises `OSError`."""
    path = folder / REMOVED
    if not path.exists():
        return
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), start=1):
        yield number, _parsed(line)


def gone(folder: Path, public_keys: Mapping[str, bytes]) -> Removal | None:
    """The last statement with a good signature, when the record has not its beginning any more. Raises `OSError`."""
    found = None
    for _, stated in removals(folder):
        key = public_keys.get(stated.kid) if stated is not None else None
        if stated is not None and key is not None and stated.is_signed(key):
            found = stated
    first = min(lines.segment_numbers(folder), default=0)
    return found if found is not None and first > 1 else None


def removable(folder: Path, *, signed_seq: int, before: datetime | None, most_bytes: int | None) -> tuple[Old, ...]:
    """The oldest segments that may go: all before that time, or what is beyond so many bytes, whichever is more.

    `signed_seq` is the line of the last checkpoint. Raises `RecordError`, `OSError`.
    """
    numbers = lines.segment_numbers(folder)
    sizes = {number: (folder / lines.segment_name(number)).stat().st_size for number in numbers}
    left, old = sum(sizes.values()), []
    for number in numbers[:-KEPT_AT_LEAST]:
        found = _old(folder, number, sizes[number])
        too_old = before is not None and datetime.fromisoformat(found.last_at) < before
        too_much = most_bytes is not None and left > most_bytes
        if not (too_old or too_much) or found.seq > signed_seq:
            break
        old.append(found)
        left -= found.size_bytes
    return tuple(old)


def remove(
    folder: Path, old: Sequence[Old], *, by: str, why: str, at_ms: int, signing: Signing, archive: Path | None = None
) -> None:
    """State that these segments go, then take them away; `archive` gets them first. Raises `RecordError`, `OSError`."""
    if archive is not None:
        for one in old:
            _copied(folder / lines.segment_name(one.segment), archive)
        sync_folder(archive)
    with locked(folder):
        file = OpenFile(folder / REMOVED, new=not (folder / REMOVED).exists())
        whole, size = file.read(0, file.size()).rpartition(b"\n"), file.size()
        if whole[2]:  # whoever wrote it died: what it said was not done
            set_aside(file, size - len(whole[2]), size)
        data = b"".join(_stated(one, by, why, at_ms, signing, archive).line() for one in old)
        file.append(data, size=file.size())
        os.fsync(file.fd)
        for one in old:
            (folder / lines.segment_name(one.segment)).unlink()
        sync_folder(folder)


def _stated(one: Old, by: str, why: str, at_ms: int, signing: Signing, archive: Path | None) -> Removal:  # noqa: PLR0917 - what a statement says
    return Removal(
        v=lines.VERSION,
        segment=one.segment,
        seq=one.seq,
        hash=one.hash,
        last_at=one.last_at,
        at=lines.timestamp(at_ms),
        by=by,
        why=why,
        archive=str(archive) if archive is not None else "",
        kid=signing.key_id,
        sig="",
    ).signed(signing.sign)


def _parsed(line: bytes) -> Removal | None:
    if not line.endswith(b"\n") or not lines.is_canonical(line[:-1]):
        return None
    try:
        return msgspec.json.decode(line, type=Removal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _old(folder: Path, number: int, size: int) -> Old:
    path, last = folder / lines.segment_name(number), b""
    with path.open("rb") as file:
        for line in file:
            last = line
    link = lines.link(last)
    if link is None or not last.endswith(b"\n"):
        raise RecordError(f"`{path.name}` does not end in a line of the record; see `aisecops audit verify`")
    at = orjson.loads(last)["at"]
    return Old(segment=number, size_bytes=size, seq=link.seq, hash=lines.digest(last[:-1]), last_at=at)


def _copied(path: Path, archive: Path) -> None:
    """A durable copy, whole or not at all. Raises `RecordError` when another file has its name there."""
    there = archive / path.name
    if there.exists():
        if filecmp.cmp(path, there, shallow=False):
            return  # of a time before that was cut off
        raise RecordError(f"`{there}` is there already; name an empty folder with --archive")
    part = archive / f"{path.name}.part"
    with path.open("rb") as source, open(part, "wb", opener=_private) as copy:
        shutil.copyfileobj(source, copy)
        copy.flush()
        os.fsync(copy.fileno())
    part.replace(there)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
