# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""What the gateway costs: the same tool call direct, through bare mitmdump, and through `aisecops up`.

Run it with `python benchmarks/gateway.py [--rounds N] [--json]` from the repository. All three ways are driven in
turns within one run against one TLS upstream in a process of its own; only figures of one run may be compared.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.metadata
import json
import os
import platform
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stage import free_ports, installed, upstream, with_all_below

HOST = "bench.internal"
AGENT = "bench"
PAYLOAD = json.dumps({"query": "x" * 1000}).encode()
REQUEST = (
    f"POST /v1/call HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: {len(PAYLOAD)}\r\n"
).encode()
ANSWER = json.dumps({"found": "y" * 1000}).encode()
FIGURES = {"p50_ms": "p50 ms", "per_second": "req/s", "cpu_ms": "cpu ms/req"}
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")

RULES = f"""version: 1
agents:
  {AGENT}:
    authenticate: {{secret: "env:BENCH_SECRET"}}
    grants:
      - {{tool: bench.call, scope: "bench.*"}}
    budgets: {{max_tool_calls: 10000000}}
tools:
  bench.call:
    match: {{host: {HOST}, method: POST, path: "/v1/call"}}
    effect: read
    base_risk: 0
    trust: internal
    scope: "bench.all"
"""

# The core dials by name; this is all that is added to the bare one, and it costs nothing per request.
RESOLVE = """import socket
real = socket.getaddrinfo
def getaddrinfo(host, port, *rest, **how):
    there = host in ({host!r}, {host_bytes!r})
    return real("127.0.0.1" if there else host, {port} if there else port, *rest, **how)
socket.getaddrinfo = getaddrinfo
"""


@dataclass(frozen=True)
class Load:
    """So many requests on so many lines, each line kept or opened anew for every request."""

    name: str
    requests: int
    lines: int
    kept: bool = True


LOADS = (Load("keep-alive, 1 line", 200, 1), Load("keep-alive, 8 lines", 400, 8), Load("new connections", 40, 1, False))


@dataclass(frozen=True)
class Way:
    """How requests go: over which proxy port (0: none), trusting whom, with which headers, and whose CPU counts."""

    name: str
    port: int
    trust: ssl.SSLContext
    connect: bytes = b""
    headers: bytes = b""
    pids: Callable[[], list[int]] = list


# The upstream


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(ANSWER)}\r\n\r\n".encode()
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(len(PAYLOAD))
            writer.write(head + ANSWER)
    writer.close()


# The two proxies


@contextlib.contextmanager
def bare(folder: Path, upstream_port: int, ca: Path) -> Iterator[Way]:
    """`mitmdump -q` with nothing but the trust and the address of the upstream."""
    script, (port,) = folder / "resolve.py", free_ports(1)
    script.write_text(RESOLVE.format(host=HOST, host_bytes=HOST.encode(), port=upstream_port))
    command = [_beside("mitmdump"), "-q", "-s", str(script), "--listen-host", "127.0.0.1", "-p", str(port)]
    options = {"confdir": folder, "connection_strategy": "lazy", "ssl_verify_upstream_trusted_ca": ca}
    process = subprocess.Popen([*command, *(x for k, v in options.items() for x in ("--set", f"{k}={v}"))])  # noqa: S603
    try:
        _until_it_listens(port)
        trust = ssl.create_default_context(cafile=str(folder / "mitmproxy-ca-cert.pem"))
        yield Way("bare", port, trust, pids=lambda: [process.pid])
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def ours(folder: Path, upstream_port: int, ca: Path) -> Iterator[Way]:
    """`aisecops up` with one agent, one tool and one token; the CPU of its gateway process and what is below that."""
    with installed(folder, RULES, agent=AGENT, places={HOST: upstream_port}, ca=ca) as site:
        headers = site.permitted("bench.call", "bench.*")
        yield Way(
            "ours",
            site.proxy,
            site.trust,
            connect=f"Proxy-Authorization: {site.shown}\r\n".encode(),
            headers="".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode(),
            pids=lambda: [pid for gateway in site.gateways() for pid in with_all_below(gateway)],
        )


# The driver


def _line(way: Way, upstream_port: int) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", way.port or upstream_port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if way.port:
        plain.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n".encode() + way.connect + b"\r\n")
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += plain.recv(4096) or _stop(answer)
        if b" 200 " not in answer.partition(b"\r\n")[0]:
            _stop(answer)
    return way.trust.wrap_socket(plain, server_hostname=HOST)


def _ask(line: ssl.SSLSocket, way: Way) -> None:
    line.sendall(REQUEST + way.headers + b"\r\n" + PAYLOAD)
    answer = b""
    while not answer.endswith(ANSWER):
        answer += line.recv(65536) or _stop(answer)
    if not answer.startswith(b"HTTP/1.1 200 "):
        _stop(answer)


def _stop(answer: bytes) -> bytes:
    raise SystemExit(f"not served: {answer.decode('latin-1')}")


def _drive_line(way: Way, load: Load, upstream_port: int, kept: ssl.SSLSocket | None) -> list[float]:
    taken = []
    for _ in range(load.requests // load.lines):
        began = time.perf_counter()
        with contextlib.ExitStack() as opened:
            _ask(kept or opened.enter_context(_line(way, upstream_port)), way)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def drive(way: Way, load: Load, upstream_port: int) -> dict[str, float]:
    """One round of one load over one way. Opening and warming the lines kept is not counted."""
    with contextlib.ExitStack() as stack:
        lines: list[ssl.SSLSocket | None] = [None] * load.lines
        if load.kept:
            lines = [stack.enter_context(_line(way, upstream_port)) for _ in lines]
        for line in filter(None, lines):
            _ask(line, way)
        pool = stack.enter_context(ThreadPoolExecutor(load.lines))
        cpu, began = _cpu_ms(way.pids()), time.perf_counter()
        taken = [
            ms for some in pool.map(lambda kept: _drive_line(way, load, upstream_port, kept), lines) for ms in some
        ]
        seconds, spent = time.perf_counter() - began, _cpu_ms(way.pids()) - cpu
    return {
        "p50_ms": statistics.median(taken),
        "per_second": len(taken) / seconds,
        "cpu_ms": spent / len(taken),
    }


# What /proc says


def _cpu_ms(pids: list[int]) -> float:
    fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(utime) + int(stime) for *_, utime, stime in (field[:13] for field in fields)) * TICK_MS


def _until_it_listens(port: int) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise SystemExit("mitmdump did not start")


def _beside(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")  # noqa: TID251 - ditto
    return found or _stop(f"there is no {name}".encode()).decode()


# The table

type Rounds = dict[str, dict[str, list[dict[str, float]]]]


def measured(rounds: int) -> Rounds:
    """Every round's figures, by load and way."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aisecops-bench-")))
        for name in ("upstream", "bare", "ours"):
            (folder / name).mkdir()
        port, ca = stack.enter_context(upstream(folder / "upstream", [HOST], _answer))
        ways = (
            Way("direct", 0, ssl.create_default_context(cafile=str(ca))),
            stack.enter_context(bare(folder / "bare", port, ca)),
            stack.enter_context(ours(folder / "ours", port, ca)),
        )
        found: Rounds = {load.name: {way.name: [] for way in ways} for load in LOADS}
        for number in range(-1, rounds):  # the first warms up
            for load in LOADS:
                for way in ways:
                    figures = drive(way, load, port)
                    if number >= 0:
                        found[load.name][way.name].append(figures)
    return found


def summary(found: Rounds) -> dict[str, Any]:
    """Medians over rounds with their least and most, and the median of each round's ratio of ours to bare."""
    return {
        load: {
            **{
                way: {
                    key: {"median": statistics.median(v), "least": min(v), "most": max(v)}
                    for key in FIGURES
                    for v in [[one[key] for one in rounds]]
                }
                for way, rounds in ways.items()
            },
            "ours/bare": {
                key: statistics.median(
                    a[key] / b[key] for a, b in zip(ways["ours"], ways["bare"], strict=True) if b[key]
                )
                for key in FIGURES
            },
        }
        for load, ways in found.items()
    }


def versions() -> dict[str, str]:
    """What was measured, on what."""
    names = ("mitmproxy", "cryptography", "msgspec")
    machine = {"python": platform.python_version(), "kernel": platform.release(), "cpus": str(os.cpu_count())}
    return machine | {name: importlib.metadata.version(name) for name in names}


def _printed(result: dict[str, Any], rounds: int) -> None:
    print(
        ", ".join(f"{name} {version}" for name, version in versions().items()),
        f"- medians of {rounds} rounds (least-most)",
    )
    for load, ways in result.items():
        print(f"\n{load:22}" + "".join(f"{words:>26}" for words in FIGURES.values()))
        for way in ("direct", "bare", "ours"):
            shown = (ways[way][key] for key in FIGURES)
            cells = (f"{one['median']:.2f} ({one['least']:.2f}-{one['most']:.2f})" for one in shown)
            print(f"  {way:20}" + "".join(f"{cell:>26}" for cell in cells))
        print(f"  {'ours/bare':20}" + "".join(f"{ways['ours/bare'][key]:>26.2f}" for key in FIGURES))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="all figures as JSON")
    asked = parser.parse_args()
    result = summary(measured(asked.rounds))
    if asked.json:
        print(json.dumps({"versions": versions(), "rounds": asked.rounds, "loads": result}, indent=2))
    else:
        _printed(result, asked.rounds)


if __name__ == "__main__":
    main()
