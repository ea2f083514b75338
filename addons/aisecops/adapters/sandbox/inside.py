"""The side of a sandbox that the kernel encloses: set up, start the command, outlive it by nothing.

Started as a process of its own, with one end of a `Channel`. That process steps into the namespaces and
waits; its child is their first process, and when that ends, the kernel ends everything in them. It ends with
the command, or when whoever started the sandbox is gone.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from collections.abc import Sequence
from typing import NoReturn

from aisecops.adapters.sandbox import kernel, loopback, mounts, namespaces, seccomp
from aisecops.adapters.sandbox.channel import Channel, Ended
from aisecops.adapters.sandbox.plan import Plan, Start
from aisecops.adapters.sandbox.steps import Refused, step

NOT_FOUND, NOT_EXECUTABLE, KILLED = 127, 126, 137
_NOT_OURS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""Signals for the command. A terminal sends some to all of its group; they must not end what watches over it."""


def main(descriptor: int) -> NoReturn:
    """Be the inside of the sandbox whose channel is `descriptor`."""
    channel = Channel(socket.socket(fileno=descriptor))
    for number in _NOT_OURS:
        signal.signal(number, signal.SIG_IGN)
    try:
        plan = Plan.read(channel.heard())
        namespaces.enter()
    except Refused as refused:
        channel.admit(refused.failure)
        os._exit(1)
    except Ended:
        os._exit(1)
    first = os.fork()
    if first == 0:
        _as_the_first_process(plan, channel)
    channel.close()  # only the first process may hold its end: the end of that one is the end of the line
    _, status = os.waitpid(first, 0)
    os._exit(_code(status))


def _as_the_first_process(plan: Plan, channel: Channel) -> NoReturn:
    try:
        _set_up(plan, channel)
        start = Start.read(channel.heard())
    except Refused as refused:
        channel.admit(refused.failure)
        os._exit(1)
    except Ended:
        os._exit(1)
    wake = _woken_by_children()
    command = os.fork()
    if command == 0:
        _become(start, plan.folder)
    os._exit(_watch(command, channel, wake))


def _set_up(plan: Plan, channel: Channel) -> None:
    with step("filter of calls"):
        calls = _filter(plan)
    mounts.arrange(plan)
    listeners = loopback.listeners(plan.doors)
    with step("privileges"):
        kernel.drop_capabilities()
        kernel.gain_nothing_by_execution()
        kernel.close_to_others()
    with step("filter of calls"):
        kernel.filter_calls(calls)
    channel.hand_over(listeners)
    for listener in listeners:
        listener.close()


def _filter(plan: Plan) -> bytes:
    machine = os.uname().machine
    if machine not in seccomp.ARCHITECTURES:
        raise OSError(0, "no numbers", machine)
    return seccomp.program(machine, unix_sockets=plan.unix_sockets)


def _woken_by_children() -> int:
    """A descriptor that can be read when a child has ended."""
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return wake


def _become(start: Start, folder: str) -> NoReturn:
    """Be the command, with nothing in hand but the three standard streams."""
    signal.set_wakeup_fd(-1)
    for number in (*_NOT_OURS, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    name = start.command[0]
    try:
        os.chdir(folder)
    except OSError as failed:
        _say(f"cannot start in `{folder}`: {failed.strerror}")
        os._exit(NOT_EXECUTABLE)
    try:
        os.execvpe(name, start.command, start.environment)  # noqa: S606  (what was asked for)
    except FileNotFoundError:
        _say(f"no command `{name}`")
        os._exit(NOT_FOUND)
    except OSError as failed:
        _say(f"cannot start `{name}`: {failed.strerror}")
        os._exit(NOT_EXECUTABLE)
    except ValueError:
        _say(f"cannot start `{name!a}`: a null byte")
        os._exit(NOT_EXECUTABLE)


def _watch(command: int, channel: Channel, wake: int) -> int:
    """Bury whoever ends and pass signals on; the exit code once the command has ended or nobody waits for it."""
    while True:
        readable, _, _ = select.select([wake, channel.fileno()], [], [])
        if channel.fileno() in readable:
            try:
                for number in channel.signals():
                    os.kill(command, number)
            except Ended:
                return KILLED
        if wake in readable:
            os.read(wake, 512)
            status = _buried(command)
            if status is not None:
                return _code(status)


def _buried(command: int) -> int | None:
    """Take in everything that has ended; the command's status when it is among them."""
    found = None
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if ended == 0:
            return found
        if ended == command:
            found = status


def _code(status: int) -> int:
    """As a shell says it."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def _say(words: str) -> None:
    sys.stderr.write(f"aisecops: {words}\n")
    sys.stderr.flush()


def started(arguments: Sequence[str]) -> NoReturn:
    """What the process that `outside` starts does: the second argument names the channel."""
    main(int(arguments[1]))
