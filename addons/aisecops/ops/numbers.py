"""The files in which the numbers of many processes lie: given their room on the disk before anything is written there.

`prometheus_client` maps its files into memory. Where such a file has a hole and the disk is full, the first write into
the hole ends the process (SIGBUS): no exception, no refusal, and whatever it had open is cut. Knows files and their
room, and how those of dead processes become one; not what is counted in them.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from aisecops.adapters.system.files import PRIVATE, PRIVATE_FOLDER, locked, made_folder
from aisecops.model.errors import Fault

FIRST_BYTES = 1 << 16
"""What `prometheus_client` makes a file; it doubles it when it is full."""
AHEAD_BYTES = FIRST_BYTES // 2
"""Free in a file before one more label set is counted in it; a histogram with long labels takes 5 KiB."""
STAY = ("counter", "histogram", NEWEST := "gauge_mostrecent")
"""Kinds of which a dead process's numbers stay: added up, or the newest of them."""
_DEAD = 0
"""No process has this number: what all dead ones counted."""

_allocate = getattr(os, "posix_fallocate", lambda *_: None)
"""Where a system has no such call, a full disk is not noticed before."""

_log = logging.getLogger("aisecops.metrics")


class Room:
    """The room of one process's files in `folder`; without a folder it counts in memory, and there is always room."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._full: set[str] = set()
        """Kinds that had no room when last asked for some."""

    def begin(self, kind: str) -> None:
        """Make the file of `kind` before the first number in it. Raises Fault when the disk has no room for it."""
        try:
            self._take(kind)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise Fault(f"there is no room for metrics in `{self._folder}` ({why})") from error

    def is_there(self, kind: str) -> bool:
        """True when one more label set of `kind` can be written down. False is said in the log, once."""
        try:
            self._take(kind)
        except OSError as error:
            if kind not in self._full:
                why = (error.strerror or str(error)).lower()
                _log.error("some of what happens is not counted: no room in `%s` (%s)", self._folder, why)
            self._full.add(kind)
            return False
        self._full.discard(kind)
        return True

    def _take(self, kind: str) -> None:
        if self._folder is not None:
            _allocated(self._folder / f"{kind}_{os.getpid()}.db")


def _allocated(path: Path, ahead: int = AHEAD_BYTES) -> None:
    """Give `path` its blocks, and those of the size it has when `ahead` bytes more are in it. Raises OSError."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE), "r+b") as file:
        size = max(FIRST_BYTES, os.fstat(file.fileno()).st_size)
        while _used(file) + ahead > size:
            size *= 2
        _allocate(file.fileno(), 0, size)


def _used(file: IO[bytes]) -> int:
    file.seek(0)
    return int.from_bytes(file.read(4), sys.byteorder)


def fresh_folder(state: Path) -> Path:
    """An empty folder under `state` for the numbers of many processes. Raises ConfigError when none can be made."""
    folder = state / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    return made_folder(folder, mode=PRIVATE_FOLDER)


class _Together(MultiProcessCollector):
    """Adds up while nobody moves a dead process's numbers."""

    def __init__(self, registry: CollectorRegistry, folder: Path) -> None:
        self._folder = folder
        super().__init__(registry, str(folder))  # type: ignore[no-untyped-call]

    def collect(self) -> Iterable[Metric]:
        with locked(self._folder):
            found: Iterable[Metric] = super().collect()  # type: ignore[no-untyped-call]
            return found


def together(folder: Path) -> CollectorRegistry:
    """A registry that adds up what all processes wrote to `folder`."""
    registry = CollectorRegistry()
    _Together(registry, folder)
    return registry


def process_died(pid: int, folder: Path) -> None:
    """Forget what a dead process said of itself now; what it counted stays, in one file for all dead ones.

    Without room for that its own file stays, and is added up as it is.
    """
    mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
    with locked(folder):
        for kind in STAY:
            own, kept = folder / f"{kind}_{pid}.db", folder / f"{kind}_{_DEAD}.db"
            if own.exists():
                try:
                    _add(own, kept, newest=kind == NEWEST)
                except OSError as error:
                    _log.warning("the numbers of process %d stay in a file of their own: %s", pid, error)
                else:
                    own.unlink()


def _add(own: Path, kept: Path, *, newest: bool) -> None:
    """Add what is in `own` to `kept`, or let the `newest` stand: all of it, or OSError and nothing."""
    with own.open("rb") as file:
        _allocated(kept, _used(file))
    sums: Any = MmapedDict(str(kept))  # type: ignore[no-untyped-call]
    for key, value, at, _ in MmapedDict.read_all_values_from_file(str(own)):  # type: ignore[no-untyped-call]
        before, since = sums.read_value(key)
        if not newest:
            sums.write_value(key, before + value, 0.0)
        elif at >= since:
            sums.write_value(key, value, at)
    sums.close()
