"""The root command: lazy, and two lines and an exit code for whatever goes wrong."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from aisecops.model.errors import ConfigError, StoreError
from aisecops.ops import cli
from aisecops.ops.cli import COMMANDS, main
from aisecops.ops.session import CommandError


def test_help_imports_no_heavy_package():
    heavy = "mitmproxy presidio_analyzer starlette httpx yaml rich prometheus_client"
    code = (
        "import sys; from aisecops.ops.cli import main; main(['--help'])\n"
        f"sys.exit(' '.join(m for m in '{heavy}'.split() if m in sys.modules) or 0)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr.strip()) == (0, "")
    assert all(name in ended.stdout for name in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "what", "mend"),
    [
        (["conifg"], "no command `conifg`", "did you mean `config`?"),
        (["zzz"], "no command `zzz`", "`aisecops --help` lists all commands"),
        (["config", "--jsn"], "no such option", "`aisecops config --help` shows how"),
        (["people", "add", "bob"], "Choose from: viewer, approver, operator", "`aisecops people add --help`"),
        (["--config", "/none.yaml", "config"], "the settings file `/none.yaml` does not exist", "--config"),
    ],
)
def test_wrong_use_is_two_lines_and_exit_code_2(capsys, arguments, what, mend):
    assert main(arguments) == 2

    first, second = capsys.readouterr().err.splitlines()
    assert what in first
    assert mend in second


@pytest.mark.parametrize("arguments", [[], ["runs"]])
def test_nothing_to_do_shows_what_there_is(capsys, arguments):
    assert main(arguments) == 2

    assert capsys.readouterr().err.startswith("Usage: aisecops")


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (CommandError("the chain is broken", "look", 1), 1, "aisecops: the chain is broken"),
        (StoreError("the store is gone"), 3, "aisecops: the store is gone"),
        (ZeroDivisionError("by zero"), 3, "aisecops: unexpected: ZeroDivisionError: by zero"),
        (ExceptionGroup("of tasks", [ConfigError("the port is taken", "free it")]), 2, "aisecops: the port is taken"),
        (click.ClickException("Something failed."), 1, "aisecops: something failed"),
    ],
)
def test_what_a_command_raises_becomes_a_line_and_a_code(capsys, monkeypatch, raised, code, line):
    @click.command
    def failing():
        raise raised

    monkeypatch.setattr(cli.Root, "get_command", lambda *_: failing)

    assert main(["config"]) == code
    err = capsys.readouterr().err
    assert err.splitlines()[0] == line
    assert "Traceback" not in err


def test_a_check_that_nobody_reads_to_its_end_is_not_well():
    made = "import sys; from aisecops.ops.cli import main; sys.exit(main(['rules', 'schema']))"
    writer = subprocess.Popen([sys.executable, "-c", made], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    writer.stdout.close()

    assert (writer.communicate()[1], writer.returncode) == (b"", 1)


def test_debug_lets_the_traceback_through(monkeypatch):
    @click.command
    def failing():
        raise ZeroDivisionError

    monkeypatch.setattr(cli.Root, "get_command", lambda *_: failing)

    with pytest.raises(ZeroDivisionError):
        main(["--debug", "config"])
