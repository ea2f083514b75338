"""`aisecops run`: the command gets proxy, trust and run; its exit code is ours; the run is closed."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from aisecops.ops.cli import main
from aisecops.ops.settings_read import environment
from support.control import SECRET


def runs(capsys):
    capsys.readouterr()
    main(["runs", "list", "--json"])
    return {run["run_id"]: run for run in json.loads(capsys.readouterr().out)["runs"]}


def run_id(capfd):
    return capfd.readouterr().err.split("aisecops: run ")[1].split()[0]


def test_the_command_is_inside_the_run_and_its_exit_code_is_ours(control, capfd):
    code = main(["run", "--", "sh", "-c", 'echo "$AISECOPS_RUN $HTTPS_PROXY $SSL_CERT_FILE"; exit 7'])

    out = capfd.readouterr().out.split()
    assert code == 7
    assert out[1].startswith(f"http://{out[0]}:")
    assert "BEGIN CERTIFICATE" in Path(out[2]).read_text()


def test_the_run_is_finished_when_the_command_is(control, capfd):
    main(["run", "--agent", "bot", "true"])
    opened = run_id(capfd)

    assert runs(capfd)[opened]["state"] == "finished"
    assert runs(capfd)[opened]["opened_by"] == "operator:local"


def test_with_the_agents_secret_the_agent_opens_it_itself(control, capfd, monkeypatch):
    monkeypatch.setenv("BOT_SECRET", SECRET)

    main(["run", "true"])

    assert runs(capfd)[run_id_of_newest(capfd)]["opened_by"] == "agent:bot"


def run_id_of_newest(capfd):
    return next(iter(runs(capfd)))


@pytest.mark.parametrize(
    ("command", "code"), [(["nosuchcommand"], 127), (["/etc/passwd"], 126), (["sh", "-c", "kill -9 $$"], 137)]
)
def test_what_cannot_start_or_is_killed_ends_as_in_a_shell_and_the_run_is_closed(control, capfd, command, code):
    assert main(["run", "--", *command]) == code

    assert runs(capfd)[run_id_of_newest(capfd)]["state"] == "finished"


def test_a_proxy_where_nobody_answers_is_said_and_the_command_runs_all_the_same(control, capfd, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("AISECOPS_PROXY_LISTEN", f"127.0.0.1:{listening.getsockname()[1]}")
        assert main(["run", "true"]) == 0
    assert "nothing answers" not in capfd.readouterr().err

    assert main(["run", "true"]) == 0
    assert "nothing answers at the proxy `http://127.0.0.1:" in capfd.readouterr().err


def test_a_wrong_secret_is_said_with_where_the_right_one_is(control, capfd, monkeypatch):
    monkeypatch.setenv("BOT_SECRET", "wrong")

    assert main(["run", "true"]) == 1
    assert "give `bot` here the secret that it has where `aisecops up` was started" in capfd.readouterr().err


def test_an_unknown_agent_is_wrong_use_with_the_nearest_name(control, capfd):
    assert main(["run", "--agent", "bott", "true"]) == 2

    assert "did you mean `bot`?" in capfd.readouterr().err


def test_a_signal_reaches_the_command_and_the_run_is_closed(control, capfd):
    script = "trap 'exit 9' TERM; echo there; while :; do sleep 0.05; done"
    environ = {**environment(), "PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-m", "aisecops", "run", "--", "sh", "-c", script],
        env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as started:  # fmt: skip
        started.stdout.readline()
        started.send_signal(signal.SIGTERM)
        assert started.wait(15) == 9

    assert runs(capfd)[run_id_of_newest(capfd)]["state"] == "finished"
