from __future__ import annotations

import asyncio
import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from aisecops.adapters.nlp.link import _SOURCE_ROOT, WorkerLink
from aisecops.adapters.nlp.pool import LONGEST_LOOK, ScannerPool
from aisecops.controls.dlp.exact import planted
from aisecops.model.errors import ConfigError, Fault, PolicyError
from aisecops.model.provenance import Span
from aisecops.model.recogniser import RecogniserPattern, RecogniserRule
from aisecops.model.watchlist import Watchlist
from aisecops.wire.files.opened import Opened
from aisecops.wire.files.shelf import File
from support.detectors import CANARY_VALUE, KEY, STRONG, WATCHLIST
from support.names import small_model
from support.packing import word
from support.samples import Random, mail

pytestmark = pytest.mark.asyncio(loop_scope="module")

WATCHED = [WATCHLIST]
"""What the pool is told to look for, as rules in force would; a test may change it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[ScannerPool]:
    made = ScannerPool(workers=1, deadline_s=2.0, queue=2, key=KEY, watchlist=lambda: WATCHED[0])
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


async def test_what_is_planted_later_is_found_in_what_was_seen_before_and_what_is_taken_away_is_not(
    pool: ScannerPool,
) -> None:
    parts = [("body:", f"the code is tall-otter-5150, {mail(Random(30))}")]
    kinds = frozenset({"CANARY", "KNOWN_SECRET"})
    try:
        assert await pool.scan(parts, kinds) == ()
        WATCHED[0] = Watchlist(planted=(planted("KNOWN_SECRET", "tall-otter-5150", key=KEY),))
        assert [found.entity for found in await pool.scan(parts, kinds)] == ["KNOWN_SECRET"]
        assert await pool.scan([("body:", CANARY_VALUE)], kinds) == ()
    finally:
        WATCHED[0] = WATCHLIST
    assert await pool.scan(parts, kinds) == ()


async def test_a_kind_of_the_rules_own_is_found_in_short_and_plain_texts_and_in_a_dress(pool: ScannerPool) -> None:
    own = frozenset({"STAFF_ID"})
    texts = ("st1", "nothing that any other kind would look at, st7", base64.b64encode(b"badge of st9 here").decode())
    with pytest.raises(Fault, match="STAFF_ID"):
        await pool.scan([("body:", "st1")], own)
    try:
        rule = RecogniserRule(name="n", entity="STAFF_ID", patterns=(RecogniserPattern(regex="st[0-9]", score=0.9),))
        WATCHED[0] = Watchlist(recognisers=(rule,))
        found = await pool.scan([(f"body:/{n}", text) for n, text in enumerate(texts)], own)
    finally:
        WATCHED[0] = WATCHLIST
    assert [one.where for one in found] == ["body:/0", "body:/1", "body:/2"]


async def test_without_a_language_model_what_needs_one_is_a_fault_and_with_one_names_are_found(
    pool: ScannerPool, tmp_path: Path
) -> None:
    parts = [("body:", "Ada")]
    with pytest.raises(PolicyError, match="no language model"):
        await pool.scan(parts, frozenset({"PERSON"}))
    try:
        WATCHED[0] = Watchlist(names_model=small_model(tmp_path))
        found = await pool.scan([("body:/a", "so Ada Marlow said"), *parts], frozenset({"PERSON", "LOCATION"}))
    finally:
        WATCHED[0] = WATCHLIST
    assert [(one.entity, one.where, one.span) for one in found] == [("PERSON", "body:/a", Span(start=3, end=13))]


async def test_a_watchlist_that_cannot_be_had_is_a_fault(pool: ScannerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable() -> Watchlist:
        raise ConfigError("`file:known` is no text", "write one value a line")

    monkeypatch.setattr(pool, "_watchlist", unreadable)
    with pytest.raises(Fault, match="is no text"):
        await pool.scan([("body:", "a text")], STRONG)


async def test_a_field_says_what_its_value_is_and_the_finding_is_at_the_value(pool: ScannerPool) -> None:
    number = "219099998"
    found = await pool.scan([("body:/customer/ssn", number), ("body:/order", number)], frozenset({"US_SSN"}))
    assert [(one.where, one.span) for one in found] == [("body:/customer/ssn", Span(start=0, end=len(number)))]


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


async def test_what_could_not_be_scanned_is_not_remembered_as_clean(pool: ScannerPool) -> None:
    (pid,) = pids(pool)
    text = fresh(71)
    os.kill(pid, signal.SIGSTOP)
    scan = asyncio.ensure_future(pool.scan([("body:", text)], STRONG))
    await until(lambda: busy(pool))
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Fault, match="died"):
        await scan
    await works_again(pool, 72)
    assert len(await pool.scan([("body:", text)], STRONG)) == 1


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
    pool = ScannerPool(workers=1, deadline_s=30.0, queue=2, key=b"k")
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
    pool = ScannerPool(workers=2, deadline_s=1.0, queue=2, key=b"k")
    pool.begin()
    await asyncio.sleep(0.1)
    await pool.close()
    assert not pids(pool)


async def test_workers_that_cannot_import_stop_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "presidio_analyzer.py").write_text("raise ImportError('no such thing')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pool = ScannerPool(workers=2, deadline_s=1.0, queue=2, key=b"k")
    with pytest.raises(ConfigError, match="no such thing"):
        await pool.start()
    with pytest.raises(Fault):
        await pool.scan([("body:", fresh(22))], STRONG)
    await pool.close()


async def test_a_document_is_opened_once_and_a_new_one_beside_it_alone(
    pool: ScannerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[bytes]] = []
    really = WorkerLink.open_files

    async def counted(link: WorkerLink, files: Sequence[File]) -> list[Opened]:
        asked.append([file.data for file in files])
        return await really(link, files)

    monkeypatch.setattr(WorkerLink, "open_files", counted)
    one, two = (File(where="upload:f", data=word(text), reason="upload") for text in ("the tide", "the crane"))
    first = await pool.open_files([one])
    assert await pool.open_files([one]) == first
    both = await pool.open_files([one, two, two])
    assert asked == [[one.data], [two.data]]
    assert both.parts[: len(first.parts)] == first.parts
    assert "crane" in str(both.parts)
    assert await pool.open_files([]) == Opened()


async def test_no_worker_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="worker"):
        ScannerPool(workers=0, deadline_s=1.0, queue=1, key=b"k")


PARENT = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from aisecops.adapters.nlp.pool import ScannerPool
async def main():
    pool = ScannerPool(workers=2, deadline_s=5.0, queue=2, key=b"k")
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
