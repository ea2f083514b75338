"""What is taken out of the record on purpose is stated and signed; what is taken out otherwise is found out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aisecops.adapters.audit.checkpoints import Signing
from aisecops.adapters.audit.reader import events
from aisecops.adapters.audit.retention import gone, removable, remove
from aisecops.adapters.audit.verify import verify
from aisecops.model.errors import RecordError
from support.records import KEY, KEY_ID, PUBLIC_KEYS, chain, event, written

SIGNING = Signing(KEY_ID, lambda message: KEY.sign(message).signature, PUBLIC_KEYS[KEY_ID])
LATER = datetime.now(UTC) + timedelta(days=365)
AT_MS = 1_800_000_000_000
SIZE = 2000


@pytest.fixture
async def record(tmp_path: Path) -> Path:
    """Five segments and more, signed to the end."""
    folder = tmp_path / "record"
    await written(folder, 40, rotate_bytes=SIZE)
    assert len(segments(folder)) > 4
    return folder


def segments(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("record-*.jsonl"))


def old(folder: Path, *, before: datetime | None = LATER, most_bytes: int | None = None, signed_seq: int = 40):
    return removable(folder, signed_seq=signed_seq, before=before, most_bytes=most_bytes)


def taken_out(folder: Path, count: int, archive: Path | None = None) -> None:
    remove(folder, old(folder)[:count], by="ana", why="kept a year", at_ms=AT_MS, signing=SIGNING, archive=archive)


def kinds(folder: Path) -> set[str]:
    return {problem.kind for problem in verify(folder, PUBLIC_KEYS).problems}


def test_what_was_taken_out_is_said_and_the_rest_is_whole(record: Path) -> None:
    end = verify(record, PUBLIC_KEYS)
    taken_out(record, 2)

    found = verify(record, PUBLIC_KEYS)

    assert found.ok
    assert (found.seq, found.hash) == (end.seq, end.hash)
    assert [(one.segment, one.by, one.why) for one in found.removed] == [
        (1, "ana", "kept a year"),
        (2, "ana", "kept a year"),
    ]
    assert found.lines == 40 - found.removed[-1].seq
    assert next(iter(events(record)))["seq"] == found.removed[-1].seq + 1
    last = gone(record, PUBLIC_KEYS)
    assert last is not None
    assert last.seq == found.removed[-1].seq


def test_it_may_be_done_again_and_again_until_two_segments_are_left(record: Path) -> None:
    while old(record):
        taken_out(record, 1)
        assert verify(record, PUBLIC_KEYS).ok

    assert len(segments(record)) == 2


async def test_the_record_goes_on_after_it_in_a_process_that_had_it_open_and_in_a_new_one(record: Path) -> None:
    log = chain(record, rotate_bytes=SIZE)
    taken_out(record, 3)
    await log.append(event(41), durable=True)
    await log.close()
    await written(record, 3, rotate_bytes=SIZE)

    found = verify(record, PUBLIC_KEYS)

    assert (found.ok, found.seq) == (True, 44)


def test_a_segment_more_than_was_stated_is_missing(record: Path) -> None:
    taken_out(record, 2)
    (record / "record-000003.jsonl").unlink()

    assert "segment_missing" in kinds(record)


def test_without_the_statement_or_its_signature_segments_are_missing(record: Path) -> None:
    taken_out(record, 2)
    statements = record / "removed.jsonl"
    whole = statements.read_bytes()

    statements.write_bytes(whole.replace(b'"ana"', b'"eve"'))
    assert kinds(record) >= {"removal_changed", "segment_missing"}
    statements.unlink()
    assert "segment_missing" in kinds(record)


def test_nobody_without_the_key_states_a_removal(record: Path) -> None:
    other = SIGNING._replace(sign=lambda _: bytes(64))
    remove(record, old(record)[:1], by="eve", why="hm", at_ms=AT_MS, signing=other)

    assert kinds(record) >= {"removal_changed", "segment_missing"}


def test_a_line_changed_right_after_what_was_taken_out_is_found(record: Path) -> None:
    taken_out(record, 1)
    first = record / "record-000002.jsonl"
    first.write_bytes(first.read_bytes().replace(b"crm", b"xrm").replace(b"support-bot", b"support-bat", 1))

    assert kinds(record) == {"changed"}


def test_a_crash_between_statement_and_removal_leaves_a_whole_record_that_is_pruned_again(record: Path) -> None:
    kept = {name: (record / name).read_bytes() for name in segments(record)[:2]}
    taken_out(record, 2)
    (record / "record-000002.jsonl").write_bytes(kept["record-000002.jsonl"])
    assert verify(record, PUBLIC_KEYS).ok

    with (record / "removed.jsonl").open("ab") as file:
        file.write(b'{"half')
    taken_out(record, 1)

    assert verify(record, PUBLIC_KEYS).ok
    assert segments(record)[0] == "record-000003.jsonl"


def test_nothing_goes_that_no_checkpoint_covers(record: Path) -> None:
    [first, second, *_] = old(record)

    assert old(record, signed_seq=second.seq - 1) == (first,)
    assert old(record, signed_seq=0) == ()


def test_age_and_size_say_what_may_go(record: Path) -> None:
    total = sum((record / name).stat().st_size for name in segments(record))
    first = (record / segments(record)[0]).stat().st_size

    assert old(record, before=datetime.now(UTC) - timedelta(days=1)) == ()
    assert old(record, before=None, most_bytes=total) == ()
    assert [one.segment for one in old(record, before=None, most_bytes=total - first)] == [1]
    assert len(old(record, before=None, most_bytes=0)) == len(segments(record)) - 2


def test_an_archive_has_the_very_bytes_and_nothing_is_written_over_there(record: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    bytes_before = (record / "record-000001.jsonl").read_bytes()
    taken_out(record, 1, archive)
    assert (archive / "record-000001.jsonl").read_bytes() == bytes_before

    (archive / "record-000002.jsonl").write_bytes(b"other")
    with pytest.raises(RecordError, match="is there already"):
        taken_out(record, 1, archive)
    assert verify(record, PUBLIC_KEYS).ok
    assert segments(record)[0] == "record-000002.jsonl"
