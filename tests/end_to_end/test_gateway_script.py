"""`mitmdump -s addons/gateway.py`: the same settings, rules and answers as the gateway's own program."""

from __future__ import annotations

import base64
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.keys import KeyFolder

ADDONS = Path(__file__).parents[2] / "addons"
RULES = """
version: 1
agents:
  clerk: {authenticate: {secret: "env:CLERK_SECRET"}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def mitmdump(folder: Path, rules: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    (folder / "rules").mkdir()
    (folder / "rules" / "all.yaml").write_text(rules)
    (folder / "aisecops.yaml").write_text(f'proxy: {{listen: "127.0.0.1:{port}"}}\n')
    KeyFolder(folder / "certs", SystemClock()).create_if_missing()
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from mitmproxy.tools.main import mitmdump; mitmdump()",
            "-q",
            "-s",
            ADDONS / "gateway.py",
        ],
        cwd=folder,
        env={"HOME": str(folder), "CLERK_SECRET": "s"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process, port
    finally:
        process.kill()
        process.communicate()


def connect(port: int, credentials: str = "") -> bytes:
    """The first line of the answer to a CONNECT; empty when there is none."""
    known = base64.b64encode(credentials.encode()).decode()
    line = f"Proxy-Authorization: Basic {known}\r\n" if credentials else ""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
            wire.sendall(f"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n{line}\r\n".encode())
            return wire.recv(4096).partition(b"\r\n")[0]
    except OSError:
        return b""


def settled(port: int, credentials: str = "", within_s: float = 60) -> bytes:
    """The answer once the gateway has started: until then it refuses everything, or does not listen."""
    until = time.monotonic() + within_s
    answer = b""
    while time.monotonic() < until and (not answer or b" 503 " in answer):
        answer = connect(port, credentials)
    return answer


@pytest.mark.slow
def test_the_script_governs_by_the_same_settings_and_rules(tmp_path: Path) -> None:
    with mitmdump(tmp_path, RULES) as (_, port):
        assert settled(port).startswith(b"HTTP/1.1 407 ")
        assert settled(port, "clerk:s") == b"HTTP/1.1 403 destination_denied"
        assert settled(port, "clerk:wrong").startswith(b"HTTP/1.1 407 ")


@pytest.mark.slow
def test_with_rules_that_are_wrong_the_script_lets_nothing_through_and_ends(tmp_path: Path) -> None:
    with mitmdump(tmp_path, "version: 1\nagnets: {}\n") as (process, port):
        answers = set()
        while process.poll() is None:
            answers.add(connect(port, "clerk:s")[9:12])
        assert answers <= {b"", b"503"}
