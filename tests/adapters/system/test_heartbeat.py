from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from aisecops.adapters.system import heartbeat
from aisecops.adapters.system.heartbeat import FOLDER, LATE_S, SILENT_S, Heartbeat, lagging


@pytest.fixture
def own(tmp_path):
    beating = Heartbeat(tmp_path)
    yield beating
    beating.end()


def test_nobody_is_late_where_nobody_is(tmp_path):
    assert lagging(tmp_path) == ()


def test_a_worker_that_beats_in_time_is_well(tmp_path, own):
    own.beat(0.004)
    assert lagging(tmp_path) == ()


def test_a_worker_that_is_late_says_so_and_says_so_no_more_when_it_is_not(tmp_path, own):
    own.beat(LATE_S + 0.5)
    (said,) = lagging(tmp_path)
    assert str(os.getpid()) in said
    assert "1.5 s late" in said
    own.beat(0.0)
    assert lagging(tmp_path) == ()


def test_a_worker_that_lives_and_says_nothing_stands_still(tmp_path, own):
    own.beat(0.0)
    (path,) = (tmp_path / FOLDER).iterdir()
    then = path.stat().st_mtime - SILENT_S - 60
    os.utime(path, (then, then))
    (said,) = lagging(tmp_path)
    assert "stood still for 63 s" in said


def test_one_that_is_gone_is_nobodys_delay_also_when_another_has_its_number(tmp_path):
    path = tmp_path / FOLDER / str(os.getpid())
    path.parent.mkdir()
    path.write_text("0000009.000000")
    os.utime(path, (0, 0))
    assert lagging(tmp_path) == ()
    assert not path.exists()


def test_one_that_was_killed_is_gone_and_one_that_was_stopped_is_not(tmp_path):
    beats = "import sys, time; from aisecops.adapters.system.heartbeat import Heartbeat; from pathlib import Path; "
    beats += "Heartbeat(Path(sys.argv[1])).beat(5.0); print(flush=True); time.sleep(600)"
    environment = os.environ | {"PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", beats, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        assert len(lagging(tmp_path)) == 1
        process.kill()
    assert lagging(tmp_path) == ()


def test_its_end_leaves_nothing(tmp_path):
    beating = Heartbeat(tmp_path)
    beating.beat(9.0)
    beating.end()
    assert lagging(tmp_path) == ()
    assert not list((tmp_path / FOLDER).iterdir())


def test_a_disk_that_takes_nothing_is_silence_and_no_fault(own, monkeypatch):
    def full(*_args):
        raise OSError(28, "no space left")

    monkeypatch.setattr(heartbeat.os, "pwrite", full)
    own.beat(0.0)
