"""The chain under everything that happens to files and processes: it fails closed, and goes on when it is mended."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import multiprocessing
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from aisecops.adapters.audit import folder as folder_module
from aisecops.adapters.audit import lines
from aisecops.adapters.audit.verify import verify
from aisecops.model.errors import RecordError
from support.record_processes import (
    append_many,
    append_over_the_limit,
    append_until_killed,
    append_while_locked_out,
)
from support.records import PUBLIC_KEYS, chain, event, rows, written
from support.small_disk import small_disk

SPAWN = multiprocessing.get_context("spawn")
FIRST = lines.segment_name(1)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "record"


def whole(record: Path) -> bool:
    found = verify(record, PUBLIC_KEYS)
    assert found.ok, found.problems
    return found.ok


def numbers(record: Path) -> list[int]:
    return [row["number"] for row in rows(record) if "number" in row]


# -- what is written ------------------------------------------------------------------------------


async def test_a_line_carries_its_place_and_the_event(record: Path) -> None:
    log = chain(record)
    await log.append(event(1), event(2))
    await log.close()
    first, second = (record / FIRST).read_bytes().splitlines()
    one, two = rows(record)
    assert (one["v"], one["seq"], one["prev"]) == (1, 1, "0" * 64)
    assert (two["seq"], two["prev"]) == (2, lines.digest(first))
    assert one["at"].endswith("Z")
    assert (one["event"], one["control"], one["number"]) == ("tool_invoked", ["AIS-OBS-01"], 1)
    assert lines.is_canonical(first)
    assert lines.is_canonical(second)


def test_nobody_else_may_read_the_record(record: Path) -> None:
    old = os.umask(0)
    try:
        asyncio.run(written(record, 1))
    finally:
        os.umask(old)
    assert record.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in record.iterdir()} == {0o600}


async def test_a_record_goes_on_where_it_ended(record: Path) -> None:
    for _ in range(3):
        await written(record, 4, rotate_bytes=1_000)
    assert whole(record)
    assert [row["seq"] for row in rows(record)] == list(range(1, 13))
    assert len(lines.segment_numbers(record)) > 3


async def test_a_record_rotated_and_then_left_is_gone_on_with(record: Path) -> None:
    await written(record, 3)
    (record / lines.segment_name(2)).touch(mode=0o600)
    await written(record, 3)
    assert whole(record)
    assert len((record / lines.segment_name(2)).read_bytes().splitlines()) == 3


async def test_closing_signs_the_last_line(record: Path) -> None:
    await written(record, 3)
    assert whole(record)
    path = record / FIRST
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert [problem.kind for problem in verify(record, PUBLIC_KEYS).problems] == ["truncated"]


async def test_what_is_durable_was_synced_after_it_was_written(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fdatasync

    def seen(fd: int) -> None:
        real(fd)
        synced.append(os.fstat(fd).st_size)

    monkeypatch.setattr(os, "fdatasync", seen)
    log = chain(record, signed=False)
    await log.append(event(1), durable=True)
    assert synced[-1] == (record / FIRST).stat().st_size
    await log.close()


async def test_a_segment_is_durable_before_the_next_one_exists(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[list[str]] = []
    monkeypatch.setattr(os, "fdatasync", lambda fd: synced.append(sorted(path.name for path in record.glob("rec*"))))
    log = chain(record, signed=False, rotate_bytes=1)
    await log.append(event(1))
    await log.append(event(2))
    assert synced[0] == [FIRST]
    assert len(lines.segment_numbers(record)) == 2
    await log.close()


async def test_the_signer_vouches_for_what_others_wrote(record: Path) -> None:
    signer, other = chain(record), chain(record, signed=False)
    await other.append(*(event(number) for number in range(5)))
    await other.close()
    await asyncio.to_thread(_until, lambda: verify(record, PUBLIC_KEYS).checkpoints > 0)
    await signer.close()
    assert whole(record)
    assert verify(record, PUBLIC_KEYS).seq == 5


def _until(true, within_s: float = 10) -> None:
    give_up = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


# -- several processes ----------------------------------------------------------------------------


def test_several_processes_write_one_chain(record: Path) -> None:
    writers = [SPAWN.Process(target=append_many, args=(record, number, 200)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert whole(record)
    assert sorted(numbers(record)) == sorted(writer * 1000 + number for writer in range(4) for number in range(200))
    assert len(lines.segment_numbers(record)) > 1


def test_a_writer_killed_at_any_moment_loses_nothing_it_called_durable(record: Path) -> None:
    durable: list[int] = []
    for attempt in range(8):
        ours, theirs = SPAWN.Pipe(duplex=False)
        writer = SPAWN.Process(target=append_until_killed, args=(record, attempt * 1_000_000, theirs))
        writer.start()
        theirs.close()
        assert ours.recv() == "ready"
        time.sleep(attempt * 0.017 % 0.1)  # wherever that finds it
        writer.kill()
        writer.join()
        with contextlib.suppress(EOFError):
            while True:
                durable.append(ours.recv())
        ours.close()
        asyncio.run(written(record, 1))
        assert whole(record)
    assert set(durable) <= set(numbers(record))
    assert len(durable) > 20


# -- half lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("whole_lines", [0, 3])
async def test_half_a_line_is_moved_aside_and_recorded(record: Path, whole_lines: int) -> None:
    await written(record, whole_lines, signed=False)
    with (record / FIRST).open("ab") as file:
        file.write(b'{"agent_id":"hal')
    await written(record, 1)
    assert whole(record)
    repaired = rows(record)[whole_lines]
    assert (repaired["event"], repaired["file"], repaired["size_bytes"]) == ("record_repaired", FIRST, 16)
    assert (record / repaired["moved_to"]).read_bytes() == b'{"agent_id":"hal'


async def test_half_a_line_of_a_process_that_died_is_mended_by_the_next_to_write(record: Path) -> None:
    log = chain(record)
    await log.append(event(1))
    with (record / FIRST).open("ab") as file:
        file.write(b'{"agent_id":"hal')
    await log.append(event(2))
    await log.close()
    assert whole(record)
    assert [row["event"] for row in rows(record)] == ["tool_invoked", "record_repaired", "tool_invoked"]


async def test_half_a_checkpoint_is_moved_aside_and_recorded(record: Path) -> None:
    await written(record, 2)
    with (record / "checkpoints.jsonl").open("ab") as file:
        file.write(b'{"half')
    await written(record, 1)
    assert whole(record)
    assert [row.get("file") for row in rows(record)] == [None, None, "checkpoints.jsonl", None]


# -- what is not gone on with ---------------------------------------------------------------------


def _opens(record: Path, match: str) -> None:
    with pytest.raises(RecordError, match=match):
        chain(record)


async def test_a_tail_that_was_changed_is_not_gone_on_with(record: Path) -> None:
    await written(record, 5)
    path = record / FIRST
    path.write_bytes(path.read_bytes().replace(b'"number":3', b'"number":4'))
    _opens(record, "does not go on after seq 4")


async def test_a_tail_cut_behind_a_checkpoint_is_not_gone_on_with(record: Path) -> None:
    await written(record, 5)
    path = record / FIRST
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    _opens(record, "ends at seq 3 but was signed up to 5; restore it")


async def test_a_last_line_that_was_changed_is_not_gone_on_with(record: Path) -> None:
    await written(record, 5)
    path = record / FIRST
    path.write_bytes(path.read_bytes().replace(b'"number":4', b'"number":9'))
    _opens(record, "line seq 5 is not the one that was signed")


async def test_a_forged_checkpoint_is_not_gone_on_with(record: Path) -> None:
    await written(record, 5)
    path = record / "checkpoints.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"seq":5', b'"seq":4'))
    _opens(record, "does not carry a valid signature")


async def test_missing_checkpoints_or_segments_are_not_gone_on_without(record: Path) -> None:
    await written(record, 5)
    (record / "checkpoints.jsonl").rename(record / "aside")
    _opens(record, r"`checkpoints\.jsonl` is gone from the record")
    (record / "aside").rename(record / "checkpoints.jsonl")
    (record / FIRST).unlink()
    _opens(record, "ends at seq 0 but was signed up to 5")


async def test_one_key_name_is_never_two_keys(record: Path) -> None:
    await written(record, 1)
    (record / "keys.json").write_text('{"record-test":"' + "A" * 43 + '="}')
    _opens(record, "holds another key named `record-test`")


# -- the world failing under it -------------------------------------------------------------------


async def test_a_file_deleted_under_it_closes_the_record_until_it_is_back(record: Path) -> None:
    log = chain(record)
    await log.append(event(1))
    kept = record.with_name("kept")
    (record / FIRST).rename(kept)
    for number in (2, 3):
        with pytest.raises(RecordError, match="is gone from the record; put it back"):
            await log.append(event(number))
    kept.rename(record / FIRST)
    await log.append(event(4))
    await log.close()
    assert whole(record)
    assert numbers(record) == [1, 4]


async def test_a_file_replaced_under_it_is_not_written_to_unless_it_holds_the_same(record: Path) -> None:
    log = chain(record)
    await log.append(event(1))
    copy = record.with_name("copy")
    shutil.copy(record / FIRST, copy)
    (record / FIRST).unlink()
    (record / FIRST).write_bytes(b"another\n" * 100)
    for _ in range(2):
        with pytest.raises(RecordError, match=r"replaced while in use|is not the file that was written to"):
            await log.append(event(2))
    shutil.copy(copy, record / FIRST)
    await log.append(event(3))
    await log.close()
    assert whole(record)
    assert numbers(record) == [1, 3]


async def test_a_file_cut_short_under_it_closes_the_record(record: Path) -> None:
    log = chain(record)
    await log.append(event(1), event(2))
    os.truncate(record / FIRST, 100)
    for _ in range(2):
        with pytest.raises(RecordError, match="cut short while in use"):
            await log.append(event(3))
    await log.close()


async def test_a_strange_line_under_it_closes_the_record(record: Path) -> None:
    log = chain(record)
    await log.append(event(1))
    with (record / FIRST).open("ab") as file:
        file.write(b'{"seq":2,"prev":"no"}\n')
    with pytest.raises(RecordError, match="does not go on after seq 1"):
        await log.append(event(2))
    os.truncate(record / FIRST, (record / FIRST).stat().st_size - len(b'{"seq":2,"prev":"no"}\n'))
    await log.append(event(3))
    await log.close()
    assert whole(record)


async def test_a_right_taken_away_closes_the_record_until_it_is_given_back(record: Path) -> None:
    log = chain(record)
    await log.append(event(1))
    (record / FIRST).chmod(0o400)
    with pytest.raises(RecordError, match="may not be written any more"):
        await log.append(event(2))
    (record / FIRST).chmod(0o600)
    await log.append(event(3))
    await log.close()
    assert whole(record)


@pytest.mark.skipif(os.getuid() != 0, reason="needs a second user")
def test_a_folder_closed_to_us_closes_the_record() -> None:
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o777)
        child = SPAWN.Process(target=append_while_locked_out, args=(Path(base) / "record",))
        child.start()
        child.join(30)
        assert child.exitcode == 0
        assert numbers(Path(base) / "record") == [1, 3]


@pytest.mark.skipif(os.getuid() != 0, reason="mounting needs root")
async def test_a_full_disk_closes_the_record_until_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "512k") as disk:
        record = disk / "record"
        (disk / "ballast").write_bytes(bytes(200_000))
        log = chain(record)
        kept = 0
        with pytest.raises(RecordError, match=r"no space left on device.*free the disk"):
            for kept in range(200):
                await log.append(event(kept, text="x" * 5_000), durable=True)
        with pytest.raises(RecordError, match="no space left"):
            await log.append(event(1000, text="x" * 5_000))
        assert (record / FIRST).read_bytes().endswith(b"\n")
        assert verify(record, PUBLIC_KEYS).ok
        (disk / "ballast").unlink()
        await log.append(event(2000, text="x" * 5_000), durable=True)
        await log.close()
        assert numbers(record) == [*range(kept), 2000]
        assert whole(record)
        del log


def test_a_write_that_stops_halfway_leaves_no_half_line(record: Path) -> None:
    child = SPAWN.Process(target=append_over_the_limit, args=(record,))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert numbers(record) == [1, 5]
    assert whole(record)


async def test_a_sync_that_failed_is_never_called_durable_again(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = chain(record, signed=False)
    await log.append(event(1), durable=True)

    def broken(fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(RecordError, match=r"input/output error.*restart"):
        await log.append(event(2), durable=True)
    monkeypatch.undo()
    with pytest.raises(RecordError, match=r"input/output error.*restart"):
        await log.append(event(3))
    await log.close()


async def test_a_record_that_cannot_be_signed_is_closed_until_it_can(record: Path) -> None:
    log = chain(record)
    await log.append(event(1), durable=True)
    await asyncio.to_thread(_until, lambda: verify(record, PUBLIC_KEYS).checkpoints == 1)
    (record / "checkpoints.jsonl").rename(record / "aside")
    await log.append(event(2), durable=True)
    await asyncio.to_thread(_until, lambda: log._unsigned)
    with pytest.raises(RecordError, match="cannot be written"):
        await log.append(event(3))
    (record / "aside").rename(record / "checkpoints.jsonl")
    await log.append(event(4))
    await log.close()
    assert numbers(record) == [1, 2, 4]
    assert whole(record)


async def test_a_lock_that_is_never_let_go_is_a_fault(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = chain(record)
    monkeypatch.setattr(folder_module, "_LOCK_WITHIN_S", 0.1)
    with (record / "lock").open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RecordError, match="does not let go"):
            await log.append(event(1))
    await log.append(event(2))
    await log.close()
    assert numbers(record) == [2]


async def test_a_lock_on_a_file_that_is_gone_is_no_lock(record: Path) -> None:
    log = chain(record, signed=False)
    with (record / "lock").open("r+b") as old:
        fcntl.flock(old, fcntl.LOCK_EX)
        waiting = asyncio.ensure_future(log.append(event(1)))
        await asyncio.sleep(0.02)
        (record / "lock").unlink()
        new = (record / "lock").open("xb")
        fcntl.flock(new, fcntl.LOCK_EX)
    await asyncio.sleep(0.05)
    assert rows(record) == []
    new.close()
    await waiting
    await log.close()
    assert numbers(record) == [1]


async def test_a_lock_file_that_is_removed_does_not_let_two_in(record: Path) -> None:
    one, two = chain(record), chain(record, signed=False)
    (record / "lock").unlink()
    await asyncio.gather(*(log.append(event(number)) for number in range(50) for log in (one, two)))
    await one.close()
    await two.close()
    assert whole(record)
    assert len(rows(record)) == 100
