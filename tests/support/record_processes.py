"""What other processes do to a record in its tests. Importable, so that a new process can start in it."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401 - while it may still be read
import os
import resource
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from aisecops.adapters.audit import lines
from aisecops.adapters.audit.chain import ChainLog
from aisecops.model.errors import RecordError
from support.records import chain, event

NOBODY = 65534


def append_many(record: Path, writer: int, count: int) -> None:
    """Append `count` events by tens, one of each ten durable."""

    async def main() -> None:
        log = chain(record, signed=writer == 0, rotate_bytes=60_000)
        for start in range(0, count, 10):
            await asyncio.gather(*(log.append(event(writer * 1000 + start + n), durable=n == 0) for n in range(10)))
        await log.close()

    asyncio.run(main())


def append_until_killed(record: Path, start: int, told: Connection) -> None:
    """Append for ever, telling each number once it is durable."""

    async def one(log: ChainLog, number: int) -> None:
        await log.append(event(number, text="x" * (number % 5000)), durable=True)
        told.send(number)

    async def main() -> None:
        log = chain(record, rotate_bytes=200_000)
        told.send("ready")
        for first in range(start, start + 1_000_000, 8):
            await asyncio.gather(*(one(log, first + n) for n in range(8)))

    asyncio.run(main())


def append_while_locked_out(record: Path) -> None:
    """As a user without special rights: append, lose the folder, get it back."""
    os.setuid(NOBODY)

    async def main() -> None:
        log = chain(record)
        await log.append(event(1))
        os.chmod(record, 0)  # noqa: PTH101 - not blocking for long
        with pytest.raises(RecordError, match=r"cannot be written \(permission denied\)"):
            await log.append(event(2))
        os.chmod(record, 0o700)  # noqa: PTH101
        await log.append(event(3))
        await log.close()

    asyncio.run(main())


def append_over_the_limit(record: Path) -> None:
    """Append with a limit on file sizes that cuts a write in half, and again without."""

    async def main() -> None:
        log = chain(record, signed=False)
        await log.append(event(1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
        with pytest.raises(RecordError, match="file too large"):
            await log.append(event(2), event(3), event(4))
        assert len((record / lines.segment_name(1)).read_bytes().splitlines()) == 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await log.append(event(5))
        await log.close()

    asyncio.run(main())
