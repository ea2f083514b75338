"""Machines that share nothing but a network: a namespace each where the kernel has them, else folders of their own.

    one 10.88.1.2 ── store 10.88.1.1, 10.88.2.1 ── 10.88.2.2 other

What is done on a machine is done by a thread that lives there: its sockets, and the processes that it starts, stay.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import msgspec

from aisecops.model.budget import RunState, TreeState
from aisecops.model.ids import RunId
from support.installation import Installation
from support.namespaces import unavailable
from support.redis_server import Server
from support.speaking import Run

PASSWORD = "hush-hush"
AT_ONCE = 12


class Machine:
    """One of them; `space` is the namespace, empty for none. `address` is how it reaches the store."""

    def __init__(self, space: str, address: str) -> None:
        self.space, self.address = space, address
        self._threads = ThreadPoolExecutor(AT_ONCE, initializer=self._enter)

    def does[T](self, what: Callable[[], T]) -> T:
        """What `what` returns there."""
        return self.begins(what).result()

    def begins[T](self, what: Callable[[], T]) -> Future[T]:
        return self._threads.submit(what)

    def close(self) -> None:
        self._threads.shutdown()

    def _enter(self) -> None:
        if self.space:
            with Path(f"/run/netns/{self.space}").open() as handle:
                os.setns(handle.fileno(), os.CLONE_NEWNET)


class Hosts:
    """A store and two installations on it; the second has the keys of the first."""

    def __init__(self, folder: Path, machines: Sequence[Machine], rules: str) -> None:
        self.store, *self.machines = machines
        everywhere = {"bind": "0.0.0.0", "requirepass": PASSWORD}
        self.server = Server(folder / "redis", **everywhere)
        self.installations = [
            Installation(
                _made(folder / f"host-{number}"),
                rules=rules,
                store=f"redis://:{PASSWORD}@{machine.address}:{self.server.port}?timeout=2",
            )
            for number, machine in enumerate(self.machines)
        ]

    def start(self) -> None:
        self.store.does(self.server.start)
        one, other = self.installations
        self.machines[0].does(one.start)
        for name in (".aisecops", "certs"):
            _made(other.folder / name).chmod(0o700)
        for path in [*(one.folder / ".aisecops").glob("*.key"), one.folder / ".aisecops" / "operator.secret"]:
            shutil.copy2(path, other.folder / ".aisecops")
        shutil.copytree(one.folder / "certs", other.folder / "certs", dirs_exist_ok=True)
        self.machines[1].does(other.start)

    def stop(self) -> list[int]:
        """The exit codes of the two."""
        codes = [
            machine.does(installation.stop)
            for machine, installation in zip(self.machines, self.installations, strict=True)
            if hasattr(installation, "process")
        ]
        self.store.does(self.server.kill)
        return codes

    def used(self, run: Run) -> RunState:
        """What the store says this run has used, on whichever machine."""
        kept = self.store.does(lambda: self.server.tell("HGET", f"aisecops:tree:{run.run_id}", "state"))
        return msgspec.json.decode(kept, type=TreeState).runs[RunId(run.run_id)]

    def on[T](self, number: int, what: Callable[[Installation], T]) -> T:
        """What `what` returns when it is done to the first or second installation, on its machine."""
        return self.machines[number].does(lambda: what(self.installations[number]))

    def begin[T](self, number: int, what: Callable[[Installation], T]) -> Future[T]:
        return self.machines[number].begins(lambda: what(self.installations[number]))


@contextlib.contextmanager
def two_hosts(folder: Path, rules: str) -> Iterator[Hosts]:
    """Two that run; stopped and unmade at the end."""
    with contextlib.ExitStack() as stack:
        machines = stack.enter_context(_machines())
        hosts = Hosts(folder, machines, rules)
        try:
            hosts.start()
            yield hosts
        finally:
            codes = hosts.stop()
        assert codes == [0, 0], [installation.said() for installation in hosts.installations]


@contextlib.contextmanager
def _machines() -> Iterator[list[Machine]]:
    with contextlib.ExitStack() as stack:
        if unavailable():
            made = [Machine("", "127.0.0.1") for _ in range(3)]
        else:
            names = [f"{name}-{os.getpid()}" for name in ("store", "one", "other")]
            for name in names:
                stack.callback(subprocess.run, ["ip", "netns", "del", name], check=False)
                _ip("netns", "add", name)
                _ip("-n", name, "link", "set", "lo", "up")
            for number, name in enumerate(names[1:], start=1):
                _ip("link", "add", "s0", "netns", name, "type", "veth", "peer", "name", f"h{number}", "netns", names[0])
                for space, link, end in ((name, "s0", 2), (names[0], f"h{number}", 1)):
                    _ip("-n", space, "addr", "add", f"10.88.{number}.{end}/24", "dev", link)
                    _ip("-n", space, "link", "set", link, "up")
            made = [Machine(names[0], ""), Machine(names[1], "10.88.1.1"), Machine(names[2], "10.88.2.1")]
        for machine in made:
            stack.callback(machine.close)
        yield made


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, timeout=30)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
