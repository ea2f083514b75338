"""`aisecops rules diff` over folders and git revisions."""

from __future__ import annotations

import json
import subprocess

import pytest

from aisecops.ops.cli import main
from support.gateway import RULES

WIDER = RULES.replace('scope: "db.orders.*"', 'scope: "db.**"')


def folder(path, text, **more):
    path.mkdir(parents=True, exist_ok=True)
    for name, body in {"rules.yaml": text, **more}.items():
        (path / name).write_text(body)
    return str(path)


def test_what_is_gained_fails_and_says_who_may_do_what(tmp_path, capsys):
    old, new = folder(tmp_path / "old", RULES), folder(tmp_path / "new", WIDER)
    assert main(["rules", "diff", old, new]) == 1
    told = capsys.readouterr().out
    assert "gained" in told
    assert "`clerk` may now write with `db.write` on `db.**`" in told
    assert "nothing lost" in told
    assert main(["rules", "diff", new, old]) == 0
    assert "`clerk` may no longer write with `db.write` on `db.**`" in capsys.readouterr().out


def test_as_json(tmp_path, capsys):
    old, new = folder(tmp_path / "old", RULES), folder(tmp_path / "new", WIDER)
    assert main(["rules", "diff", old, new, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["path"] for one in told["gained"]] == ["agents.clerk.grants"]
    assert (told["lost"], told["changed"], told["old"] == told["new"]) == ([], [], False)


@pytest.fixture
def repository(tmp_path):
    def git(*words):
        identity = ["-c", "user.name=t", "-c", "user.email=t@t.test", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *words], check=True, capture_output=True)

    git("init")
    rules = folder(tmp_path / "conf" / "rules", RULES, **{"x.cases.yaml": "cases: nothing that rules read"})
    git("add", "-A")
    git("commit", "-m", "first")
    git("tag", "approved")
    folder(tmp_path / "conf" / "rules", WIDER)
    return rules, git


def test_the_folder_against_a_revision_of_it(repository, capsys):
    rules, git = repository
    assert main(["rules", "diff", "approved", "--rules", rules]) == 1
    assert "`clerk` may now write with `db.write` on `db.**`" in capsys.readouterr().out
    git("commit", "-am", "wider")
    assert main(["rules", "diff", "approved", "HEAD", "--rules", rules]) == 1
    assert main(["rules", "diff", "HEAD", "--rules", rules]) == 0


@pytest.mark.parametrize("revision", ["nothing-of-that-name", "--output=x", "approved:../.."])
def test_what_is_neither_folder_nor_revision_is_wrong_use(repository, capsys, revision):
    rules, _ = repository
    assert main(["rules", "diff", "--rules", rules, "--", revision]) == 2
    assert "no folder, and no revision" in capsys.readouterr().err


def test_rules_that_cannot_be_used_are_wrong_use_and_named(tmp_path, capsys):
    old, new = (
        folder(tmp_path / "old", RULES),
        folder(tmp_path / "new", RULES.replace("effect: read", "effect: raed", 1)),
    )
    assert main(["rules", "diff", old, new]) == 2
    assert "rules.yaml:" in capsys.readouterr().err
