"""`aisecops audit` and `aisecops replay`: what they print and how they exit."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from aisecops.model.record import EventName
from aisecops.ops.cli import main
from aisecops.ops.settings_read import load
from support.records import RUN, chain, event, facts, judged_events


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def record(tmp_path) -> Path:
    """The record of a state folder of its own, written and closed."""
    folder = load({"paths.state": "state"}).record_folder
    log = chain(folder)
    await log.append(*judged_events(facts(), "dec_1"))
    await log.append(event(7, EventName.RUN_HALTED, by="operator:op", why='=HYPERLINK("http://x.test")'))
    await log.close()
    return folder


def test_a_whole_record_is_well(record, capsys):
    assert main(["audit", "verify", "--state", "state"]) == 0
    out = capsys.readouterr().out
    assert "whole: 3 lines, 1 checkpoints" in out
    assert "ends at seq 3, " in out


def test_a_changed_line_is_named_and_fails(record, capsys):
    segment = record / "record-000001.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b"crm.read", b"crm.wipe", 1))
    assert main(["audit", "verify", "--state", "state"]) == 1
    told = capsys.readouterr()
    assert told.out.startswith("record-000001.jsonl:1: changed: line seq 1 is not as it was written")
    assert told.err.startswith("aisecops: the record is not as it was written: 1 problem\n")


def test_problems_are_listed_as_json(record, capsys):
    (record / "record-000001.jsonl").write_bytes(b"")
    assert main(["audit", "verify", "--state", "state", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert [(problem["kind"], problem["file"]) for problem in told["problems"]] == [
        ("truncated", "record-000001.jsonl")
    ]


def test_no_record_is_down_and_not_well(capsys):
    for act in ("verify", "export"):
        assert main(["audit", act, "--state", "nowhere"]) == 3
        said = capsys.readouterr()
        assert (said.out, "there is no record in" in said.err) == ("", True)


def test_a_key_kept_elsewhere_is_what_counts(record, capsys):
    Path("mine.json").write_text(json.dumps({"record-test": "A" * 43 + "="}))
    assert main(["audit", "verify", "--state", "state", "--key", "mine.json"]) == 1
    assert "checkpoint_changed: the signature does not match" in capsys.readouterr().out


def test_a_key_file_that_is_none_is_wrong_use(record, capsys):
    Path("mine.json").write_text("[]")
    assert main(["audit", "verify", "--state", "state", "--key", "mine.json"]) == 2
    assert "not a set of public keys" in capsys.readouterr().err


def test_an_export_is_the_record_line_by_line(record, capsys):
    assert main(["audit", "export", "--state", "state"]) == 0
    assert capsys.readouterr().out.encode() == (record / "record-000001.jsonl").read_bytes()


def test_a_siem_gets_each_line_of_the_record_as_one_event(record, capsys):
    assert main(["audit", "export", "--state", "state", "--format", "ocsf"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    lines = (record / "record-000001.jsonl").read_text().splitlines()
    assert [one["unmapped"] for one in told] == [json.loads(line) for line in lines]
    assert [one["class_uid"] for one in told] == [6003, 6003, 3004]


def test_a_cell_is_never_a_formula(record):
    assert main(["audit", "export", "--state", "state", "--format", "csv", "--output", "out.csv"]) == 0
    with Path("out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[2]["why"] == '\'=HYPERLINK("http://x.test")'
    assert rows[0]["tool"] == "crm.read"
    assert "facts" not in json.loads(rows[0]["more"])
    assert Path("out.csv").stat().st_mode & 0o777 == 0o600


def test_one_run_is_exported_in_the_eight_fields(record, capsys):
    assert main(["audit", "export", "--state", "state", "--run", RUN, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {
        *("run_id", "agent_id", "prompt_hash", "context_provenance", "tool_invocations"),
        *("policy_decisions", "cumulative_risk_score", "budget_consumption"),
    } <= told.keys()


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "ocsf"])
def test_an_unknown_run_is_no_empty_export(record, capsys, form):
    assert main(["audit", "export", "--state", "state", "--run", "run_9", "--format", form]) == 1
    assert "knows no run `run_9`" in capsys.readouterr().err


def test_an_export_that_cannot_be_written_leaves_nothing_behind(record, tmp_path):
    assert main(["audit", "export", "--state", "state", "--output", "no/such/folder.jsonl"]) == 3
    assert not list(tmp_path.rglob("*.part"))


def test_replay_without_the_rules_of_then_fails_and_says_so(record, capsys):
    assert main(["replay", "--state", "state", RUN]) == 1
    told = capsys.readouterr()
    assert "DIFFERS  dec_1  allow  crm.read" in told.out
    assert "the rules `rules-1` are not kept" in told.out


def test_replay_of_an_unknown_run_fails(record, capsys):
    assert main(["replay", "--state", "state", "run_9"]) == 1
    assert "holds no decision of `run_9`" in capsys.readouterr().err
