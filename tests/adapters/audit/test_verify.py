"""Whatever is done to a record is found, and the line it was done to is named."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.adapters.audit import lines
from aisecops.adapters.audit import verify as verify_module
from aisecops.adapters.audit.verify import Verification, verify
from aisecops.model.errors import RecordError
from support.records import KEY_ID, PUBLIC_KEYS, chain, event, written

COUNT = 12
Lines = list[bytes]


@pytest.fixture(scope="module")
def original() -> Iterator[Path]:
    """A record of one segment, closed and signed."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(written(Path(folder) / "record", COUNT))
        yield Path(folder) / "record"


def tampered(original: Path, change: Callable[[Lines], Lines]) -> Verification:
    """What comes of the record after `change` of its lines."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "record"
        shutil.copytree(original, copy)
        segment = copy / lines.segment_name(1)
        segment.write_bytes(b"".join(change(segment.read_bytes().splitlines(keepends=True))))
        return verify(copy, PUBLIC_KEYS)


def first(found: Verification) -> tuple[str, int]:
    return found.problems[0].kind, found.problems[0].line


any_line = st.integers(0, COUNT - 1)


def test_an_untouched_record_is_whole(original: Path) -> None:
    found = verify(original, PUBLIC_KEYS)
    assert found.ok
    assert (found.lines, found.seq, found.problems) == (COUNT, COUNT, ())
    assert found.checkpoints >= 1


def test_it_says_how_far_it_is(original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_module, "_TOLD_EACH", 5)
    told: list[tuple[int, int]] = []
    assert verify(original, PUBLIC_KEYS, progress=lambda done, whole: told.append((done, whole))).ok

    data = (original / lines.segment_name(1)).read_bytes()
    ends = [len(b"".join(data.splitlines(keepends=True)[:count])) for count in (5, 10)]
    assert told == [(end, len(data)) for end in ends]


@given(at=any_line)
def test_a_changed_word_is_found_in_its_line(original: Path, at: int) -> None:
    def change(all_lines: Lines) -> Lines:
        row = json.loads(all_lines[at])
        all_lines[at] = lines.canonical(row | {"agent_id": "somebody-else"}) + b"\n"
        return all_lines

    assert first(tampered(original, change)) == ("changed", at + 1)


@given(at=any_line, offset=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_changed_byte_is_found_where_it_is(original: Path, at: int, offset: int, flip: int) -> None:
    def change(all_lines: Lines) -> Lines:
        line = bytearray(all_lines[at])
        line[offset % (len(line) - 1)] ^= flip
        all_lines[at] = bytes(line)
        return all_lines

    assert first(tampered(original, change))[1] == at + 1


@given(at=any_line)
def test_only_spaces_added_is_a_change_too(original: Path, at: int) -> None:
    def change(all_lines: Lines) -> Lines:
        all_lines[at] = all_lines[at].replace(b'"agent_id":', b'"agent_id": ')
        return all_lines

    assert first(tampered(original, change)) == ("changed", at + 1)


@given(at=any_line, seq=st.integers(-5, 40))
def test_a_changed_number_is_found_in_its_line(original: Path, at: int, seq: int) -> None:
    def change(all_lines: Lines) -> Lines:
        all_lines[at] = lines.canonical(json.loads(all_lines[at]) | {"seq": seq}) + b"\n"
        return all_lines

    found = tampered(original, change)
    assert found.ok if seq == at + 1 else first(found) == ("changed", at + 1)


@given(at=any_line, digit=st.sampled_from("123456789abcdef"))
def test_a_changed_link_is_found_in_its_line(original: Path, at: int, digit: str) -> None:
    def change(all_lines: Lines) -> Lines:
        all_lines[at] = lines.canonical(json.loads(all_lines[at]) | {"prev": digit * 64}) + b"\n"
        return all_lines

    assert first(tampered(original, change)) == ("changed", at + 1)


@given(at=any_line, count=st.integers(1, 4))
def test_dropped_lines_are_named(original: Path, at: int, count: int) -> None:
    found = tampered(original, lambda all_lines: all_lines[:at] + all_lines[at + count :])
    kind = "dropped" if at + count < COUNT else "truncated"
    assert [(problem.kind, problem.seq) for problem in found.problems] == [(kind, at + 1)]


@given(at=any_line, to=any_line)
def test_a_moved_line_is_named(original: Path, at: int, to: int) -> None:
    def move(all_lines: Lines) -> Lines:
        all_lines.insert(to, all_lines.pop(at))
        return all_lines

    found = tampered(original, move)
    assert found.ok == (at == to)
    assert {problem.kind for problem in found.problems} <= {"reordered"}
    # of two neighbours that changed places, either one may be said to have moved
    assert len(found.problems) <= 1
    assert all(problem.seq == at + 1 or abs(at - to) == 1 for problem in found.problems)


@given(at=any_line, to=st.integers(0, COUNT))
def test_a_doubled_line_is_named(original: Path, at: int, to: int) -> None:
    found = tampered(original, lambda all_lines: [*all_lines[:to], all_lines[at], *all_lines[to:]])
    assert [(problem.kind, problem.seq) for problem in found.problems] == [("duplicated", at + 1)]


@given(to=st.integers(0, COUNT), forged=st.sampled_from(["garbage", "loose", "fitting", "far"]))
def test_an_inserted_line_is_named(original: Path, to: int, forged: str) -> None:
    def insert(all_lines: Lines) -> Lines:
        prev = lines.digest(all_lines[to - 1][:-1]) if to else lines.GENESIS
        line = {
            "garbage": b"nothing of ours",
            "loose": lines.encode(event(99), seq=to + 1, prev="f" * 64, at_ms=0),
            "fitting": lines.encode(event(99), seq=to + 1, prev=prev, at_ms=0),
            "far": lines.encode(event(99), seq=4000, prev="f" * 64, at_ms=0),
        }[forged]
        return [*all_lines[:to], line + b"\n", *all_lines[to:]]

    found = tampered(original, insert)
    if to == COUNT and forged == "fitting":
        return  # an attacker with the file at hand who goes on with the chain is found by no chain
    assert len(found.problems) >= 1
    assert found.problems[0].line == to + 1
    if to < COUNT:
        assert [problem.kind for problem in found.problems] == ["inserted"]


@given(cut=st.integers(1, 4000))
def test_a_tail_cut_anywhere_is_found(original: Path, cut: int) -> None:
    def shorten(all_lines: Lines) -> Lines:
        return [b"".join(all_lines)[:-cut]]

    kinds = {problem.kind for problem in tampered(original, shorten).problems}
    assert "truncated" in kinds


def test_half_a_line_at_the_end_is_torn(original: Path) -> None:
    found = tampered(original, lambda all_lines: [*all_lines, b'{"agent_id":"sup'])
    assert first(found) == ("torn", COUNT + 1)


def test_a_chain_written_anew_is_found_by_its_checkpoint(original: Path) -> None:
    def rewrite(all_lines: Lines) -> Lines:
        prev, out = lines.GENESIS, []
        for number in range(1, len(all_lines) + 1):
            line = lines.encode(event(number, innocent=True), seq=number, prev=prev, at_ms=0)
            prev = lines.digest(line)
            out.append(line + b"\n")
        return out

    found = tampered(original, rewrite)
    assert not found.ok
    assert found.problems[0].kind == "changed"


@settings(max_examples=50)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_verified_without_a_fault(original: Path, data: bytes) -> None:
    assert not tampered(original, lambda all_lines: [data]).ok


# -- checkpoints and segments ---------------------------------------------------------------------


@pytest.fixture
async def record(tmp_path: Path) -> Path:
    """A record of several segments."""
    folder = tmp_path / "record"
    await written(folder, 30, rotate_bytes=2000)
    assert len(lines.segment_numbers(folder)) > 4
    return folder


def kinds(folder: Path) -> list[str]:
    return [problem.kind for problem in verify(folder, PUBLIC_KEYS).problems]


def test_a_record_of_many_segments_is_one_chain(record: Path) -> None:
    assert verify(record, PUBLIC_KEYS).ok


def test_a_missing_segment_is_named_with_its_lines(record: Path) -> None:
    (record / lines.segment_name(2)).unlink()
    found = verify(record, PUBLIC_KEYS)
    assert [(problem.kind, problem.file) for problem in found.problems] == [
        ("segment_missing", lines.segment_name(2)),
        ("dropped", lines.segment_name(3)),
    ]


def test_a_missing_last_segment_is_a_cut_tail(record: Path) -> None:
    (record / lines.segment_name(lines.segment_numbers(record)[-1])).unlink()
    assert kinds(record) == ["truncated"]


def test_a_copied_segment_is_named_once(record: Path) -> None:
    extra = lines.segment_name(len(lines.segment_numbers(record)) + 1)
    shutil.copy(record / lines.segment_name(1), record / extra)
    found = verify(record, PUBLIC_KEYS)
    assert [(problem.kind, problem.file, problem.line) for problem in found.problems] == [("duplicated", extra, 1)]


def test_segments_that_changed_names_are_out_of_order(record: Path) -> None:
    one, two = record / lines.segment_name(1), record / lines.segment_name(2)
    one.rename(record / "x")
    two.rename(one)
    (record / "x").rename(two)
    assert kinds(record) == ["reordered"]


def test_a_renamed_segment_is_missing_and_a_stranger(record: Path) -> None:
    (record / lines.segment_name(3)).rename(record / "record-3.jsonl")
    assert kinds(record) == ["segment_extra", "segment_missing", "dropped"]


def test_a_missing_checkpoint_file_is_named(record: Path) -> None:
    (record / "checkpoints.jsonl").unlink()
    assert kinds(record) == ["checkpoints_missing"]


def test_an_edited_checkpoint_is_named(record: Path) -> None:
    path = record / "checkpoints.jsonl"
    *before, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(before) + lines.canonical(json.loads(last) | {"seq": 999}) + b"\n")
    found = verify(record, PUBLIC_KEYS)
    assert [(problem.kind, problem.line) for problem in found.problems] == [("checkpoint_changed", len(before) + 1)]


def test_a_checkpoint_that_comes_again_is_named(record: Path) -> None:
    path = record / "checkpoints.jsonl"
    all_lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*all_lines, all_lines[0]]))
    found = verify(record, PUBLIC_KEYS)
    assert [(problem.kind, problem.line) for problem in found.problems] == [("checkpoint_changed", len(all_lines) + 1)]


async def test_a_last_line_that_says_something_twice_is_no_line_of_ours(tmp_path: Path) -> None:
    await written(tmp_path / "record", 3, signed=False)
    path = tmp_path / "record" / lines.segment_name(1)
    path.write_bytes(path.read_bytes()[:-2] + b',"v":1}\n')
    found = verify(tmp_path / "record", None)
    assert [(problem.kind, problem.line) for problem in found.problems] == [("changed", 3)]


def test_checkpoints_of_an_unknown_key_vouch_for_nothing(record: Path) -> None:
    assert [problem.kind for problem in verify(record, {"another": bytes(32)}).problems] == ["key_unknown"]


def test_without_keys_checkpoints_are_taken_at_their_word(record: Path) -> None:
    assert verify(record, None).ok


def test_no_record_is_a_fault_and_not_a_whole_one(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="there is no record"):
        verify(tmp_path, None)


async def test_a_record_is_whole_while_it_is_written_to(tmp_path: Path) -> None:
    log = chain(tmp_path / "record", rotate_bytes=20_000)
    for _ in range(20):
        writing = asyncio.gather(*(log.append(event(number, text="x" * 500)) for number in range(50)))
        found = await asyncio.to_thread(verify, tmp_path / "record", PUBLIC_KEYS)
        assert found.ok, found.problems
        await writing
    await log.close()
    assert verify(tmp_path / "record", PUBLIC_KEYS).lines == 1000
    assert KEY_ID in (tmp_path / "record" / "keys.json").read_text()
