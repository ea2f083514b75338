"""`aisecops threat-model`, as it is typed."""

from __future__ import annotations

import json

import pytest

from aisecops.adapters.audit.reader import events
from aisecops.ops.cli import main
from support.gateway import RULES


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Rules, and a state folder that nothing ever ran in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES)
    return tmp_path


def sheet(capsys, *arguments):
    """The exit code and everything said."""
    code = main(["threat-model", "clerk", "--state", "state", *arguments])
    return code, capsys.readouterr().out


def sign(capsys, by="Ann"):
    code, _ = sheet(capsys, "--sign-off", by, "--note", "read it all")
    assert code == 0


def test_it_is_shown_the_same_each_time_and_nothing_is_kept(folder, capsys):
    code, shown = sheet(capsys)
    assert code == 0
    assert shown.startswith("# Threat model of `clerk`\n")
    assert shown.endswith("## Signatures\n\n- nobody has signed it\n")
    assert sheet(capsys) == (0, shown)
    assert not (folder / "state").exists()
    told = json.loads(sheet(capsys, "--json")[1])
    assert told["digest"] in shown
    assert {one["heading"] for one in told["rules"]} >= {"Injection vectors", "Known gaps"}


def test_unsigned_it_fails_the_check_and_signed_it_passes(folder, capsys):
    assert sheet(capsys, "--check")[0] == 1
    sign(capsys)
    code, told = sheet(capsys, "--check")
    assert code == 0
    assert told.startswith("`clerk` is as Ann signed it on ")
    (folder / "rules" / "rules.yaml").write_text(f"{RULES}\n# nothing of its rules\n")
    assert sheet(capsys, "--check")[0] == 0


def test_a_signature_is_in_the_record(folder, capsys):
    sign(capsys)
    told = json.loads(sheet(capsys, "--json")[1])
    [event] = [event for event in events(folder / "state" / "audit") if event["event"] == "threat_model_signed"]
    assert (event["agent_id"], event["by"], event["note"]) == ("clerk", "Ann", "read it all")
    assert (event["digest"], event["policy_version"]) == (told["digest"], told["policy_version"])
    assert [(one["by"], one["digest"]) for one in told["signatures"]] == [("Ann", told["digest"])]


def test_changed_rules_fail_the_check_in_words_until_they_are_signed(folder, capsys):
    sign(capsys)
    (folder / "rules" / "rules.yaml").write_text(RULES.replace('"db.orders.*"', '"db.**"'))
    code, told = sheet(capsys, "--check")
    assert code == 1
    assert "now: Capability constraints: `db.write` on `db.**`: no limit but the scope\n" in told
    assert "rules, gained: `clerk` may now write with `db.write` on `db.**`\n" in told
    sign(capsys, "Bob")
    assert sheet(capsys, "--check")[0] == 0
    assert [one["by"] for one in json.loads(sheet(capsys, "--json")[1])["signatures"]] == ["Ann", "Bob"]


def test_a_signature_that_the_record_does_not_know_is_none(folder, capsys):
    sign(capsys)
    path = folder / "state" / "threat-models" / "clerk.md"
    path.write_text(path.read_text().replace('"by":"Ann"', '"by":"The Board"'))
    code, told = sheet(capsys, "--check", "--json")
    assert code == 1
    assert json.loads(told)["problems"] == ["the record knows of no such signature by The Board"]


def test_a_worksheet_changed_after_it_was_signed_fails_the_check(folder, capsys):
    sign(capsys)
    path = folder / "state" / "threat-models" / "clerk.md"
    path.write_text(path.read_text().replace("- no budget `rate`\n", ""))
    code, told = sheet(capsys, "--check")
    assert code == 1
    assert "the signed worksheet was changed after it was signed" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["clerc"], "did you mean `clerk`?"),
        (["clerk", "--sign-off", " "], "this is no signature"),
        (["clerk", "--sign-off", "Ann\nBob"], "this is no signature"),
        (["clerk", "--sign-off", "Ann", "--note", "\x1b[2J"], "this is no signature"),
        (["clerk", "--check", "--sign-off", "Ann"], "signed or checked"),
        (["clerk", "--note", "well"], "a note belongs to a signature"),
    ],
)
def test_wrong_use_is_said_and_changes_nothing(folder, capsys, arguments, said):
    assert main(["threat-model", *arguments, "--state", "state"]) == 2
    assert said in capsys.readouterr().err
    assert not (folder / "state").exists()


def test_rules_that_cannot_be_used_are_no_threat_model(folder, capsys):
    (folder / "rules" / "rules.yaml").write_text(RULES.replace("agents:", "agnets:"))
    assert main(["threat-model", "clerk", "--state", "state"]) == 2
    assert "rules.yaml" in capsys.readouterr().err
