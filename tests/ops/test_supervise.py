"""`up` keeps its processes: started in order, restarted when they die, drained when told, gone when it goes."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aisecops.adapters.system.signing import TOKEN_KEY
from aisecops.model.errors import ConfigError
from aisecops.ops.lifeline import ending_signals
from aisecops.ops.settings_read import load
from aisecops.ops.supervise import Supervisor, alone, child_environment
from support.small_disk import fill, small_disk


@pytest.fixture(autouse=True)
def hang_ups_are_heard():
    """Whoever runs the tests may have said `nohup`, and processes inherit that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


STAND_IN = Path(__file__).parent.parent / "support" / "stand_in.py"
UP = """
import asyncio, sys
from pathlib import Path
from aisecops.ops import logs, supervise
from aisecops.ops.settings_read import load
supervise.START_SECONDS, supervise.FIRST_PAUSE = 20, 0.05
from aisecops.ops.session import CommandError
settings = load({"proxy.workers": "2", "drain_seconds": "0.2", "proxy.listen": "0", "control.listen": "0", "metrics.listen": "0"})
logs.configure(settings.log.format, "up")
async def run():
    return await supervise.Supervisor(settings, lambda line: print(line, flush=True), (sys.executable, sys.argv[1])).run()
try:
    with supervise.alone(settings.paths.state):
        sys.exit(asyncio.run(run()))
except CommandError as no:
    print(no.what, file=sys.stderr)
    sys.exit(no.exit_code)
"""
READY = re.compile(
    r"aisecops ready proxy=http://127\.0\.0\.1:\d+ control=http://127\.0\.0\.1:\d+ metrics=(http://\S+/metrics)"
)


@contextmanager
def up(folder, **environ):
    started = subprocess.Popen(
        [sys.executable, "-c", UP, str(STAND_IN)],
        cwd=folder,
        env={"PYTHONPATH": ":".join(sys.path), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()
        until(lambda: not any(alive(pid) for pid in everyone(folder)))


def everyone(folder, role="*"):
    """Every process of `role` there ever was."""
    return [int(file.suffix[1:]) for file in (folder / ".aisecops").glob(f"{role}.[0-9]*")]


def alive(pid):
    """True for a process that still runs; one that nobody has waited for yet does not."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(holds, seconds=15):
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.02)


def running(folder, role):
    return [pid for pid in everyone(folder, role) if alive(pid)]


def scraped(ready_line):
    with urllib.request.urlopen(READY.fullmatch(ready_line)[1]) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGHUP])
def test_it_says_one_line_and_ends_well_when_told(tmp_path, told):
    with up(tmp_path) as supervisor:
        ready = supervisor.stdout.readline().strip()
        assert READY.fullmatch(ready)
        assert (len(running(tmp_path, "control")), len(running(tmp_path, "gateway"))) == (1, 2)

        supervisor.send_signal(told)
        rest, _ = supervisor.communicate(timeout=15)

        assert (rest, supervisor.returncode) == ("", 0)
        assert not any(map(alive, everyone(tmp_path)))


def test_a_worker_that_dies_is_started_again_on_the_same_port_and_no_count_falls(tmp_path):
    with up(tmp_path) as supervisor:
        ready = supervisor.stdout.readline().strip()
        before = running(tmp_path, "gateway")

        os.kill(before[0], signal.SIGKILL)
        until(lambda: len(everyone(tmp_path, "gateway")) == 3 and len(running(tmp_path, "gateway")) == 2)

        until(lambda: "aisecops_tokens_issued_total 4.0" in scraped(ready))


def test_others_take_the_place_of_all_on_the_same_ports(tmp_path):
    with up(tmp_path) as supervisor:
        supervisor.stdout.readline()
        before = everyone(tmp_path)

        supervisor.send_signal(signal.SIGUSR2)
        until(lambda: not any(map(alive, before)))

        assert (len(running(tmp_path, "control")), len(running(tmp_path, "gateway"))) == (1, 2)


def test_who_asks_for_a_control_plane_that_has_died_waits_for_the_next(tmp_path):
    with up(tmp_path) as supervisor:
        place = urlsplit(re.search(r"control=(\S+)", supervisor.stdout.readline())[1])

        (control,) = running(tmp_path, "control")
        os.kill(control, signal.SIGKILL)
        until(lambda: not alive(control))

        socket.create_connection((place.hostname, place.port), timeout=15).close()


def test_children_do_not_outlive_a_killed_supervisor(tmp_path):
    with up(tmp_path) as supervisor:
        supervisor.stdout.readline()
        children = everyone(tmp_path)

        supervisor.kill()
        supervisor.wait()

        until(lambda: not any(map(alive, children)))


def test_a_deaf_child_is_killed_after_its_grace(tmp_path):
    with up(tmp_path, STAND_IN_DEAF="control") as supervisor:
        supervisor.stdout.readline()

        supervisor.send_signal(signal.SIGINT)
        _, said = supervisor.communicate(timeout=15)

        assert supervisor.returncode == 0
        assert "control did not stop" in said
        assert not any(map(alive, everyone(tmp_path)))


def test_a_process_that_cannot_start_ends_it_with_the_same_code(tmp_path):
    with up(tmp_path, STAND_IN_REFUSES="gateway") as supervisor:
        out, said = supervisor.communicate(timeout=15)

        assert (out, supervisor.returncode) == ("", 2)
        assert "the gateway did not start" in said
        assert not any(map(alive, everyone(tmp_path)))


def test_two_do_not_share_a_state_folder(tmp_path):
    with up(tmp_path) as first:
        first.stdout.readline()
        environ = {"PYTHONPATH": ":".join(sys.path)}
        second = subprocess.Popen(first.args, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True)
        _, said = second.communicate(timeout=15)

        assert second.returncode != 0
        assert "another `aisecops up` runs" in said
        assert (tmp_path / ".aisecops" / "up.lock").read_text() == f"{first.pid}\n"


@pytest.mark.skipif(os.getuid() != 0, reason="mounting needs root")
def test_a_state_folder_that_cannot_be_written_is_said_with_its_mend(tmp_path):
    with small_disk(tmp_path / "disk", "64k") as disk:
        fill(disk)
        with pytest.raises(ConfigError, match=r"up\.lock` cannot be written: No space left") as full, alone(disk):
            pass
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(ConfigError, match=r"up\.lock` cannot be written: Read-only") as read_only, alone(disk):
            pass
    assert full.value.mend == "free some of its disk"
    assert "set paths.state" in read_only.value.mend


def test_a_flag_overrules_a_variable_in_the_children_too(tmp_path):
    with up(tmp_path, AISECOPS_PROXY_WORKERS="1") as supervisor:
        supervisor.stdout.readline()

        assert len(running(tmp_path, "gateway")) == 2


def test_children_get_secrets_that_rules_name_but_no_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("AISECOPS_BOT_SECRET", "s")
    monkeypatch.setenv("AISECOPS_PROXY_WORKERS", "9")

    given = child_environment(tmp_path, "gateway")

    assert given["AISECOPS_BOT_SECRET"] == "s"
    assert "AISECOPS_PROXY_WORKERS" not in given
    assert given["PROMETHEUS_MULTIPROC_DIR"] == str(tmp_path)


def test_only_the_control_plane_is_given_the_key_that_signs_tokens(tmp_path, monkeypatch):
    monkeypatch.setenv(TOKEN_KEY, "k")

    assert {role: TOKEN_KEY in child_environment(tmp_path, role) for role in ("control", "gateway", "telemetry")} == {
        "control": True,
        "gateway": False,
        "telemetry": False,
    }


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path, shared):
    with socket.create_server(("127.0.0.1", 0), reuse_port=shared) as other:
        told = {"proxy.listen": str(other.getsockname()[1]), "control.listen": "0", "metrics.listen": "0"}
        settings = load(told, environ={}, folder=tmp_path)
        supervisor = Supervisor(settings, print, (sys.executable, str(STAND_IN)))
        with pytest.raises(ConfigError, match=r"cannot listen on .*in use") as no:
            asyncio.run(supervisor.run())

    assert no.value.mend == "free the port, or set proxy.listen"
    assert not everyone(tmp_path)


def test_a_terminal_that_closes_ends_it_unless_somebody_had_that_ignored(monkeypatch):
    assert signal.SIGHUP in ending_signals()

    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_IGN)  # as `nohup` does
    assert ending_signals() == (signal.SIGINT, signal.SIGTERM)
