"""The first process of a sandbox: the command's end is the end of all, and so is that of whoever started it."""

from __future__ import annotations

import os
import signal

import pytest

from aisecops.adapters.sandbox.inside import KILLED, NOT_EXECUTABLE, NOT_FOUND
from aisecops.adapters.sandbox.outside import Sandbox
from aisecops.adapters.sandbox.plan import Plan, Start
from aisecops.adapters.sandbox.unavailable import Unavailable
from support.installation import until
from support.sandbox import needs_sandboxes


@pytest.fixture
def sandbox():
    needs_sandboxes()
    with Sandbox(Plan(folder="/", doors=())) as made:
        yield made


def start(sandbox, *command, **variables):
    sandbox.start(Start(command, {"PATH": os.environ["PATH"], **variables}))


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("sh", "-c", "exit 7"), 7),
        (("sh", "-c", "kill -9 $$"), 137),
        (("nosuchcommand",), NOT_FOUND),
        (("/etc/passwd",), NOT_EXECUTABLE),
    ],
)
def test_the_code_is_as_a_shell_says_it(sandbox, command, code):
    start(sandbox, *command)

    assert sandbox.wait() == code


def test_any_bytes_of_arguments_and_variables_come_through(sandbox):
    odd = os.fsdecode(b"\xff\n\xc3\xa4")
    start(sandbox, "sh", "-c", 'test "$1" = "$ODD"', "sh", odd, ODD=odd)

    assert sandbox.wait() == 0


def test_a_signal_is_the_commands(tmp_path):
    needs_sandboxes()
    script = "trap 'exit 9' TERM; touch there; while :; do sleep 0.05; done"
    with Sandbox(Plan(folder=str(tmp_path), doors=(), writable=(str(tmp_path),))) as sandbox:
        start(sandbox, "sh", "-c", script)
        until((tmp_path / "there").exists)
        sandbox.send_signal(signal.SIGTERM)

        assert sandbox.wait() == 9


def test_who_outlives_a_parent_is_buried(sandbox):
    start(sandbox, "sh", "-c", "(true & true & true &) ; sleep 0.3; ! ps -eo stat= | grep -q Z")

    assert sandbox.wait() == 0


def test_the_first_process_cannot_be_ended_from_inside(sandbox):
    start(sandbox, "sh", "-c", "kill -9 1; kill -TERM 1; kill -STOP 1; sleep 0.1; exit 4")

    assert sandbox.wait() == 4


def test_when_nobody_waits_any_more_everything_ends(sandbox):
    start(sandbox, "sleep", "60")
    sandbox.end()

    assert sandbox.wait() == KILLED


def test_after_its_end_nothing_starts(sandbox):
    sandbox.close()

    with pytest.raises((Unavailable, OSError)):
        start(sandbox, "true")
