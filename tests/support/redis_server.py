"""A real Redis or Valkey server for tests, where there is one; it can be frozen, killed and started again on its port.

Each is a folder of its own on loopback. `.ci/run` installs Redis, `make engines` fetches Valkey.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

FETCHED = Path(__file__).parents[2] / ".venv-engines" / "valkey"
KINDS = ("redis", "valkey")
STARTS_WITHIN_S = 20.0


def program(kind: str = "redis") -> str:
    """The server to run; skips the test, saying how to get it, where there is none."""
    fetched = next(FETCHED.rglob("valkey-server"), None) if kind == "valkey" else None
    found = str(fetched) if fetched else shutil.which(f"{kind}-server")
    if not found:
        get = "`make engines` fetches it" if kind == "valkey" else "Debian: redis-server"
        pytest.skip(f"no {kind}-server here: {get}")
    return found


class Server:
    """One server. `settings` are lines of its configuration, with `_` for `-`; every write is synced unless they say."""

    def __init__(self, folder: Path, kind: str = "redis", **settings: str) -> None:
        self.folder, self.kind = folder, kind
        self._program = program(kind)
        self.port = free_port()
        self._settings = {
            "bind": "127.0.0.1",
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory": "256mb",
            "maxmemory_policy": "noeviction",
            "save": "",
            "repl_diskless_sync_delay": "0",
        } | settings
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, with what its folder holds, and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        arguments = [part for name, value in self._settings.items() for part in (f"--{name.replace('_', '-')}", value)]
        with (self.folder / "said").open("ab") as said:
            self.process = subprocess.Popen(
                [self._program, "--port", str(self.port), "--dir", str(self.folder), *arguments],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip
        ends = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < ends and self.process.poll() is None:
            with contextlib.suppress(redis.RedisError), self.client() as client:
                client.execute_command("HELLO")
                return
            time.sleep(0.02)
        raise AssertionError((self.folder / "said").read_text())

    def client(self, **more: Any) -> redis.Redis:
        """Somebody who speaks to it beside us."""
        return redis.Redis(port=self.port, socket_timeout=10, password=self._settings.get("requirepass"), **more)

    def tell(self, *command: Any) -> Any:
        """The answer to one command."""
        with self.client() as client:
            return client.execute_command(*command)

    def names(self) -> list[str]:
        with self.client() as client:
            return sorted(key.decode() for key in client.scan_iter())

    def freeze(self) -> None:
        """It holds its connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """It is gone at once; what it has on disk stays."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def empty(self) -> None:
        """Its disk is gone too."""
        self.kill()
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)


@contextlib.contextmanager
def running(folder: Path, kind: str = "redis", **settings: str) -> Iterator[Server]:
    """A server of the test's own."""
    server = Server(folder, kind, **settings)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@functools.cache
def shared(kind: str) -> Server:
    """One server for all tests of this process that only use it; each finds it empty if it says `FLUSHALL`."""
    program(kind)  # where there is none, nothing was begun
    stack = contextlib.ExitStack()
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{kind}-"))
    server = stack.enter_context(running(Path(folder), kind, appendfsync="everysec"))
    atexit.register(stack.close)
    return server


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port
