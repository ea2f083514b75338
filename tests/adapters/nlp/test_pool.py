from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from aisecops.adapters.nlp.link import _SOURCE_ROOT
from aisecops.adapters.nlp.pool import LONGEST_LOOK, ScannerPool
from aisecops.model.errors import ConfigError, Fault
from support.detectors import CANARY_VALUE, STRONG
from support.samples import Random, mail

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[ScannerPool]:
    made = ScannerPool(workers=1, deadline_s=2.0, queue=2, key=b"k", canaries=[CANARY_VALUE])
    await made.start()
    yield made
    await made.close()


def fresh(seed: int) -> str:
    """A text that nobody scanned before, with one address in it."""
    return f"write to {mail(Random(seed))} about {seed}"


async def works_again(pool: ScannerPool, seed: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                (finding,) = await pool.scan([("body:", fresh(seed))], STRONG)
            except Fault:
                continue
            assert finding.entity == "EMAIL_ADDRESS"
            return


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


def busy(pool: ScannerPool) -> bool:
    return pool._idle.empty()


def pids(pool: ScannerPool) -> list[int]:
    return [link.pid for link in pool._links if link.alive]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


async def test_what_was_seen_needs_no_worker(pool: ScannerPool) -> None:
    found = await pool.scan([("body:/a", fresh(1))], STRONG)
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGSTOP)
    again = await pool.scan([("body:/b", fresh(1)), ("query:q", fresh(1))], STRONG)
    os.kill(pid, signal.SIGCONT)
    assert [(f.where, f.span, f.fingerprint) for f in again] == [
        (where, found[0].span, found[0].fingerprint) for where in ("body:/b", "query:q")
    ]


async def test_no_kinds_short_texts_and_plain_prose_need_no_worker(pool: ScannerPool) -> None:
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGSTOP)
    assert await pool.scan([("body:", fresh(2))], frozenset()) == ()
    assert await pool.scan([("body:", "a@b")], STRONG) == ()
    assert await pool.scan([("body:", "the quick brown fox " * 100)], STRONG) == ()
    os.kill(pid, signal.SIGCONT)


async def test_a_long_text_is_scanned_by_a_worker_and_completely(pool: ScannerPool) -> None:
    address = mail(Random(3))
    text = "the quick brown fox " * (LONGEST_LOOK // 16) + address
    (finding,) = await pool.scan([("body:", text)], STRONG)
    assert text[finding.span.start : finding.span.end] == address


async def test_lone_surrogates_are_text_too(pool: ScannerPool) -> None:
    (finding,) = await pool.scan([("body:", f"\ud800 {mail(Random(4))}")], STRONG)
    assert finding.span.start == 2


async def test_the_event_loop_runs_while_a_worker_scans(pool: ScannerPool) -> None:
    text = " ".join(mail(Random(seed)) for seed in range(3000))
    scan = asyncio.ensure_future(pool.scan([("body:", text)], STRONG))
    longest, last = 0.0, time.perf_counter()
    while not scan.done():
        await asyncio.sleep(0)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    assert len(await scan) == 3000
    assert longest < 0.25


async def test_a_hung_worker_is_a_fault_by_the_deadline_and_is_replaced(pool: ScannerPool) -> None:
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(Fault, match="longer than 2 s"):
        await pool.scan([("body:", fresh(5))], STRONG)
    await works_again(pool, 6)
    assert gone(pid)


async def test_a_worker_killed_in_the_middle_is_a_fault_and_is_replaced(pool: ScannerPool) -> None:
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGSTOP)
    scan = asyncio.ensure_future(pool.scan([("body:", fresh(7))], STRONG))
    await until(lambda: busy(pool))
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Fault, match="died"):
        await scan
    await works_again(pool, 8)


async def test_a_full_queue_is_a_fault_and_what_was_queued_goes_on(pool: ScannerPool) -> None:
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGSTOP)
    scans = [asyncio.ensure_future(pool.scan([("body:", fresh(seed))], STRONG)) for seed in (9, 10, 11)]
    await asyncio.sleep(0)
    with pytest.raises(Fault, match="full"):
        await pool.scan([("body:", fresh(12))], STRONG)
    os.kill(pid, signal.SIGCONT)
    assert [len(found) for found in await asyncio.gather(*scans)] == [1, 1, 1]


async def test_a_caller_who_gives_up_leaves_the_worker_in_order(pool: ScannerPool) -> None:
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGSTOP)
    scan = asyncio.ensure_future(pool.scan([("body:", fresh(13))], STRONG))
    await until(lambda: busy(pool))
    scan.cancel()
    await asyncio.gather(scan, return_exceptions=True)
    os.kill(pid, signal.SIGCONT)
    (finding,) = await pool.scan([("body:", "ssn 219-09-9999 here")], STRONG - {"PHONE_NUMBER"})
    assert (finding.entity, pids(pool)) == ("US_SSN", [pid])


async def test_a_worker_that_died_while_idle_costs_no_scan(pool: ScannerPool) -> None:
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: pid not in pids(pool))
    await works_again(pool, 14)


async def test_an_unknown_kind_is_a_fault(pool: ScannerPool) -> None:
    with pytest.raises(Fault, match="CREDIT_CRD"):
        await pool.scan([("body:", "text")], frozenset({"CREDIT_CRD"}))


async def test_close_leaves_no_process_and_no_scan_behind() -> None:
    pool = ScannerPool(workers=1, deadline_s=30.0, queue=2, key=b"k", canaries=[])
    await pool.start()
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGSTOP)
    scan = asyncio.ensure_future(pool.scan([("body:", fresh(20))], STRONG))
    await asyncio.sleep(0.01)
    await pool.close()
    with pytest.raises(Fault, match="closed"):
        await scan
    with pytest.raises(Fault, match="closed"):
        await pool.scan([("body:", fresh(21))], STRONG)
    assert gone(pid)


async def test_close_during_the_start_leaves_no_process_behind() -> None:
    pool = ScannerPool(workers=2, deadline_s=1.0, queue=2, key=b"k", canaries=[])
    pool.begin()
    await asyncio.sleep(0.1)
    await pool.close()
    assert not pids(pool)


async def test_workers_that_cannot_import_stop_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "presidio_analyzer.py").write_text("raise ImportError('no such thing')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pool = ScannerPool(workers=2, deadline_s=1.0, queue=2, key=b"k", canaries=[])
    with pytest.raises(ConfigError, match="no such thing"):
        await pool.start()
    with pytest.raises(Fault):
        await pool.scan([("body:", fresh(22))], STRONG)
    await pool.close()


async def test_a_short_canary_or_no_worker_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="canary"):
        ScannerPool(workers=1, deadline_s=1.0, queue=1, key=b"k", canaries=["short"])
    with pytest.raises(ConfigError, match="worker"):
        ScannerPool(workers=0, deadline_s=1.0, queue=1, key=b"k", canaries=[])


PARENT = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from aisecops.adapters.nlp.pool import ScannerPool
async def main():
    pool = ScannerPool(workers=2, deadline_s=5.0, queue=2, key=b"k", canaries=[])
    await pool.start()
    print(*(link.pid for link in pool._links), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def workers_of_a_killed_gateway() -> list[int]:
    with subprocess.Popen([sys.executable, "-c", PARENT, _SOURCE_ROOT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    return workers


async def test_a_killed_gateway_leaves_no_worker_behind() -> None:
    workers = workers_of_a_killed_gateway()
    assert len(workers) == 2
    await until(lambda: all(map(gone, workers)))
