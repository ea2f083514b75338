# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""Long answers through a real `aisecops up`: what a large one costs, and how long open ones outlive a halt.

Run it with `python benchmarks/streams.py [--megabytes N] [--halts N] [--workers N]` from the repository. A download is
passed on in pieces by a rule; the gateway's memory before and after is its own peak. For each halt some streams are
open on every worker; the time is from the answer of `halt` to the last stream's end at client and upstream.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from pathlib import Path

from stage import Site, installed, upstream

HOST = "streams.internal"
AGENT = "streams"
BLOCK = b"".join(b"%015d reads like nothing else\n" % number for number in range(1500))
OPEN = 8
MIB = 1024 * 1024

RULES = f"""version: 1
agents:
  {AGENT}: {{authenticate: {{secret: "env:BENCH_SECRET"}}, grants: [{{tool: none.such, scope: "**"}}]}}
tools:
  none.such: {{match: {{host: {HOST}, path: /none}}}}
sources:
  - {{match: {{host: {HOST}}}, tier: external, stream: true}}
"""


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        if b" /events " in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            while True:
                writer.write(b"data: still here\n\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        size = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % size)
        sent = 0
        while sent < size:
            piece = (b"%015d" % sent + BLOCK[15:])[: size - sent]
            writer.write(piece)
            sent += len(piece)
            await writer.drain()
    writer.close()


async def _asked(site: Site, path: str, run_id: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A GET in a tunnel of its own, as soon as its head is there."""
    reader, writer = await site.line(HOST)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAISecOps-Run: {run_id}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise SystemExit(head.decode())
    return reader, writer


def peak_mib(pid: int) -> float:
    """The most memory a process has had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


async def downloaded(site: Site, size: int) -> float:
    """Seconds for one download of `size` bytes."""
    run_id = (await asyncio.to_thread(site.asked, "/v1/runs", {}))["run_id"]
    began = time.perf_counter()
    reader, writer = await _asked(site, f"/size/{size}", run_id)
    left = size
    while left:
        left -= len(await reader.read(MIB)) or _stop("the download ended early")
    writer.close()
    return time.perf_counter() - began


async def contained(site: Site) -> float:
    """Seconds from a halt's answer until every stream of the run has ended for its client."""
    run_id = (await asyncio.to_thread(site.asked, "/v1/runs", {}))["run_id"]
    lines = [await _asked(site, "/events", run_id) for _ in range(OPEN)]
    for reader, _ in lines:
        await reader.readuntil(b"\n\n")
    await asyncio.to_thread(site.asked, f"/v1/runs/{run_id}/halt", {"reason": "enough"}, by=site.operator)
    began = time.perf_counter()

    async def ends(reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n0\r\n\r\n")  # the last chunk; what comes before it is events

    await asyncio.gather(*(ends(reader) for reader, _ in lines))
    seconds = time.perf_counter() - began
    for _, writer in lines:
        writer.close()
    return seconds


def _stop(why: str) -> int:
    raise SystemExit(why)


async def measured(site: Site, *, megabytes: int, halts: int) -> None:
    """Print both."""
    await downloaded(site, MIB)
    before = {pid: peak_mib(pid) for pid in site.gateways()}
    seconds = await downloaded(site, megabytes * MIB)
    grown = max(peak_mib(pid) - before[pid] for pid in site.gateways())
    print(
        f"download of {megabytes} MiB: {seconds:.1f} s, {megabytes / seconds:.0f} MiB/s, peak memory {grown:+.1f} MiB"
    )
    taken = [await contained(site) for _ in range(halts)]
    if taken:
        shown = f"median {statistics.median(taken) * 1000:.0f} ms, most {max(taken) * 1000:.0f} ms"
        print(f"{OPEN} streams after a halt, {halts} times: {shown}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--halts", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aisecops-streams-") as name:
        folder = Path(name)
        for inside in ("upstream", "site"):
            (folder / inside).mkdir()
        with (
            upstream(folder / "upstream", [HOST], _answer) as (port, ca),
            installed(folder / "site", RULES, agent=AGENT, places={HOST: port}, ca=ca, workers=asked.workers) as site,
        ):
            asyncio.run(measured(site, megabytes=asked.megabytes, halts=asked.halts))


if __name__ == "__main__":
    main()
