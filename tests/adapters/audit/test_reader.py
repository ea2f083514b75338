"""Events come back as they went in; a run's export is made of its record alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aisecops.adapters.audit import lines
from aisecops.adapters.audit.chain import ChainLog
from aisecops.adapters.audit.reader import events, last_seq, run_export
from aisecops.adapters.system.ids import Ulids
from aisecops.model.action import Kind, ToolEffect
from aisecops.model.errors import RecordError
from aisecops.model.ids import RunId
from aisecops.model.record import EventName
from support.records import RUN, answer_event, chain, event, facts, judged_events, tree, written


@pytest.fixture
async def record(tmp_path: Path) -> Path:
    await written(tmp_path / "record", 60, rotate_bytes=5_000)
    return tmp_path / "record"


def seqs(record: Path, **wanted) -> list[int]:
    return [found["seq"] for found in events(record, **wanted)]


def test_events_come_in_order_over_all_segments(record: Path) -> None:
    assert seqs(record) == list(range(1, 61))
    assert last_seq(record) == 60


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(after=st.integers(-1, 62))
def test_reading_goes_on_after_any_line(record: Path, after: int) -> None:
    assert seqs(record, after_seq=after) == list(range(max(1, after + 1), 61))


async def test_a_long_segment_is_entered_where_it_matters(tmp_path: Path) -> None:
    log = chain(tmp_path / "record")
    for start in range(0, 1000, 250):
        await log.append(*(event(number, text="x" * (number % 700)) for number in range(start, start + 250)))
    await log.close()
    for after in (0, 1, 499, 500, 998, 999, 1000):
        assert seqs(tmp_path / "record", after_seq=after) == list(range(after + 1, 1001))


def test_one_decision_is_found(record: Path) -> None:
    assert seqs(record, decision_id="dec_7") == [8]
    assert seqs(record, run_id="run_2") == []
    assert len(seqs(record, tree="run_1")) == 60


class Days:
    """A clock that shows the noon of some day."""

    day = 0

    def now_ms(self) -> int:
        return (20_000 + self.day) * 86_400_000 + 43_200_000


async def long_record(folder: Path, clock: Days, **opened: Any) -> RunId:
    """Ten days of others, then a run opened on the sixth by its own clock, and what it did with one that was set."""
    log = ChainLog(folder, clock=clock, rotate_bytes=3_000)
    for clock.day in range(10):
        await log.append(*(event(number, text="x" * 1_000) for number in range(4)))
    clock.day = opened.pop("day", 5)
    run = RunId(Ulids(clock).new("run_"))
    clock.day = 5
    own = [replace(one, run_id=run, root_run_id=run) for one in (event(0, EventName.RUN_STARTED), event(1), event(2))]
    for clock.day, one in zip((5, 4, 6), own, strict=True):
        await log.append(one)
    await log.close()
    return run


def spoil_first_segment(record: Path) -> None:
    first = record / lines.segment_name(1)
    start, *rest = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(start + b"no event\n" + b"".join(rest))


async def test_what_was_full_long_before_a_run_was_opened_is_not_read_for_it(tmp_path: Path) -> None:
    record = tmp_path / "record"
    run = await long_record(record, Days())
    assert seqs(record, run_id=run) == [41, 42, 43]
    spoil_first_segment(record)
    assert seqs(record, run_id=run) == seqs(record, tree=run) == [41, 42, 43]
    with pytest.raises(RecordError, match="holds a line that is no event"):
        seqs(record)


async def test_a_run_whose_name_is_from_another_time_is_found_all_the_same(tmp_path: Path) -> None:
    for day in (0, 20, 400):
        run = await long_record(tmp_path / str(day), Days(), day=day)
        assert seqs(tmp_path / str(day), run_id=run) == [41, 42, 43]


async def test_where_the_beginning_of_a_run_is_not_found_the_whole_record_is_read(tmp_path: Path) -> None:
    record, clock = tmp_path / "record", Days()
    run = RunId(Ulids(clock).new("run_"))
    clock.day = 30
    later = RunId(Ulids(clock).new("run_"))
    log = ChainLog(record, clock=clock, rotate_bytes=3_000)
    for clock.day in (0, 10, 20, 30):
        await log.append(*(replace(event(clock.day, text="x" * 1_000), run_id=name) for name in (run, later, run)))
    await log.close()
    assert seqs(record, run_id=later) == [2, 5, 8, 11]
    assert len(seqs(record, run_id=run)) == 8


def test_half_a_line_is_left_for_later(record: Path) -> None:
    path = record / lines.segment_name(lines.segment_numbers(record)[-1])
    with path.open("ab") as file:
        file.write(b'{"half')
    assert seqs(record)[-1] == 60
    assert last_seq(record) == 60


def test_a_line_that_is_no_event_is_a_fault(record: Path) -> None:
    path = record / lines.segment_name(1)
    path.write_bytes(b"nothing\n" + path.read_bytes())
    with pytest.raises(RecordError, match="holds a line that is no event"):
        seqs(record)


def test_no_record_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="there is no record"):
        list(events(tmp_path / "nowhere"))


async def test_a_runs_export_holds_what_the_specification_asks(tmp_path: Path) -> None:
    log = chain(tmp_path / "record")
    asked = facts(
        kind=Kind.MODEL, tool="openai", scope="", effect=ToolEffect.READ, token=False, model="m", prompt_hash="c" * 64
    )
    source = {"id": "prv_1", "tier": "internal", "source": "https://crm.internal", "sha256": "d" * 64}
    await log.append(*judged_events(asked, "dec_1"))
    await log.append(answer_event(asked, "dec_1", status=200, cost=0.25))
    read = facts(9_000, tree=tree(risk_micros=300_000))
    await log.append(*judged_events(read, "dec_2"))
    await log.append(answer_event(read, "dec_2", status=200, bytes=12, duration_ms=34, provenance=source))
    await log.append(*judged_events(facts(10_000, token=False, tree=tree(risk_micros=600_000)), "dec_3"))
    await log.close()

    told = run_export(tmp_path / "record", RUN)

    assert told["run_id"] == RUN
    assert told["agent_id"] == "support-bot"
    assert told["prompt_hash"] == "c" * 64
    assert told["context_provenance"] == [source | {"decision_id": "dec_2", "tool": "crm.read"}]
    assert [(call["tool"], call["status"], call["duration_ms"]) for call in told["tool_invocations"]] == [
        ("crm.read", 200, 34)
    ]
    assert [(each["verdict"], each.get("code")) for each in told["policy_decisions"]] == [
        ("allow", None),
        ("allow", None),
        ("deny", "token_missing"),
    ]
    assert told["cumulative_risk_score"] == 0.6
    assert told["budget_consumption"] == {
        "tool_calls": 1,
        "write_operations": 0,
        "cost": 0.25,
        "rows": 0,
        "recipients": 0,
        "egress_bytes": 0,
        "execution_ms": 9_000,
    }


async def test_what_never_left_is_given_back_in_the_export(tmp_path: Path) -> None:
    log = chain(tmp_path / "record")
    await log.append(*judged_events(facts(), "dec_1"))
    await log.append(answer_event(facts(), "dec_1", status=0, failed="refused", left=False))
    await log.close()
    told = run_export(tmp_path / "record", RUN)
    assert told["cumulative_risk_score"] == 0
    assert told["budget_consumption"]["tool_calls"] == 0
    assert told["tool_invocations"][0]["left"] is False


async def test_a_child_counts_for_its_root_and_not_for_its_sibling(tmp_path: Path) -> None:
    child, sibling = RunId("run_child"), RunId("run_sibling")
    log = chain(tmp_path / "record")
    for number, run_id in enumerate((RUN, child, sibling)):
        step = facts()
        principal = {"run_id": run_id, "lineage": (run_id,) if run_id == RUN else (run_id, RUN)}
        told = judged_events(step, f"dec_{number}")
        builtin = told[0].fields["facts"]
        builtin["principal"] |= principal
        builtin["tree"]["runs"] |= {run_id: builtin["tree"]["runs"][RUN]}
        await log.append(*(_of(each, run_id) for each in told))
    await log.close()
    calls = {run: run_export(tmp_path / "record", run)["budget_consumption"]["tool_calls"] for run in (RUN, child)}
    assert calls == {RUN: 3, child: 1}


def _of(told, run_id):
    import msgspec

    return msgspec.structs.replace(told, run_id=run_id)


def test_a_run_the_record_does_not_know_has_nothing_to_tell(record: Path) -> None:
    told = run_export(record, "run_9")
    assert told["agent_id"] is None
    assert told["policy_decisions"] == []


def test_a_record_in_which_nothing_stands_yet_has_no_events(tmp_path):
    assert list(events(tmp_path)) == []
    assert list(events(tmp_path, run_id="run_00000000000000000000000001")) == []
