"""A real OPA server for tests, where there is one: `make engines` builds it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

BUILT = Path(__file__).parents[2] / ".venv-engines" / "opa"
STARTS_WITHIN_S = 20.0


def program() -> str:
    """The `opa` to run; skips the test, saying how to get it, where there is none."""
    found = str(BUILT) if BUILT.exists() else shutil.which("opa")
    if not found:
        pytest.skip("no OPA here: `make engines` builds it")
    return found


class Opa:
    """One server and the policy it was started with; it can be frozen, killed and started again on its port."""

    def __init__(self, folder: Path, rego: str, *, token: str = "") -> None:
        self._policy = folder / "policy.rego"
        self._policy.write_text(rego)
        self._arguments = [str(self._policy)]
        if token:
            check = f'package system.authz\ndefault allow := false\nallow if input.identity == "{token}"\n'
            (folder / "authz.rego").write_text(check)
            self._arguments += ["--authentication=token", "--authorization=basic", str(folder / "authz.rego")]
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            self.port = held.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [program(), "run", "--server", "--addr", f"127.0.0.1:{self.port}", "--log-level", "error"]
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(self._policy.parent)}
        self._process = subprocess.Popen(
            [*command, "--disable-telemetry", *self._arguments],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ends = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < ends:
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"{self.url}/health", trust_env=False)
                return
            time.sleep(0.05)
        raise AssertionError("OPA did not start")

    def freeze(self) -> None:
        """It holds its port and answers nothing."""
        self._running().send_signal(19)

    def kill(self) -> None:
        self._running().kill()
        self._running().wait()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def running_opa(folder: Path, rego: str, *, token: str = "") -> Iterator[Opa]:
    """A server with `rego`; with `token`, one that wants it from every caller."""
    opa = Opa(folder, rego, token=token)
    opa.start()
    try:
        yield opa
    finally:
        opa.close()
