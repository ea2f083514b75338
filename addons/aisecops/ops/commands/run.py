"""`aisecops run`: a command inside a run of its own."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import click

from aisecops.ops.session import CommandError, Session, setting_flags
from aisecops.ops.settings_read import environment

if TYPE_CHECKING:
    from aisecops.ops.environment import Trust

NOT_FOUND, NOT_EXECUTABLE = 127, 126
_LOOK_S = 3.0
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_FROM_THE_TERMINAL = (signal.SIGINT, signal.SIGQUIT)


class _Process(Protocol):
    def send_signal(self, number: int, /) -> None: ...

    def wait(self) -> int: ...


class _Starting(Protocol):
    def __call__(self, command: Sequence[str], told: Mapping[str, str], /) -> _Process: ...


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--agent", help="Whose run it is; may be left out when the rules declare one agent.")
@click.option("--parent", metavar="RUN", help="The run this one belongs to.")
@click.option("--sandbox", is_flag=True, help="Leave CMD no way out but the gateway; refuse where that cannot be.")
@setting_flags("control", "paths", "proxy", "upstream", "sandbox")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD...")
@click.pass_obj
def run(session: Session, agent: str | None, parent: str | None, sandbox: bool, command: tuple[str, ...]) -> int:
    """Open a run, start CMD with proxy and trust variables set, close the run, exit as CMD did."""
    from aisecops.ops.agents import chosen
    from aisecops.ops.environment import made_trust, variables
    from aisecops.ops.opened import close_run, open_run

    settings = session.settings
    trust = made_trust(settings)
    whose = chosen(settings, agent)
    with contextlib.ExitStack() as stack:
        start = stack.enter_context(_sandboxed(session, trust)) if sandbox else _started
        if not _answers(settings.proxy.told_url):
            what = f"nothing answers at the proxy `{settings.proxy.told_url}`, so the command will reach nobody"
            click.echo(f"aisecops: {what}; start it with `aisecops up`", err=True)
        opened = open_run(settings, whose, parent=parent)
        told = variables(settings, trust, opened.credentials) | {"AISECOPS_RUN": opened.run_id}
        click.echo(f"aisecops: run {opened.run_id}", err=True)
        code = _exit_code(start, command, told)
    try:
        close_run(settings, opened, exit_code=code)
    except CommandError as failed:  # the command has ended as it has; that the run stays open is said, not answered
        click.echo(f"aisecops: the run stays open: {failed.what}", err=True)
    return code


def _answers(url: str) -> bool:
    place = urlsplit(url)
    try:
        port = place.port or (443 if place.scheme == "https" else 80)
        socket.create_connection((place.hostname or "", port), timeout=_LOOK_S).close()
    except OSError:
        return False
    return True


def _started(command: Sequence[str], told: Mapping[str, str], /) -> _Process:
    return subprocess.Popen(command, env={**environment(), **told})  # noqa: S603  (what was asked for)


def _sandboxed(session: Session, trust: Trust) -> contextlib.AbstractContextManager[_Starting]:
    from aisecops.ops.agents import rules_in
    from aisecops.ops.sandboxed import Surroundings, sandboxed

    settings = session.settings
    around = Surroundings.own(session.config)
    return sandboxed(
        settings, trust, rules_in(settings), around, lambda said: click.echo(f"aisecops: {said}", err=True)
    )


def _exit_code(start: _Starting, command: tuple[str, ...], told: Mapping[str, str]) -> int:
    """How the command ended, as a shell would say it: 128 and the signal's number for one that was killed."""
    started: list[_Process] = []
    early: list[int] = []

    def forward(number: int, _: FrameType | None) -> None:
        # Ctrl-C reaches the whole foreground group by itself; twice would be an order to hurry.
        if number in _FROM_THE_TERMINAL and sys.stdin.isatty():
            return
        for process in started:
            process.send_signal(number)
        if not started:
            early.append(number)

    # INVARIANT: from before the command exists, no signal ends us and leaves it and its run behind.
    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        started.append(start(command, told))
        for number in early:
            started[0].send_signal(number)
        code = started[0].wait()
    except FileNotFoundError:
        click.echo(f"aisecops: no command `{command[0]}`", err=True)
        return NOT_FOUND
    except OSError as failed:
        click.echo(f"aisecops: cannot start `{command[0]}`: {failed.strerror}", err=True)
        return NOT_EXECUTABLE
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - code if code < 0 else code
