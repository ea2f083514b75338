"""`aisecops up`: one control plane, N gateway workers, one metrics port; what dies is started again.

Knows processes, ports and their order. Does not know what the processes do: each is `aisecops control`,
`aisecops gateway` or, where there is a collector, `aisecops telemetry`; told its settings by a file in the state
folder, it says on its lifeline where it listens, or sends to. Numbers of all processes are added up here, in the
process that lives longest.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import orjson

from aisecops.adapters.system.files import PRIVATE_FOLDER, made_folder, unwritable
from aisecops.adapters.system.signing import TOKEN_KEY
from aisecops.model.errors import ConfigError
from aisecops.ops import proxy_url, store_url
from aisecops.ops.lifeline import GRACE_SECONDS, LEAVING, ending_signals
from aisecops.ops.listening import check_free, listening
from aisecops.ops.metrics import FOLDER_VARIABLE, Scrape
from aisecops.ops.numbers import fresh_folder, process_died, together
from aisecops.ops.session import BROKEN, MISUSED, CommandError
from aisecops.ops.settings import Settings
from aisecops.ops.settings_keys import PREFIX, as_tree
from aisecops.ops.settings_read import SECRETS, changed, environment
from aisecops.ops.settings_text import Address

PROGRAM = (sys.executable, "-O", "-P", "-m", "aisecops")
START_SECONDS = 60.0
"""How long a process may take until it listens; the first start loads the language models."""

ALONE = "telemetry"
"""The role of which there is one process at a time: the next one begins where the last has ended."""

FIRST_PAUSE, LONGEST_PAUSE, STEADY_AFTER = 0.2, 10.0, 30.0
"""Seconds: before the first restart; at most; how long a process must live for the pause to start over."""

_log = logging.getLogger("aisecops.up")


class Child:
    """One process as it runs now."""

    def __init__(self, role: str, process: asyncio.subprocess.Process, line: asyncio.StreamWriter) -> None:
        self.role = role
        self.process = process
        self.line = line
        self.url = ""
        self.is_replaced = False

    def let_go(self) -> None:
        """Tell it that another is in its place: it ends with what it has under way."""
        self.is_replaced = True
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(LEAVING)

    async def end(self, grace_seconds: float) -> None:
        """Ask it to drain and stop; by force after `grace_seconds`. Returns when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), grace_seconds)
        except TimeoutError:
            _log.warning("%s did not stop in %.0f s and is killed", self.role, grace_seconds)
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
        self.line.close()


class Supervisor:
    """Everything on this machine. `announce` gets the ready line, once."""

    def __init__(self, settings: Settings, announce: Callable[[str], None], program: Sequence[str] = PROGRAM) -> None:
        self.settings = settings
        self._announce = announce
        self._program = program
        self._grace = settings.drain_seconds + GRACE_SECONDS
        self._numbers = fresh_folder(settings.paths.state)
        self._file = settings.paths.state / "up.settings.yaml"
        self._children: list[Child] = []
        self._listener: socket.socket | None = None
        """The control plane's: who asks while one process takes another's place waits, and is answered."""
        self._stop = asyncio.Event()
        self._replace = asyncio.Event()

    async def run(self) -> int:
        """Start, stay, drain. Returns 0 after SIGINT or SIGTERM; raises CommandError when a process cannot start.

        Raises ConfigError for a port that is taken, before anything is started.
        """
        check_free("proxy", self.settings.proxy.listen)
        control = self.settings.control.listen
        self._listener = listening("control", control)
        self._settle(control__listen=Address(host=control.host, port=self._listener.getsockname()[1]))
        loop, numbers = asyncio.get_running_loop(), ending_signals()
        for number in numbers:
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(LEAVING, self._replace.set)
        try:
            await self._unless_stopped(self._serve())
        finally:
            await self._end_all()
            for number in (*numbers, LEAVING):
                loop.remove_signal_handler(number)
        return 0

    async def _serve(self) -> NoReturn:
        self._settle(proxy__share_port=True)  # with those that will take its place
        with self._metrics() as metrics_url:
            control = await self._start("control")
            first = await self._start("gateway")
            self._settle(proxy__listen=_with_port(self.settings.proxy.listen, first.url))
            more = await asyncio.gather(*(self._start("gateway") for _ in range(self.settings.proxy.workers - 1)))
            if self.settings.telemetry.otlp is not None:
                more.append(await self._start("telemetry"))
            for url in (control.url, first.url):
                await _answers(url)
            self._write_settings()  # with the ports as they came to be, for whoever looks
            self._announce(f"aisecops ready proxy={first.url} control={control.url} metrics={metrics_url}")
            async with asyncio.TaskGroup() as keepers:
                for child in (first, *more, control):
                    keepers.create_task(self._keep(child))
                await self._replacing(keepers)
        raise AssertionError("keepers do not end")

    async def _replacing(self, keepers: asyncio.TaskGroup) -> NoReturn:
        """Whenever we are told: new processes in the place of all, one by one, each before the old one leaves."""
        while True:
            await self._replace.wait()
            self._replace.clear()
            _log.info("new processes take the place of all")
            try:
                left = [child for child in self._children if child.role != ALONE and not child.is_replaced]
                for old in sorted(left, key=lambda child: child.role == "control"):  # that one last
                    keepers.create_task(self._keep(await self._start(old.role)))
                    old.let_go()
            except (CommandError, OSError) as failed:
                _log.error("%s; the others stay as they are", failed)
                continue
            for old in [child for child in self._children if child.role == ALONE]:
                old.is_replaced = True
                await old.end(self._grace)

    async def _keep(self, child: Child) -> None:
        """Start `child` again whenever it ends, sooner at first and later if it does not last.

        Returns when one has left to which another process has succeeded.
        """
        now, pause, clock = child, FIRST_PAUSE, asyncio.get_running_loop().time
        while True:
            since = clock()
            why = f"ended with {await now.process.wait()}"
            process_died(now.process.pid, self._numbers)
            self._children.remove(now)
            if now.is_replaced and now.role != ALONE:
                return
            pause = FIRST_PAUSE if clock() - since > STEADY_AFTER else pause
            restarted: Child | None = None
            while restarted is None:
                if not now.is_replaced or pause > FIRST_PAUSE:
                    _log.error("%s %s; starting it again in %.1f s", now.role, why, pause)
                    await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                try:
                    restarted = await self._start(now.role)
                except (CommandError, OSError):
                    why = "did not start"
            now = restarted

    async def _start(self, role: str) -> Child:
        """A process that listens. Raises CommandError when it ends or is silent instead."""
        self._write_settings()
        ours, theirs = socket.socketpair()
        given, passed = ["--supervised-by", str(theirs.fileno())], [theirs.fileno()]
        if role == "control" and self._listener is not None:
            given += ["--listening-on", str(self._listener.fileno())]
            passed.append(self._listener.fileno())
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *self._program,
                *("--config", str(self._file), role, *given),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),  # stdout has one line, the ready line
                env=child_environment(self._numbers, role) | self._passed_on(),
                pass_fds=passed,
                start_new_session=True,  # Ctrl-C reaches us alone: the order of stopping is ours
            )
        reader, writer = await asyncio.open_connection(sock=ours)
        child = Child(role, process, writer)
        self._children.append(child)
        try:
            told = await asyncio.wait_for(reader.readline(), START_SECONDS)
            if not told:  # it is ending by itself: its own code says why
                await asyncio.wait_for(process.wait(), GRACE_SECONDS)
        except TimeoutError:
            told = b""
        child.url = told.decode().strip()
        if not child.url:
            await child.end(self._grace)
            self._children.remove(child)
            code = process.returncode
            raise CommandError(
                f"the {'control plane' if role == 'control' else role} did not start (it ended with {code})",
                "its own words are above; `aisecops doctor` looks for the cause",
                MISUSED if code == MISUSED else BROKEN,
            )
        return child

    async def _end_all(self) -> None:
        """Gateways first: what they have under way may need the control plane. Last who sends what all recorded."""
        for role in ("gateway", "control", "telemetry"):
            if role == "control" and self._listener is not None:
                self._listener.close()
            await asyncio.gather(*(child.end(self._grace) for child in self._children if child.role == role))

    async def _unless_stopped(self, work: Awaitable[Any]) -> None:
        working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
        finally:
            for task in (working, stopping):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, CommandError):
                    await task

    @contextlib.contextmanager
    def _metrics(self) -> Iterator[str]:
        scrape = Scrape(self.settings.metrics, together(self._numbers))
        try:
            listen = Address(host=self.settings.metrics.listen.reachable.host, port=scrape.port)
            yield f"{self.settings.metrics.scheme}://{listen}/metrics"
        finally:
            scrape.close()

    def _settle(self, **values: Address | bool) -> None:
        """From now on processes are told so: the real ports, also when a port was left to chance."""
        self.settings = changed(self.settings, **values)

    def _passed_on(self) -> dict[str, str]:
        """URLs with passwords, by the variable in which a process gets each."""
        proxy, store = self.settings.upstream.proxy, self.settings.store
        urls = ((proxy_url.PASSED_ON, proxy), (store_url.PASSED_ON, store))
        return {variable: url.source for variable, url in urls if url is not None and url.is_shortened}

    def _write_settings(self) -> None:
        new = self._file.with_suffix(".new")
        new.touch(mode=0o600)
        tree = as_tree(self.settings)
        passed_on = self._passed_on()
        if proxy_url.PASSED_ON in passed_on:
            tree["upstream"]["proxy"] = f"env:{proxy_url.PASSED_ON}"
        if store_url.PASSED_ON in passed_on:
            tree["store"] = f"env:{store_url.PASSED_ON}"
        new.write_bytes(orjson.dumps(tree))  # JSON is YAML
        new.replace(self._file)


@contextlib.contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold the state folder for this process, which its `up.lock` names; raises ConfigError when another one has it."""
    path = made_folder(state, mode=PRIVATE_FOLDER) / "up.lock"
    with contextlib.ExitStack() as held:
        try:
            lock = held.enter_context(path.open("ab", buffering=0))  # what another has written there stays
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n".encode())
        except BlockingIOError:
            raise ConfigError(
                f"another `aisecops up` runs with the state folder `{state}`", "stop it, or set paths.state"
            ) from None
        except OSError as error:
            raise unwritable(path, error) from error
        yield


async def _answers(url: str) -> None:
    parts = urlsplit(url)
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(parts.hostname, parts.port), START_SECONDS)
    except OSError as failed:
        raise CommandError(f"`{url}` does not answer: {failed.strerror or failed}", "", BROKEN) from None
    writer.close()


def _with_port(listen: Address, url: str) -> Address:
    return Address(host=listen.host, port=urlsplit(url).port or listen.port)


def child_environment(numbers: Path, role: str) -> dict[str, str]:
    """Our variables without settings: those are in the file already, also where a flag had overruled one.

    Whoever does not sign tokens is not given the key.
    """
    ours = environment().items()
    inherited = {name: text for name, text in ours if not name.startswith(PREFIX) or name.endswith(SECRETS)}
    if role != "control":
        inherited.pop(TOKEN_KEY, None)
    return inherited | {FOLDER_VARIABLE: str(numbers)}
