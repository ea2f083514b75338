"""`aisecops maturity` and `aisecops declare`, as they are typed, where nothing runs."""

from __future__ import annotations

import hashlib
import json

import pytest

from aisecops.adapters.audit.reader import events
from aisecops.ops.cli import main
from support.control import laid_out


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(laid_out(tmp_path))
    return tmp_path


def recorded(folder, name):
    return [one for one in events(folder / ".aisecops" / "audit") if one["event"] == name]


def test_what_is_missing_is_said_with_its_mend_up_to_level_3(folder, capsys):
    assert main(["maturity"]) == 0
    said = capsys.readouterr().out

    assert said.startswith("Level 0, Unmanaged; 0% of the mandatory controls are in force")
    assert "-> `aisecops eval injection`" in said
    assert "\nLevel 3\n" in said
    assert "\nLevel 4\n" not in said


def test_every_control_is_listed_with_what_it_answers_elsewhere(folder, capsys):
    assert main(["maturity", "--controls"]) == 0
    said = capsys.readouterr().out

    assert said.count("NIST AI RMF: ") == said.count("OWASP LLM Top 10 (2025): ") == 8
    assert "AIS-GOV-01  Continuous Evaluation: NOT SHOWN" in said


def test_what_is_kept_is_in_the_record_and_in_the_trend(folder, capsys):
    assert main(["maturity", "--keep", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)

    (kept,) = recorded(folder, "maturity_assessed")
    assert (kept["level"], kept["coverage"], kept["controls"]["AIS-CTX-01"]) == (0, 0.0, False)
    assert [one["at"] for one in told["trend"]] == [kept["at"]]


def test_a_review_is_recorded_with_the_digest_of_its_report(folder, capsys):
    (folder / "report.pdf").write_bytes(b"they looked")

    assert main(["maturity", "--reviewed-by", "Ada Example", "--report", "report.pdf", "--json"]) == 0

    (told,) = recorded(folder, "maturity_reviewed")
    assert (told["by"], told["report_sha256"]) == ("Ada Example", hashlib.sha256(b"they looked").hexdigest())
    (review,) = (one for one in json.loads(capsys.readouterr().out)["criteria"] if one["name"] == "review")
    assert review["met"]


@pytest.mark.parametrize("arguments", [["--reviewed-by", "Ada"], ["--report", "rules/rules.yaml"]])
def test_a_review_is_a_name_and_a_report(folder, capsys, arguments):
    assert main(["maturity", *arguments]) == 2


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x1b[2J", "x" * 101])
def test_what_is_no_name_is_none(folder, capsys, name):
    assert main(["maturity", "--reviewed-by", name, "--report", "rules/rules.yaml"]) == 2
    assert not (folder / ".aisecops" / "audit").exists()


def test_a_declaration_is_printed_recorded_and_verified(folder, capsys):
    assert main(["declare"]) == 0
    printed = capsys.readouterr()
    (folder / "declaration.json").write_text(printed.out)

    (told,) = recorded(folder, "declaration_signed")
    assert told["key"] in printed.err
    assert main(["declare", "verify", "declaration.json", "--key", told["key"]]) == 0
    assert "by the pinned key" in capsys.readouterr().out
    assert main(["declare", "verify", "declaration.json"]) == 0
    assert "anybody can make a key" in capsys.readouterr().out


def test_a_changed_declaration_is_told_to_programs_too(folder, capsys):
    main(["declare", "--out", "declaration.json"])
    file = folder / "declaration.json"
    file.write_text(file.read_text().replace('"control_coverage": 0.0', '"control_coverage": 1.0'))
    capsys.readouterr()

    assert main(["declare", "verify", "declaration.json", "--json"]) == 1

    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["problems"]) == (False, ["control_coverage: `1.0` is not what was signed"])


@pytest.mark.parametrize(("content", "code"), [(None, 2), (b"", 1), (b"{}", 1), (b"\xff", 1)])
def test_what_is_no_declaration_is_said_to_be_none(folder, capsys, content, code):
    if content is not None:
        (folder / "file.json").write_bytes(content)

    assert main(["declare", "verify", "file.json"]) == code
