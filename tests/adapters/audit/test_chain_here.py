"""A line that comes alone is written where it comes; whatever would make others wait is left to the thread."""

from __future__ import annotations

import asyncio
import fcntl
from pathlib import Path

import pytest

from aisecops.adapters.audit import chain as chain_module
from aisecops.adapters.audit.chain import ChainLog
from aisecops.adapters.audit.verify import verify
from aisecops.model.errors import RecordError
from support.records import PUBLIC_KEYS, chain, event, rows


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "record"


def numbers(record: Path) -> list[int]:
    assert verify(record, PUBLIC_KEYS).ok
    return [row["number"] for row in rows(record) if "number" in row]


def is_written_at_once(log: ChainLog, number: int) -> bool:
    """True when the append is over before the event loop could do anything else."""
    appending = log.append(event(number))
    try:
        appending.send(None)
    except StopIteration:
        return True
    appending.close()
    return False


async def test_what_comes_alone_is_written_before_anything_else_runs(record: Path) -> None:
    log = chain(record)
    assert is_written_at_once(log, 1)
    assert numbers(record) == [1]
    await log.close()


async def test_a_lock_that_another_holds_holds_up_nobody_but_who_appends(record: Path) -> None:
    log = chain(record)
    with (record / "lock").open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        appending = asyncio.ensure_future(log.append(event(1)))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not appending.done()
    await appending
    await log.close()
    assert numbers(record) == [1]


async def test_a_slow_disk_is_left_to_the_thread(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = chain(record)
    monkeypatch.setattr(chain_module, "_SLOW_S", 0.0)
    assert is_written_at_once(log, 1)
    assert not is_written_at_once(log, 2)
    await log.append(event(3))
    await log.close()
    assert numbers(record) == [1, 2, 3]


async def test_much_that_others_wrote_is_read_by_the_thread(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, other = chain(record, signed=False), chain(record, signed=False)
    monkeypatch.setattr(chain_module, "_READ_ON_HERE", 0)
    await other.append(event(1))
    assert not is_written_at_once(log, 2)
    await log.close()
    await other.close()
    assert numbers(record) == [1, 2]


async def test_one_that_is_no_json_is_refused_and_the_next_is_written(record: Path) -> None:
    log = chain(record)
    with pytest.raises(RecordError, match="cannot be written as JSON"):
        await log.append(event(object()))  # type: ignore[arg-type]
    assert is_written_at_once(log, 2)
    await log.close()
    assert numbers(record) == [2]
