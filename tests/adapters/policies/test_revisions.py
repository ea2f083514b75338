"""Rules as they stood in a revision: only what would be read as rules, by the same names."""

from __future__ import annotations

import subprocess

import pytest

from aisecops.adapters.policies.files import read_folder
from aisecops.adapters.policies.revisions import read_revision
from aisecops.model.errors import ConfigError


def git(folder, *words):
    identity = ["-c", "user.name=t", "-c", "user.email=t@t.test"]
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


def test_a_revision_reads_as_its_folder_did(tmp_path):
    rules = tmp_path / "rules"
    for name in ("a.yaml", "deep/b.yml", "policy/c.cedar", ".hidden.yaml", ".d/e.yaml", "f.cases.yaml", "README.md"):
        (rules / name).parent.mkdir(parents=True, exist_ok=True)
        (rules / name).write_text(name)
    git(tmp_path, "init")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-m", "one")
    then = read_folder(rules)
    (rules / "a.yaml").write_text("changed")
    assert read_revision(rules, "HEAD") == then
    assert sorted(then) == ["a.yaml", "deep/b.yml", "policy/c.cedar"]


def test_where_there_is_no_git_it_says_so(tmp_path):
    with pytest.raises(ConfigError):
        read_revision(tmp_path, "HEAD")
