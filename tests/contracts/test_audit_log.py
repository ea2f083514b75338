"""What every `AuditLog` promises. Append-only, in order, from many tasks; a no means nothing happened."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aisecops.adapters.audit.chain import ChainLog
from aisecops.gateway.ports import AuditLog
from aisecops.model.errors import RecordError
from support.records import chain, event, rows


@pytest.fixture
async def log(tmp_path: Path):
    opened = chain(tmp_path / "record")
    yield opened
    await opened.close()


def numbers(tmp_path: Path) -> list[int]:
    return [row["number"] for row in rows(tmp_path / "record")]


def test_the_chain_is_an_audit_log(log: ChainLog) -> None:
    port: AuditLog = log
    assert port is log


async def test_what_was_appended_is_there_when_it_returns(log: AuditLog, tmp_path: Path) -> None:
    await log.append(event(1))
    assert numbers(tmp_path) == [1]
    await log.append(event(2), durable=True)
    assert numbers(tmp_path) == [1, 2]


async def test_events_of_one_append_stand_together_in_order(log: AuditLog, tmp_path: Path) -> None:
    await asyncio.gather(*(log.append(*(event(10 * batch + n) for n in range(5))) for batch in range(40)))
    found = numbers(tmp_path)
    assert sorted(found) == sorted(10 * batch + n for batch in range(40) for n in range(5))
    assert all(found[at : at + 5] == [found[at] + n for n in range(5)] for at in range(0, 200, 5))


async def test_nothing_is_appended_by_an_empty_append(log: AuditLog, tmp_path: Path) -> None:
    await log.append()
    assert numbers(tmp_path) == []


async def test_an_event_that_is_no_json_is_refused_alone(log: AuditLog, tmp_path: Path) -> None:
    bad, good = await asyncio.gather(
        log.append(event(1), event(2, thing=object())), log.append(event(3)), return_exceptions=True
    )
    assert isinstance(bad, RecordError)
    assert good is None
    assert numbers(tmp_path) == [3]


async def test_an_event_cannot_name_its_own_place_in_the_chain(log: AuditLog) -> None:
    with pytest.raises(RecordError, match=r"reserved names .*: prev, seq"):
        await log.append(event(1, seq=7, prev="x"))


async def test_a_waiter_that_is_cancelled_harms_nobody(log: AuditLog, tmp_path: Path) -> None:
    waiters = [asyncio.ensure_future(log.append(event(n), durable=True)) for n in range(100)]
    await asyncio.sleep(0)
    for waiter in waiters[::2]:
        waiter.cancel()
    done = await asyncio.gather(*waiters, return_exceptions=True)
    assert all(result is None for result in done[1::2])
    await log.append(event(1000))
    assert {*range(1, 100, 2), 1000} <= set(numbers(tmp_path))


async def test_a_closed_record_takes_nothing(log: AuditLog) -> None:
    await log.close()
    with pytest.raises(RecordError, match="closed"):
        await log.append(event(1))
    await log.close()
