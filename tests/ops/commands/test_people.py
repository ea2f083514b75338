"""`aisecops people`, `login`, `logout`: nobody writes secrets or rules of people by hand."""

from __future__ import annotations

import io
import json
import stat

import pytest

from aisecops.ops.cli import main
from support.installation import until

ANN = ["people", "add", "ann", "--role", "approver"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text('version: 1\npeople: {bob: {role: viewer, secret: "env:BOB"}}\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listed(capsys):
    capsys.readouterr()
    assert main(["people", "list", "--json"]) == 0
    return {one["name"]: one for one in json.loads(capsys.readouterr().out)["people"]}


def test_somebody_added_has_a_rule_and_a_secret_of_their_own_shown_once(folder, capsys):
    assert main([*ANN, "--duty", "Mo-Su 00:00-24:00 UTC"]) == 0
    secret = capsys.readouterr().out.strip()
    kept = folder / ".aisecops" / "people" / "ann.secret"
    assert kept.read_text().strip() == secret
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert secret not in (folder / "rules" / "people" / "ann.yaml").read_text()
    ann = listed(capsys)["ann"]
    assert (ann["role"], ann["secret"], ann["on_duty"]) == ("approver", "set", True)


def test_a_secret_that_is_named_and_not_there_is_told(folder, capsys):
    assert listed(capsys)["bob"]["secret"] == "not set"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["bob", "--role", "viewer"], "the rules name `bob` already"),
        (["../eve", "--role", "viewer"], "is no name"),
        (["eve: {role: operator}", "--role", "viewer"], "is no name"),
        (["eve", "--role", "viewer", "--duty", "always"], "would be wrong"),
        (["eve", "--role", "viewer", "--no-secret"], "would be wrong"),
        (["eve", "--role", "viewer", "--login", "eve"], "would be wrong"),
    ],
)
def test_what_would_make_the_rules_wrong_is_not_written(folder, capsys, arguments, what):
    assert main(["people", "add", *arguments]) in {1, 2}
    assert what in capsys.readouterr().err
    assert not (folder / "rules" / "people").exists()
    assert not (folder / ".aisecops").exists()


def test_a_new_secret_replaces_the_one_before_and_only_one_that_was_made_here(folder, capsys):
    assert main(ANN) == 0
    first = capsys.readouterr().out
    assert main(["people", "secret", "ann"]) == 0
    assert capsys.readouterr().out != first
    assert main(["people", "secret", "bob"]) == 2
    assert "`env:BOB`" in capsys.readouterr().err


def test_whoever_is_removed_leaves_nothing_behind_and_others_are_named_by_their_place(folder, capsys):
    assert main(ANN) == 0
    assert main(["people", "remove", "ann"]) == 0
    assert set(listed(capsys)) == {"bob"}
    assert not (folder / ".aisecops" / "people" / "ann.secret").exists()
    assert main(["people", "remove", "bob"]) == 2
    assert "rules.yaml" in capsys.readouterr().err
    assert main(["people", "remove", "eve"]) == 1


def test_somebody_logs_in_with_their_secret_and_is_who_the_commands_are_asked_by(control, capsys, monkeypatch):
    assert main(["people", "add", "vera", "--role", "viewer"]) == 0
    secret = capsys.readouterr().out.strip()

    def logs_in(typed):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
        return main(["login"])

    try:
        assert logs_in("wrong") == 1
        assert until(lambda: logs_in(secret) == 0)  # the running control plane reads its rules anew
        assert capsys.readouterr().out.endswith("vera, viewer\n")
        assert main(["approvals", "list"]) == 0
        assert main(["approvals", "approve", "apr_x"]) == 1
        assert "this is for approvers" in capsys.readouterr().err
        assert main(["logout"]) == 0
        assert main(["approvals", "approve", "apr_x"]) == 1
        assert "this is for approvers" not in capsys.readouterr().err
    finally:
        main(["logout"])
        main(["people", "remove", "vera"])
