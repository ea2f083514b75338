# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""What do lines cost on which nothing happens? A real `aisecops up` with thousands of them, and one agent that works.

Run it with `python benchmarks/idle.py [--lines N] [--workers N] [--json]` from the repository. The lines are opened
from many addresses of loopback, as the bound is per source: half of them have a tunnel with TLS and one answered call
behind them, the others are connected and have said nothing. Small calls of one agent are timed without the lines, while
they stand, and after they have gone. Exit 1 when a line that stood was dropped, a call failed, or files stayed open.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from stage import Line, Site, cpu_ms, installed, upstream, weighed

from aisecops.adapters.mitm.load import DESCRIPTORS_KEPT

HOST = "idle.internal"
AGENT = "idle"
EACH_SOURCE = 400
AT_ONCE = 50
CALLS = 300
STANDS_S = 5.0

RULES = f"""version: 1
agents:
  {AGENT}:
    authenticate: {{secret: "env:BENCH_SECRET"}}
    grants:
      - {{tool: idle.call, scope: "idle.*"}}
    budgets: {{max_tool_calls: 100000000, max_cost: 1000000}}
tools:
  idle.call:
    match: {{host: {HOST}, method: POST, path: "/v1/*"}}
    effect: read
    base_risk: 0
    trust: internal
    scope: "idle.{{path[1]}}"
"""


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    writer.close()


async def tunnel(site: Site, headers: str, source: str) -> Line:
    """A tunnel from `source` with TLS in it, and one call answered. Raises OSError, asyncio.IncompleteReadError."""
    line = await site.line(HOST, source=source)
    await call(line, headers)
    return line


async def call(line: Line, headers: str) -> float:
    """One call; how long it took in ms. Raises OSError, asyncio.IncompleteReadError, ValueError for a refusal."""
    reader, writer = line
    began = time.perf_counter()
    writer.write(f"POST /v1/call HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 2\r\n{headers}\r\n{{}}".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise ValueError(head.split(b"\r\n", 1)[0].decode())
    await reader.readexactly(2)
    return (time.perf_counter() - began) * 1000


async def silent(site: Site, source: str) -> Line:
    """Connected, and no more."""
    return await asyncio.open_connection("127.0.0.1", site.proxy, local_addr=(source, 0))


async def opened(site: Site, headers: str, count: int) -> list[Line]:
    """`count` lines, every other one silent."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Line:
        source = f"127.0.{1 + number // EACH_SOURCE // 250}.{1 + number // EACH_SOURCE % 250}"
        async with slots:
            return await (silent(site, source) if number % 2 else tunnel(site, headers, source))

    return [*await asyncio.gather(*(one(number) for number in range(count)))]


def gone(lines: list[Line]) -> int:
    """How many the gateway has closed."""
    return sum(reader.at_eof() or writer.transport.is_closing() for reader, writer in lines)


async def timed(line: Line, headers: str) -> dict[str, float]:
    """Median and 99th percentile of small calls one after the other, in ms."""
    took = sorted([await call(line, headers) for _ in range(CALLS)])
    return {"p50_ms": round(statistics.median(took), 2), "p99_ms": round(took[CALLS * 99 // 100], 2)}


async def measure(site: Site, count: int) -> dict[str, Any]:
    """Before, with, and after."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in site.permitted("idle.call", "idle.*").items())
    working = await tunnel(site, headers, "127.0.0.1")
    gateways = site.gateways()
    before = {"calls": await timed(working, headers), "gateways": weighed(gateways)}
    began, spent = time.monotonic(), cpu_ms(gateways)
    lines = await opened(site, headers, count)
    opening_cpu = round((cpu_ms(gateways) - spent) / count, 2)
    opening = {"seconds": round(time.monotonic() - began, 1), "cpu_ms_each": opening_cpu}
    spent = cpu_ms(gateways)
    await asyncio.sleep(STANDS_S)
    standing_cpu = round((cpu_ms(gateways) - spent) / STANDS_S / 10, 2)
    standing = {"calls": await timed(working, headers), "gateways": weighed(gateways), "cpu_percent": standing_cpu}
    dropped = gone(lines)
    for _, writer in lines:
        writer.transport.abort()
    after = await settled(gateways, before["gateways"]["files"])
    after["calls"] = await timed(working, headers)
    grown = standing["gateways"]["rss_mib"] - before["gateways"]["rss_mib"]
    return {
        "lines": count,
        "before": before,
        "opening": opening,
        "standing": standing,
        "kib_each_line": round(grown * 1024 / count, 1),
        "dropped": dropped,
        "after": after,
    }


async def settled(gateways: list[int], files: float) -> dict[str, Any]:
    """What the gateways weigh once the lines' files are closed, or after half a minute."""
    until = time.monotonic() + 30
    while weighed(gateways)["files"] > files and time.monotonic() < until:  # noqa: ASYNC110 - files of another process
        await asyncio.sleep(0.2)
    return {"gateways": weighed(gateways)}


def _table(result: dict[str, Any]) -> str:
    rows = [f"{'':10}{'p50 ms':>10}{'p99 ms':>10}{'MiB':>10}{'files':>10}"]
    for name in ("before", "standing", "after"):
        one = result[name]
        cells = (one["calls"]["p50_ms"], one["calls"]["p99_ms"], one["gateways"]["rss_mib"], one["gateways"]["files"])
        rows.append(f"{name:10}" + "".join(f"{cell:>10}" for cell in cells))
    each = result["opening"]
    return "\n".join(
        [
            *rows,
            f"\n{result['lines']} lines: {each['cpu_ms_each']} ms CPU to open one,",
            f"{result['kib_each_line']} KiB while it stands, {result['standing']['cpu_percent']} % of a core for all;",
            f"{result['dropped']} were dropped",
        ]
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    fit = asked.workers * ((most - DESCRIPTORS_KEPT) // 2 - 1)  # two files for each line, and one line that works
    if asked.lines > fit:
        print(f"a process may have {most} files here: {fit} lines are opened", file=sys.stderr)
    lines = min(asked.lines, fit)
    more = {"limits": {"keepalive_seconds": 3600, "head_seconds": 3600, "connections": 2 * lines}}
    with tempfile.TemporaryDirectory(prefix="aisecops-idle-") as name:
        folder = Path(name)
        for inside in ("upstream", "site"):
            (folder / inside).mkdir()
        with (
            upstream(folder / "upstream", (HOST,), _answer) as (port, ca),
            installed(
                folder / "site", RULES, agent=AGENT, places={HOST: port}, ca=ca, more=more, workers=asked.workers
            ) as site,
        ):
            result = asyncio.run(measure(site, lines))
    print(json.dumps(result, indent=2) if asked.json else _table(result))
    stayed = result["after"]["gateways"]["files"] - result["before"]["gateways"]["files"]
    return 1 if result["dropped"] or stayed > 0 else 0


if __name__ == "__main__":
    sys.exit(main())
