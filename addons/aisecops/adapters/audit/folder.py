"""The record's folder: its lock, its modes, an open file, and how bytes get into one whole or not at all."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from aisecops.model.errors import RecordError

LOCK = "lock"
KEYS = "keys.json"
CHECKPOINTS = "checkpoints.jsonl"
REMOVED = "removed.jsonl"

_FILE_MODE, _FOLDER_MODE, _OWNER_MAY_WRITE = 0o600, 0o700, 0o200
_LOCK_WITHIN_S = 5.0
_LOCK_LOOK_S = 0.0002


class Torn(NamedTuple):
    """Half a line left by a writer that died, and the file it was moved to."""

    file: str
    moved_to: str
    size_bytes: int


class OpenFile:
    """A file open for reading and appending; closed when nobody holds it any more."""

    def __init__(self, path: Path, *, new: bool = False) -> None:
        """Open `path`; with `new` it must not exist yet. Raises `OSError`."""
        self.path, self._name = path, str(path)
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self.fd = os.open(path, flags | (os.O_CREAT | os.O_EXCL if new else 0), _FILE_MODE)
        stat = os.fstat(self.fd)
        self._identity = (stat.st_dev, stat.st_ino)
        if new:
            sync_folder(path.parent)

    def __del__(self) -> None:
        with suppress(AttributeError):  # never opened
            os.close(self.fd)

    def size(self) -> int:
        """The size in bytes of what stands at our path. Raises `RecordError` when that is not our file any more."""
        try:
            stat = os.stat(self._name, follow_symlinks=False)  # noqa: PTH116 - on the hot path
        except FileNotFoundError:
            raise RecordError(f"`{self.path.name}` is gone from the record; put it back where it was") from None
        if (stat.st_dev, stat.st_ino) != self._identity:
            raise RecordError(f"`{self.path.name}` was replaced while in use; put the original back")
        if not stat.st_mode & _OWNER_MAY_WRITE:
            raise RecordError(f"`{self.path.name}` may not be written any more; give its owner the right to write")
        return stat.st_size

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`, fewer when the file is shorter."""
        parts = []
        while start < end and (part := os.pread(self.fd, end - start, start)):
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def append(self, data: bytes, *, size: int) -> None:
        """Write `data` at the end, which is at `size`; whole, or not at all and `OSError`. Needs the lock."""
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self.fd, left) :]
        except OSError:
            with suppress(OSError):  # when even that fails, the torn line is found by whoever writes next
                os.ftruncate(self.fd, size)
            raise


class Busy(Exception):
    """Somebody else holds the lock now."""


@contextmanager
def locked(folder: Path, *, read_only: bool = False, wait: bool = True) -> Iterator[None]:
    """Hold the record's lock, alone among all processes and threads.

    Raises `RecordError` when somebody holds it for seconds, and `Busy` at once without `wait`; `OSError` when there is
    no way to it.
    """
    give_up = time.monotonic() + _LOCK_WITHIN_S if wait else None
    path = _lock_of(folder)
    while True:
        flags = os.O_RDONLY if read_only else os.O_RDWR | os.O_CREAT
        fd = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, _FILE_MODE)
        try:
            _take(fd, give_up)
            if _is_still(path, fd):  # or somebody took the file away between open and lock
                yield
                return
        finally:
            os.close(fd)


class KeptLock:
    """The record's lock, whose file stays open between uses. For one holder at a time in its process."""

    def __init__(self, folder: Path) -> None:
        self._path = _lock_of(folder)
        self._fd: int | None = None
        self._waits = True

    def held(self, *, wait: bool = True) -> Self:
        """To be used with `with`, which holds it alone among all processes and threads, and raises as `locked` does."""
        self._waits = wait
        return self

    def __enter__(self) -> None:
        give_up = time.monotonic() + _LOCK_WITHIN_S if self._waits else None
        while True:
            fd = self._fd if self._fd is not None else self._opened()
            _take(fd, give_up)
            try:
                if _is_still(self._path, fd):  # or somebody took the file away since
                    return
            except BaseException:
                fcntl.flock(fd, fcntl.LOCK_UN)
                raise
            fcntl.flock(fd, fcntl.LOCK_UN)
            self.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd is not None:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _opened(self) -> int:
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _FILE_MODE)
        return self._fd


def _take(fd: int, give_up: float | None) -> None:
    look_s = _LOCK_LOOK_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if give_up is None:
                raise Busy from None
            if time.monotonic() > give_up:
                raise RecordError("another process holds the record's lock and does not let go; end it") from None
            time.sleep(look_s)
            look_s = min(look_s * 1.5, 0.005)
        else:
            return


@lru_cache(maxsize=16)
def _lock_of(folder: Path) -> str:
    return str(folder / LOCK)  # as text: making a `Path` anew costs more than taking the lock


def _is_still(path: str, fd: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(fd))  # noqa: PTH116 - on the hot path
    except FileNotFoundError:
        return False


def make_folder(folder: Path) -> None:
    """Make the record's folder if there is none, for its owner alone. Raises `OSError`."""
    folder.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=_FOLDER_MODE)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable. Raises `OSError`."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def set_aside(file: OpenFile, start: int, end: int) -> Torn:
    """Move the torn bytes from `start` to `end`, which end the file, to a file of their own. Needs the lock."""
    number = 1
    while (aside := file.path.with_name(f"{file.path.name}.torn-{number}")).exists():
        number += 1
    torn = OpenFile(aside, new=True)
    torn.append(file.read(start, end), size=0)
    os.fsync(torn.fd)
    os.ftruncate(file.fd, start)
    os.fsync(file.fd)
    return Torn(file.path.name, aside.name, end - start)
