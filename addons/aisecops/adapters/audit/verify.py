"""Verifies a whole record: every line, every segment, every checkpoint (OBS-4).

Reads only, in one pass, with flat memory; works while others append, for it takes one consistent end first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, pairwise
from pathlib import Path

from aisecops.adapters.audit import checkpoints, lines
from aisecops.adapters.audit.checkpoints import Checkpoint
from aisecops.adapters.audit.folder import CHECKPOINTS, KEYS, LOCK, REMOVED, locked
from aisecops.adapters.audit.retention import Removal, removals
from aisecops.adapters.audit.walk import ChainProblem, Seen, Walk
from aisecops.model.errors import RecordError
from aisecops.model.value import Value

_MOST_PROBLEMS = 1000
_TOLD_EACH = 1000
"""Lines, between two looks at how far it is."""


class Verification(Value):
    """What came of it. `lines` and `checkpoints` count what was read; `seq` and `hash` are the chain's end.

    `signed_seq` is the last line that a checkpoint vouches for; `removed` what was taken out on purpose, by segment.
    """

    ok: bool
    lines: int
    checkpoints: int
    seq: int
    hash: str
    signed_seq: int = 0
    removed: tuple[Removal, ...] = ()
    problems: tuple[ChainProblem, ...] = ()


class Extent(Value):
    """How much of each file belongs to one consistent end; sizes in bytes."""

    segments: dict[int, int]
    strangers: tuple[str, ...]
    checkpoints: int | None


def verify(
    folder: Path,
    public_keys: Mapping[str, bytes] | None,
    *,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Verification:
    """Check the record in `folder`; checkpoints with `public_keys`, without any only by what they say.

    `progress` is told now and then how many bytes of how many are checked.
    Raises `RecordError` or `OSError` when there is no record to be read.
    """
    extent = consistent_end(folder)
    if not extent.segments and extent.checkpoints is None:
        raise RecordError(f"there is no record in `{folder}`; name the state folder with --state")
    signed = _Signed(folder, extent.checkpoints, public_keys)
    walk = Walk(limit=_MOST_PROBLEMS)
    removed = _removed(folder, public_keys, walk)
    before = _before(extent, removed)
    count, end = 0, lines.GENESIS
    if before is not None:
        sworn = signed.at(before.seq)
        if sworn not in {None, before.hash}:
            walk.report("removal_changed", _whole(REMOVED), before.seq, "a checkpoint gives another line")
        walk.skip_to(before.seq + 1, before.hash)
        end = before.hash
    for name in extent.strangers:
        walk.report("segment_extra", _whole(name), None, f"`{name}` is no segment of this record")
    lines_of = _lines(folder, extent, walk, before.segment + 1 if before else 1, progress)
    for line, following in pairwise(chain(lines_of, [None])):
        if line is not None:
            count, end = count + 1, line.hash
            walk.line(line, following, signed.at(walk.seq + 1))
    walk.finish()
    furthest = signed.finish()
    if furthest is not None and furthest.seq > walk.seq:
        last = lines.segment_name(max(extent.segments, default=1))
        detail = f"the record ends at seq {walk.seq} but was signed up to seq {furthest.seq}"
        walk.report("truncated", _whole(last), walk.seq + 1, detail)
    problems = (*walk.problems, *signed.problems)
    return Verification(
        ok=not problems,
        lines=count,
        checkpoints=signed.count,
        seq=walk.seq,
        hash=end,
        signed_seq=furthest.seq if furthest is not None else 0,
        removed=removed,
        problems=problems,
    )


def consistent_end(folder: Path) -> Extent:
    """How far each file goes at one moment between two batches. Raises `RecordError`, `OSError`."""
    if not (folder / LOCK).exists():  # a copy: nobody appends to it
        return _extent(folder)
    with locked(folder, read_only=True):
        return _extent(folder)


def _extent(folder: Path) -> Extent:
    path = folder / CHECKPOINTS
    names = sorted(each.name for each in folder.glob("record*"))
    return Extent(
        segments={
            number: (folder / lines.segment_name(number)).stat().st_size for number in lines.segment_numbers(folder)
        },
        strangers=tuple(name for name in names if lines.segment_number(name) is None and ".torn-" not in name),
        checkpoints=path.stat().st_size if path.exists() else None,
    )


def _removed(folder: Path, public_keys: Mapping[str, bytes] | None, walk: Walk) -> tuple[Removal, ...]:
    """The statements that can be believed; without keys, all that can be read. The others are told to `walk`."""
    believed: list[Removal] = []
    for number, stated in removals(folder):
        key = public_keys.get(stated.kid) if stated is not None and public_keys is not None else None
        if stated is None:
            walk.report(
                "removal_changed", Seen(REMOVED, number, "", None), None, "a line that says nothing of a removal"
            )
        elif public_keys is not None and (key is None or not stated.is_signed(key)):
            detail = f"segment {stated.segment} is said to be removed, without a valid signature"
            walk.report("removal_changed", Seen(REMOVED, number, "", None), stated.seq, detail)
        else:
            believed.append(stated)
    return tuple(believed)


def _before(extent: Extent, removed: tuple[Removal, ...]) -> Removal | None:
    """The removed segment that the first one there follows on."""
    first = min(extent.segments, default=1)
    return next((one for one in reversed(removed) if one.segment == first - 1), None)


def _lines(
    folder: Path, extent: Extent, walk: Walk, expected: int, progress: Callable[[int, int], None]
) -> Iterator[Seen]:
    """Every line from segment `expected` on, in order; what is wrong with a file as a whole is told to `walk`."""
    done, whole = 0, sum(extent.segments.values())
    for number, size in sorted(extent.segments.items()):
        if number > expected:
            first, last = lines.segment_name(expected), lines.segment_name(number - 1)
            which = f"`{first}` is" if first == last else f"`{first}` to `{last}` are"
            walk.report(
                "segment_missing", _whole(first), None, f"{which} missing before `{lines.segment_name(number)}`"
            )
        expected = number + 1
        for left, seen in _segment(folder / lines.segment_name(number), size, walk):
            if seen.number % _TOLD_EACH == 0:
                progress(done + size - left, whole)
            yield seen
        done += size


def _segment(path: Path, size: int, walk: Walk) -> Iterator[tuple[int, Seen]]:
    """Every line, and how many bytes are left behind it."""
    with path.open("rb") as file:
        left, number = size, 0
        while left and (data := file.readline(left)):
            left, number = left - len(data), number + 1
            line = data.removesuffix(b"\n")
            if line == data:
                torn = Seen(path.name, number, "", None)
                walk.report("torn", torn, None, f"half a line of {len(data)} bytes ends `{path.name}`")
                return
            link = lines.link(line) if lines.is_canonical(line) else None
            yield left, Seen(path.name, number, lines.digest(line), link)


def _whole(name: str) -> Seen:
    return Seen(name, 0, "", None)


class _Signed:
    """The checkpoints, walked beside the lines: what hash was signed for a `seq`."""

    def __init__(self, folder: Path, size: int | None, public_keys: Mapping[str, bytes] | None) -> None:
        self.count = 0
        self.problems: list[ChainProblem] = []
        self._keys = public_keys
        self._furthest: Checkpoint | None = None
        self._unknown: set[str] = set()
        if size is None and (folder / KEYS).exists():
            self._report("checkpoints_missing", 0, None, f"`{CHECKPOINTS}` is missing, though checkpoints were signed")
        self._valid = self._read(folder / CHECKPOINTS, size or 0)
        self._ahead = next(self._valid, None)

    def at(self, seq: int) -> str | None:
        """The hash signed for line `seq`; asked with `seq` ascending."""
        while self._ahead is not None and self._ahead.seq < seq:
            self._ahead = next(self._valid, None)
        return self._ahead.hash if self._ahead is not None and self._ahead.seq == seq else None

    def finish(self) -> Checkpoint | None:
        """Read what is left; return the furthest checkpoint."""
        for _ in self._valid:
            pass
        return self._furthest

    def _read(self, path: Path, size: int) -> Iterator[Checkpoint]:
        if not size:
            return
        for number, found in checkpoints.stream(path, size):
            self.count += 1
            if self._is_valid(number, found) and found is not None:
                self._furthest = found
                yield found

    def _is_valid(self, number: int, found: Checkpoint | None) -> bool:
        if found is None:
            self._report("checkpoint_changed", number, None, "a line that is no checkpoint")
            return False
        if self._furthest is not None and found.seq <= self._furthest.seq:
            self._report(
                "checkpoint_changed",
                number,
                found.seq,
                f"a checkpoint of seq {found.seq} after one of seq {self._furthest.seq}",
            )
            return False
        if self._keys is None:
            return True
        key = self._keys.get(found.kid)
        if key is None:
            if found.kid not in self._unknown:
                self._unknown.add(found.kid)
                self._report(
                    "key_unknown", number, found.seq, f"signed by `{found.kid}`, whose public key is not given"
                )
            return False
        if not found.is_signed(key):
            self._report("checkpoint_changed", number, found.seq, "the signature does not match")
            return False
        return True

    def _report(self, kind: str, line: int, seq: int | None, detail: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(ChainProblem(kind=kind, file=CHECKPOINTS, line=line, seq=seq, detail=detail))
