"""Rules in a folder: loaded, watched, swapped whole, kept."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from aisecops.adapters.policies.files import FileRules, Rejected, Reloaded, Unreadable, read_cases, read_folder
from aisecops.model.errors import ConfigError
from support.rules_text import text

ONE = text('agents: {one: {authenticate: {secret: "env:ONE"}}}')
TWO = text('agents: {two: {authenticate: {secret: "env:TWO"}}}')
BAD = text("agents: {two: {}}")
WORSE = text("agents: {two: [}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "agents.yaml").write_bytes(ONE)
    return folder


@pytest.fixture
def source(folder: Path, tmp_path: Path) -> FileRules:
    source = FileRules(folder, tmp_path / "archive")
    source.load()
    return source


def agents(source: FileRules) -> set[str]:
    return set(source.current().agents)


def test_a_folder_is_read_with_all_below_it_but_cases_and_hidden_files(folder):
    (folder / "team").mkdir()
    (folder / "team" / "tools.yml").write_bytes(b"t")
    (folder / "Loud.YAML").write_bytes(b"l")
    (folder / "a.cases.yaml").write_bytes(b"c")
    (folder / "b.Cases.YML").write_bytes(b"d")
    (folder / ".hidden.yaml").write_bytes(b"h")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.yaml").write_bytes(b"g")
    (folder / "README.md").write_bytes(b"r")

    assert read_folder(folder) == {"Loud.YAML": b"l", "agents.yaml": ONE, "team/tools.yml": b"t"}
    assert read_cases(folder) == {"a.cases.yaml": b"c", "b.Cases.YML": b"d"}


def test_an_empty_folder_is_a_rule_set_in_which_nobody_is_known(folder, tmp_path):
    (folder / "agents.yaml").unlink()

    assert FileRules(folder, tmp_path / "archive").load().agents == {}


def test_bad_rules_refuse_to_start_and_every_problem_is_said(folder, tmp_path):
    (folder / "agents.yaml").write_bytes(BAD)
    (folder / "tools.yaml").write_bytes(text("tools: {t: {}}"))

    with pytest.raises(ConfigError) as refused:
        FileRules(folder, tmp_path / "archive").load()

    assert "tools.yaml:2:12: `match` is missing in a tool (add `match:`)" in str(refused.value)


def test_a_missing_folder_refuses_to_start(tmp_path):
    with pytest.raises(ConfigError, match="is not there"):
        FileRules(tmp_path / "none", tmp_path / "archive").load()


def test_before_loading_there_are_no_rules_to_decide_by(folder, tmp_path):
    with pytest.raises(ConfigError, match="no rules are loaded"):
        FileRules(folder, tmp_path / "archive").current()


def test_without_a_change_there_is_nothing_to_tell(source, folder):
    (folder / "agents.yaml").touch()

    assert source.refresh() is None
    assert source.refresh() is None


def test_a_good_change_is_swapped_in_whole(source, folder):
    before = source.current().policy_version
    (folder / "agents.yaml").write_bytes(TWO)

    change = source.refresh()

    assert isinstance(change, Reloaded)
    assert change.before == before
    assert change.rules is source.current()
    assert agents(source) == {"two"}
    assert source.refresh() is None


def test_files_that_come_and_go_are_changes(source, folder):
    (folder / "more.yaml").write_bytes(TWO)
    assert isinstance(source.refresh(), Reloaded)
    assert agents(source) == {"one", "two"}

    (folder / "agents.yaml").unlink()
    assert isinstance(source.refresh(), Reloaded)
    assert agents(source) == {"two"}


def test_a_change_that_keeps_size_and_time_is_seen(source, folder):
    before = (folder / "agents.yaml").stat()
    (folder / "new.tmp").write_bytes(ONE.replace(b"one", b"eno"))
    os.utime(folder / "new.tmp", ns=(before.st_atime_ns, before.st_mtime_ns))
    (folder / "new.tmp").replace(folder / "agents.yaml")

    assert isinstance(source.refresh(), Reloaded)
    assert agents(source) == {"eno"}


def test_a_bad_change_keeps_the_old_rules_and_is_told_once_per_content(source, folder):
    (folder / "agents.yaml").write_bytes(BAD)
    first = source.refresh()

    assert isinstance(first, Rejected)
    assert "has no `authenticate`" in first.problems[0].what
    assert source.refresh() is None
    assert agents(source) == {"one"}

    (folder / "agents.yaml").write_bytes(WORSE)
    assert isinstance(source.refresh(), Rejected)
    assert source.refresh() is None
    assert agents(source) == {"one"}


def test_mending_a_bad_change_is_told_even_when_nothing_is_new(source, folder):
    before = source.current()
    (folder / "agents.yaml").write_bytes(BAD)
    source.refresh()
    (folder / "agents.yaml").write_bytes(ONE)

    change = source.refresh()

    assert isinstance(change, Reloaded)
    assert change.rules is before
    assert source.refresh() is None


def test_a_vanished_folder_keeps_the_rules_and_is_told_once(source, folder):
    folder.rename(folder.with_name("gone"))

    change = source.refresh()

    assert isinstance(change, Rejected)
    assert "is not there" in change.problems[0].what
    assert source.refresh() is None
    assert agents(source) == {"one"}

    folder.with_name("gone").rename(folder)
    assert isinstance(source.refresh(), Reloaded)


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path):
    (tmp_path / "elsewhere.yaml").write_bytes(TWO)
    (folder / "link.yaml").symlink_to(tmp_path / "elsewhere.yaml")

    with pytest.raises(Unreadable, match="leaves the rules folder"):
        read_folder(folder)


def test_a_link_inside_the_folder_is_read_as_mounted_configuration_needs(folder):
    (folder / "..data").mkdir()
    (folder / "..data" / "more.yaml").write_bytes(TWO)
    (folder / "more.yaml").symlink_to("..data/more.yaml")

    assert set(read_folder(folder)) == {"agents.yaml", "more.yaml"}


def test_a_linked_folder_is_refused(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (folder / "team").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(Unreadable, match="linked folder"):
        read_folder(folder)


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("nowhere.yaml"), os.mkfifo])
def test_what_is_no_file_is_refused_and_never_waited_for(source, folder, make):
    make(folder / "odd.yaml")

    change = source.refresh()

    assert change is None if (folder / "odd.yaml").is_dir() else isinstance(change, Rejected)
    assert agents(source) == {"one"}


def test_a_rule_set_that_was_in_force_is_kept_for_us_alone(source, tmp_path):
    version = source.current().policy_version
    kept = tmp_path / "archive" / f"{version.removeprefix('sha256:')}.json"

    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]
    assert source.archived(version) == source.current()


def test_rules_of_the_past_can_be_had_again(source, folder):
    old = source.current()
    (folder / "agents.yaml").write_bytes(TWO)
    source.refresh()

    assert source.archived(old.policy_version) == old
    assert source.archived(old.policy_version) != source.current()


@pytest.mark.parametrize("version", ["", "sha256:", "sha256:" + "0" * 64, "../../etc/passwd", "sha256:../" + "0" * 61])
def test_rules_that_were_never_in_force_are_not_found(source, version):
    with pytest.raises(ConfigError, match="are not kept"):
        source.archived(version)


def test_kept_rules_that_somebody_changed_are_not_believed(source, tmp_path):
    version = source.current().policy_version
    kept = tmp_path / "archive" / f"{version.removeprefix('sha256:')}.json"
    kept.write_text(json.dumps({"policy_version": version, "files": {"agents.yaml": TWO.decode()}}))

    with pytest.raises(ConfigError, match="not what its name says"):
        source.archived(version)

    kept.write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        source.archived(version)


def test_rules_that_cannot_be_kept_do_not_come_into_force(source, folder, tmp_path):
    archive = tmp_path / "archive"
    for path in archive.iterdir():
        path.unlink()
    archive.rmdir()
    archive.write_text("a file in its place")
    (folder / "agents.yaml").write_bytes(TWO)

    change = source.refresh()

    assert isinstance(change, Rejected)
    assert "cannot be kept" in change.problems[0].what
    assert agents(source) == {"one"}


async def test_the_watcher_tells_each_change_until_cancelled(source, folder):
    told: asyncio.Queue[Reloaded | Rejected] = asyncio.Queue()
    watcher = asyncio.ensure_future(source.watch(0.01, told.put))
    try:
        (folder / "agents.yaml").write_bytes(TWO)
        assert isinstance(await asyncio.wait_for(told.get(), 5), Reloaded)
        (folder / "agents.yaml").write_bytes(BAD)
        assert isinstance(await asyncio.wait_for(told.get(), 5), Rejected)
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)

    assert agents(source) == {"two"}
