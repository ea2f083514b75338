# ruff: noqa: INP001 - beside the scripts that import it, and no package
"""What benchmarks stand on: a real `aisecops up` in a folder, a TLS upstream in a process of its own, and /proc.

Importing it puts the code on the path. Knows no figure; what is measured is each script's.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import multiprocessing
import os
import secrets
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "addons")]

from aisecops.adapters.system.clock import SystemClock  # noqa: E402 - the path comes first
from aisecops.ops.demo.tls import make_tls  # noqa: E402

SECRET_VARIABLE = "BENCH_SECRET"
"""Where the rules of a benchmark find the secret of its agent."""

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024

type Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
type Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves one connection. A function of a module, so that the upstream's process finds it too."""


def _serve(answer: Answer, certificate: Path, key: Path, limit: int, told: Connection) -> None:
    async def serve() -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context, limit=limit)  # it sets TCP_NODELAY
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


@contextlib.contextmanager
def upstream(folder: Path, hosts: Sequence[str], answer: Answer, *, limit: int = 65536) -> Iterator[tuple[int, Path]]:
    """A server for `hosts`: its port, and the file of its authority. `limit`: bytes it may have to read at once."""
    tls = make_tls(folder, [*hosts], now_ms=SystemClock().now_ms())
    fresh = multiprocessing.get_context("spawn")
    here, there = fresh.Pipe()
    arguments = (answer, tls.certificate_path, tls.key_path, limit, there)
    process = fresh.Process(target=_serve, args=arguments, daemon=True)
    process.start()
    try:
        yield here.recv(), tls.ca_path
    finally:
        process.terminate()
        process.join()


@dataclass
class Site:
    """An installation that runs: its supervisor, where it listens, and what shows its agent and its operator."""

    pid: int
    proxy: int
    control: int
    shown: str
    operator: str
    trust: ssl.SSLContext

    def asked(self, path: str, body: dict[str, Any], *, by: str = "") -> dict[str, Any]:
        """One call of the control plane, by the agent or whom `by` shows."""
        headers = {"Authorization": by or self.shown, "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.control}{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own port
            return dict(json.load(answer))

    def permitted(self, tool: str, scope: str) -> dict[str, str]:
        """The headers of a new run with a token for `tool`."""
        run_id = self.asked("/v1/runs", {})["run_id"]
        wanted = {"run_id": run_id, "tool": tool, "scope": scope, "ttl": "15m"}
        return {"AISecOps-Run": run_id, "AISecOps-Capability": self.asked("/v1/tokens", wanted)["token"]}

    async def line(self, host: str, *, source: str | None = None, limit: int = 65536) -> Line:
        """A tunnel to `host` with TLS in it, from the address `source`; `limit`: bytes to have read at once.

        Raises OSError, asyncio.IncompleteReadError; ends the script when the tunnel is refused.
        """
        local = (source, 0) if source else None
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy, limit=limit, local_addr=local)
        shown = f"Proxy-Authorization: {self.shown}\r\n"
        writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n{shown}\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"no tunnel: {answer.decode()}")
        await writer.start_tls(self.trust, server_hostname=host)
        return reader, writer

    def gateways(self) -> list[int]:
        """Its gateway workers."""
        return [
            pid for pid in children(self.pid) if b"gateway" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        ]


@contextlib.contextmanager
def installed(
    folder: Path,
    rules: str,
    *,
    agent: str,
    places: dict[str, int],
    ca: Path,
    more: dict[str, Any] | None = None,
    **proxy: Any,
) -> Iterator[Site]:
    """`aisecops up` with `rules`, in which `agent` has the secret of `SECRET_VARIABLE`.

    `places`: where hosts are, by port; `more`: further settings, `proxy`: those of the proxy.
    """
    ports = dict(zip(("proxy", "control", "metrics"), free_ports(3), strict=True))
    (folder / "rules").mkdir()
    (folder / "rules" / "bench.yaml").write_text(rules)
    settings = {
        **{part: {"listen": f"127.0.0.1:{port}"} for part, port in ports.items()},
        "upstream": {"ca": [str(ca)], "resolve": {f"{host}:443": f"127.0.0.1:{port}" for host, port in places.items()}},
    }
    settings["proxy"] |= proxy
    settings |= more or {}
    (folder / "aisecops.yaml").write_text(json.dumps(settings))  # JSON is YAML
    secret = secrets.token_hex(16)
    environment = {**os.environ, SECRET_VARIABLE: secret, "PYTHONPATH": str(ROOT / "addons")}  # noqa: TID251 - a shell's part
    with (folder / "stderr").open("w") as said:
        command = [sys.executable, "-m", "aisecops", "up"]
        up = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=said, text=True)  # noqa: S603
    try:
        assert up.stdout is not None
        if not up.stdout.readline().startswith("aisecops ready"):
            raise SystemExit((folder / "stderr").read_text())
        yield Site(
            up.pid,
            ports["proxy"],
            ports["control"],
            "Basic " + base64.b64encode(f"{agent}:{secret}".encode()).decode(),
            "Bearer " + (folder / ".aisecops" / "operator.secret").read_text().strip(),
            ssl.create_default_context(cafile=str(folder / "certs" / "bundle.pem")),
        )
    finally:
        up.terminate()
        up.wait()
        if up.stdout is not None:
            up.stdout.close()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in held]


def children(pid: int) -> list[int]:
    """The processes that `pid` started."""
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


def with_all_below(pid: int) -> list[int]:
    """`pid`, and whatever it and those below it started."""
    return [pid, *(below for child in children(pid) for below in with_all_below(child))]


def cpu_ms(pids: Sequence[int]) -> float:
    """What `pids` have used of the processors so far, in ms."""
    fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(utime) + int(stime) for *_, utime, stime in (field[:13] for field in fields)) * TICK_MS


def weighed(pids: Sequence[int]) -> dict[str, float]:
    """Memory in MiB and open files of `pids` together. Raises OSError when one is gone."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    files = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)  # noqa: PTH208 - names alone
    return {"rss_mib": round(pages * os.sysconf("SC_PAGE_SIZE") / MIB, 1), "files": files}
