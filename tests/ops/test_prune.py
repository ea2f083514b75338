"""`aisecops audit prune`: what it takes out, what it will not, and what everybody who reads the rest is told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from aisecops.adapters.audit.chain import ChainLog
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.secrets import secret_key
from aisecops.ops.cli import main
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.prune import what_is_gone
from aisecops.ops.settings_read import load
from support.records import event

PRUNE = ["audit", "prune", "--state", "state", "--keep-bytes", "1KiB"]
SIGNED = ["--by", "ana", "--why", "kept a year", "--yes"]


@pytest.fixture
async def record(tmp_path, monkeypatch) -> Path:
    """The record of a state folder of its own, in many segments, signed with the installation's key."""
    monkeypatch.chdir(tmp_path)
    settings = load({"paths.state": "state"})
    settings.paths.state.mkdir(mode=0o700)
    key = SigningKey(secret_key(settings.paths.state, "record"))
    log = ChainLog(
        settings.record_folder,
        clock=SystemClock(),
        sign=lambda message: key.sign(message).signature,
        key_id="record",
        public_key=bytes(key.verify_key),
        rotate_bytes=2000,
    )
    for number in range(40):
        await log.append(event(number))
    await log.close()
    return settings.record_folder


def segments(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("record-*.jsonl"))


def test_without_yes_it_only_says_what_would_go(record, capsys):
    before = segments(record)

    assert main(PRUNE) == 0

    assert "would go with --yes" in capsys.readouterr().out
    assert segments(record) == before


def test_who_and_why_must_be_named_and_what_is_to_stay(record, capsys):
    assert main([*PRUNE, "--yes"]) == 2
    assert main(["audit", "prune", "--state", "state", *SIGNED]) == 2
    assert main(["audit", "prune", "--state", "state", "--keep-bytes", "many", *SIGNED]) == 2
    assert "10MiB" in capsys.readouterr().err


def test_it_is_taken_out_told_by_verify_and_in_the_record(record, capsys):
    assert main([*PRUNE, *SIGNED]) == 0
    assert len(segments(record)) == 2
    assert main(["audit", "verify", "--state", "state"]) == 0
    assert re.search(r"taken out on purpose: up to seq \d+ .* by ana: kept a year", capsys.readouterr().out)

    assert main(["audit", "export", "--state", "state"]) == 0
    told = capsys.readouterr()
    [last] = [row for row in map(json.loads, told.out.splitlines()) if row["event"] == "record_removed"]
    assert (last["by"], last["why"], last["archive"]) == ("ana", "kept a year", None)
    assert f"events up to seq {last['up_to_seq']} " in told.err


def test_a_record_that_is_not_whole_keeps_everything(record, capsys):
    first = record / "record-000001.jsonl"
    first.write_bytes(first.read_bytes().replace(b"support-bot", b"support-bat", 1))
    before = segments(record)

    assert main([*PRUNE, *SIGNED]) == 3

    assert "not as it was written" in capsys.readouterr().err
    assert segments(record) == before


def test_what_lies_in_an_archive_and_what_is_kept_is_the_whole_again(record):
    assert main([*PRUNE, *SIGNED, "--archive", "old"]) == 0
    for path in Path("old").iterdir():
        path.rename(record / path.name)

    assert main(["audit", "verify", "--state", "state"]) == 0
    assert what_is_gone(record) is None


def test_stories_and_figures_say_what_is_no_longer_there(record, tmp_path, capsys):
    assert main([*PRUNE, *SIGNED]) == 0
    capsys.readouterr()

    assert main(["runs", "show", "run_1", "--paths-state", "state"]) == 0
    assert "were taken out of the record" in capsys.readouterr().err
    assert main(["replay", "run_1", "--state", "state"]) == 1
    assert "were taken out of the record" in capsys.readouterr().err


def test_figures_go_on_after_what_was_taken_out(record, tmp_path):
    known = RecordIndex(record, tmp_path / "figures")
    known.catch_up(3)
    assert main([*PRUNE, *SIGNED]) == 0
    anew = RecordIndex(record)

    assert known.catch_up()
    assert anew.catch_up()

    assert known.seq == anew.seq == 41
