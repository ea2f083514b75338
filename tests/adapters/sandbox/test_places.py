"""A file that two mounts show is found by both names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aisecops.adapters.sandbox.places import MOUNTS, Mounted, all_names, mounted

LINE = "36 35 98:0 /a\\040b /mnt/c\\134d rw,noatime master:1 shared:2 - ext4 /dev/root rw\n"


def test_a_line_is_read_with_its_blanks():
    assert mounted(LINE) == (Mounted(device="98:0", root="/a b", point="/mnt/c\\d", kind="ext4"),)


def test_a_file_has_its_own_name_whichever_link_led_to_it(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")

    assert all_names(tmp_path / "link") == all_names(tmp_path / "file")
    assert str(tmp_path / "file") in all_names(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() != 0 or not Path(MOUNTS).exists(), reason="mounting takes root")
def test_a_second_mount_is_a_second_name(tmp_path):
    (tmp_path / "one" / "inner").mkdir(parents=True)
    (tmp_path / "two").mkdir()
    code = "import sys; from pathlib import Path; from aisecops.adapters.sandbox.places import all_names; print(*all_names(Path(sys.argv[1])))"
    script = 'mount --bind "$0" "$1"; shift; exec "$@"'
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, tmp_path / "one", tmp_path / "two", sys.executable, "-c", code, tmp_path / "one" / "inner"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip

    assert set(ended.stdout.split()) >= {str(tmp_path / "one" / "inner"), str(tmp_path / "two" / "inner")}
