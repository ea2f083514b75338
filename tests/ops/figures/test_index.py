"""The index says what a count of the whole record would, however and whenever it was read."""

import pytest

from aisecops.adapters.audit import lines
from aisecops.model.record import Event, EventName
from aisecops.ops.figures import index as module
from aisecops.ops.figures import runs
from aisecops.ops.figures.counts import Counts
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.figures.line import read_line
from aisecops.ops.figures.runs import SeenRuns
from support.dashboard import written
from support.gateway import START_MS


def decision(enforced, run="run_1"):
    said = {
        "kind": "tool",
        "tool": "crm.read",
        "enforced": enforced,
        "mode": "enforce",
        "total": 0.2,
        "approve_above": 1.5,
    }
    return Event(event=EventName.DECISION, run_id=run, root_run_id=run, decision_id="dec_1", fields=said)


def story(run="run_1"):
    def of(name, **fields):
        return Event(event=name, run_id=run, root_run_id=run, decision_id="dec_1", fields=fields)

    return [
        of(EventName.RUN_STARTED),
        decision("allow", run),
        of(EventName.TOOL_INVOKED, tool="crm.read"),
        of(EventName.TOOL_RETURNED, tool="crm.read"),
        decision("deny", run),
        of(EventName.RUN_FINISHED, total=0.2),
    ]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "audit"


def counted_anew(folder):
    """All lines, without an index."""
    found = []
    for number in lines.segment_numbers(folder):
        found += [read_line(line) for line in (folder / lines.segment_name(number)).read_bytes().splitlines()]
    counts, runs = Counts(), SeenRuns()
    for line in found:
        counts.add(line)
        gain = runs.add(line)
        counts.ended_runs += gain.ended
        counts.traced_runs += gain.traced
    return counts


def test_no_record_is_an_empty_one(folder):
    index = RecordIndex(folder)

    assert index.catch_up()
    assert (index.seq, index.total().events, index.recent("denials")) == (0, 0, [])


def test_what_is_appended_is_counted_once(folder):
    index = RecordIndex(folder)
    for turn in range(3):
        written(folder, story(f"run_{turn}"), start_seq=6 * turn, at_ms=START_MS + 61_000 * turn)
        index.catch_up()
        index.catch_up()

    assert index.total() == counted_anew(folder)
    assert (index.seq, index.total().traced_runs, index.tools()) == (18, 3, {"crm.read": 3})
    assert sum(counts.events for counts in index.windows().minutes.values()) == 18


def test_half_a_line_is_left_until_it_is_whole(folder):
    written(folder, story())
    path = folder / lines.segment_name(1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    index = RecordIndex(folder)
    index.catch_up()
    assert index.seq == 5
    path.write_bytes(whole)
    index.catch_up()

    assert index.seq == 6
    assert index.total() == counted_anew(folder)


def test_the_record_is_followed_into_its_next_segment(folder):
    written(folder, story())
    index = RecordIndex(folder)
    index.catch_up()
    (folder / lines.segment_name(1)).rename(folder / "kept")
    written(folder, story("run_2"), start_seq=6)
    (folder / lines.segment_name(1)).rename(folder / lines.segment_name(2))
    (folder / "kept").rename(folder / lines.segment_name(1))
    index.catch_up()

    assert index.seq == 12
    assert index.event(8)["run_id"] == "run_2"


def test_a_long_record_is_read_in_pieces(folder):
    written(folder, story() * 3)
    index = RecordIndex(folder)

    assert not index.catch_up(10)
    assert index.seq == 10
    assert index.catch_up(10)
    assert index.total() == counted_anew(folder)


def test_what_is_known_is_kept_between_starts(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "KEEP_EVERY", 1)
    kept = tmp_path / "figures.index"
    written(folder, story())
    first = RecordIndex(folder, kept)
    first.catch_up()
    again = RecordIndex(folder, kept)

    assert again.seq == 6  # before anything is read
    written(folder, story("run_2"), start_seq=6)
    again.catch_up()
    assert again.total() == counted_anew(folder)
    assert [event["seq"] for event in again.recent("denials")] == [11, 5]
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("harm", ["other record", "shorter record", "no record", "torn file", "empty file"])
def test_what_does_not_belong_to_the_record_is_read_anew(folder, tmp_path, monkeypatch, harm):
    monkeypatch.setattr(module, "KEEP_EVERY", 1)
    kept, path = tmp_path / "figures.index", folder / lines.segment_name(1)
    written(folder, story())
    RecordIndex(folder, kept).catch_up()
    if harm == "other record":
        path.write_bytes(path.read_bytes().replace(b"run_1", b"run_9"))
    elif harm == "shorter record":
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    elif harm == "no record":
        path.unlink()
    else:
        kept.write_bytes(kept.read_bytes()[:50] if harm == "torn file" else b"")
    again = RecordIndex(folder, kept)

    assert again.seq == 0
    again.catch_up()
    assert again.total() == (counted_anew(folder))


def test_a_line_that_is_no_event_stops_nothing(folder):
    written(folder, story())
    with (folder / lines.segment_name(1)).open("ab") as file:
        file.write(b"not an event\n")
    written(folder, story("run_2"), start_seq=6)
    index = RecordIndex(folder)
    index.catch_up()

    assert (index.seq, index.total().runs) == (12, 2)


def test_a_tree_is_told_from_where_it_began(folder):
    written(folder, [*story("run_1"), *story("run_2"), *story("run_1")])
    index = RecordIndex(folder)
    index.catch_up()

    assert [event["seq"] for event in index.tree("run_2", most=100)] == [7, 8, 9, 10, 11, 12]
    assert len(index.tree("run_1", most=8)) == 8
    assert index.length("run_1") == 12
    assert index.tree("run_9", most=5) == []


def test_a_record_has_a_number_and_nothing_else_opens_it(folder):
    written(folder, story())
    index = RecordIndex(folder)
    index.catch_up()

    assert index.event(5)["enforced"] == "deny"
    assert [index.event(seq) for seq in (0, -1, 7, 10**15)] == [None] * 4


def test_pages_learn_which_trees_have_changed(folder, monkeypatch):
    written(folder, story("run_1"))
    index = RecordIndex(folder)
    index.catch_up()
    assert index.changed_since(6) == []
    written(folder, story("run_2"), start_seq=6)
    index.catch_up()

    assert index.changed_since(6) == ["run_2"]
    assert index.changed_since(0) == ["run_1", "run_2"]


def test_pages_that_were_away_too_long_learn_that_anything_may_have_changed(folder, monkeypatch):
    monkeypatch.setattr(module, "LATEST", 4)
    written(folder, story("run_1"))
    index = RecordIndex(folder)
    index.catch_up()

    assert index.changed_since(0) is None
    assert index.changed_since(4) == ["run_1"]


def test_a_tree_is_found_by_where_it_lies_however_much_was_recorded_in_between(folder, monkeypatch):
    monkeypatch.setattr(runs, "NEAR_BYTES", 200)
    written(folder, story("run_1"))
    for turn in range(2, 40):
        written(folder, story(f"run_{turn}"), start_seq=6 * (turn - 1))
    written(folder, [decision("deny", "run_1")], start_seq=6 * 39)
    index = RecordIndex(folder)
    index.catch_up()
    read = []
    monkeypatch.setattr(
        module.orjson, "loads", lambda line, kept=module.orjson.loads: (read.append(line), kept(line))[1]
    )

    assert [event["seq"] for event in index.tree("run_1", most=100)] == [1, 2, 3, 4, 5, 6, 235]
    assert [event["seq"] for event in index.tree("run_1", most=3)] == [1, 2, 3]
    assert len(read) == 7 + 3  # and no line of another
    assert index.length("run_1") == 7
    assert index.tree("run_x", most=9) == []


def test_trees_that_are_recorded_at_once_are_told_apart(folder):
    mixed = [event for both in zip(story("run_1"), story("run_2"), strict=True) for event in both]
    written(folder, mixed)
    index = RecordIndex(folder)
    index.catch_up()

    for run in ("run_1", "run_2"):
        assert [event["run_id"] for event in index.tree(run, most=100)] == [run] * 6
    (folder / lines.segment_name(1)).unlink()
    assert index.tree("run_1", most=100) == []
