"""Files made whole, private where they must be, by one process at a time."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from aisecops.adapters.system.files import locked, made_folder, private_folder, read_private, unwritable, write_whole
from aisecops.model.errors import ConfigError


def mode(path):
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
@pytest.mark.parametrize("wanted", [0o600, 0o644])
def test_a_file_has_exactly_its_mode_whatever_the_umask(tmp_path, umask, wanted):
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "x", b"data", mode=wanted)
    finally:
        os.umask(before)

    assert (mode(tmp_path / "x"), (tmp_path / "x").read_bytes()) == (wanted, b"data")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    write_whole(tmp_path / "x", b"old", mode=0o600)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        write_whole(tmp_path / "x", b"new", mode=0o600)

    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"


def test_a_place_that_cannot_be_written_is_told_with_a_mend(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="cannot be written") as raised:
        made_folder(tmp_path / "file" / "folder")

    assert "let this user write to" in raised.value.mend


@pytest.mark.parametrize(
    ("why", "mend"),
    [
        (errno.ENOSPC, "free some of its disk"),
        (errno.EDQUOT, "free some of what this user may keep there"),
        (errno.EROFS, "set paths.state and paths.certs to places that are not"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EACCES, "let this user write to `/var/lib/x`"),
    ],
)
def test_what_cannot_be_written_is_told_with_what_helps_against_that(why, mend):
    told = unwritable(Path("/var/lib/x/file"), OSError(why, os.strerror(why)))

    assert str(told) == f"`/var/lib/x/file` cannot be written: {os.strerror(why)}"
    assert mend in told.mend


@pytest.mark.parametrize("open_to", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_secret_that_others_can_touch_is_not_read(tmp_path, open_to):
    write_whole(tmp_path / "x", b"data", mode=0o600)
    (tmp_path / "x").chmod(open_to)

    with pytest.raises(ConfigError, match="open to others") as raised:
        read_private(tmp_path / "x")

    assert "chmod 600" in raised.value.mend


def test_a_private_folder_is_made_for_its_owner_alone(tmp_path):
    assert mode(private_folder(tmp_path / "a")) == 0o700


def test_a_folder_that_others_can_enter_is_not_taken_for_private(tmp_path):
    (tmp_path / "a").mkdir(mode=0o755)

    with pytest.raises(ConfigError, match="open to others"):
        private_folder(tmp_path / "a")


def test_one_at_a_time(tmp_path):
    inside, most = 0, 0

    def work():
        nonlocal inside, most
        for _ in range(50):
            with locked(tmp_path):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 1
