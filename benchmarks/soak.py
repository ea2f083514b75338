# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""Does it stay flat? A real `aisecops up` under mixed load for minutes; memory and files of every process over time.

Run it with `python benchmarks/soak.py [--minutes N] [--json]` from the repository. Kept lines, new connections with
a run of their own, big bodies both ways, long streams, refusals and garbage go at once, to one TLS upstream in a
process of its own. What counts is the growth within the second half: the first one fills caches and pools.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stage import Site, installed, upstream, with_all_below

HOSTS = ("soak.internal", "api.openai.com", "files.internal")
AGENT = "soak"
BIG = 3 * 1024 * 1024
LARGE = 30 * BIG
EVENTS = 400
EVERY_S = 0.05
SAMPLE_S = 2.0
TOKEN_S = 300

RULES = f"""version: 1
agents:
  {AGENT}:
    authenticate: {{secret: "env:BENCH_SECRET"}}
    grants:
      - {{tool: soak.call, scope: "soak.*"}}
    budgets: {{max_tool_calls: 100000000, max_cost: 1000000}}
tools:
  soak.call:
    match: {{host: soak.internal, method: POST, path: "/v1/*"}}
    effect: read
    base_risk: 0
    trust: internal
    scope: "soak.{{path[1]}}"
models:
  openai: {{match: {{host: api.openai.com}}, dialect: openai, prices: {{gpt-4o: {{input: 2.50, output: 10.00}}}}}}
sources:
  - {{match: {{host: files.internal}}, tier: external, stream: true}}
egress:
  max_body: 5MiB
  detectors:
    - {{entity: [CREDIT_CARD, SECRET], to: any, action: block}}
"""


# The upstream


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length_in(head) or 0)
            if b" /v1/chat/" in head:
                await _stream(writer)
                continue
            if head.startswith(b"GET "):
                await _dump(writer)
                continue
            body = b'{"found": "' + b"y" * (BIG if b" /v1/big " in head else 1000) + b'"}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
            writer.write(body)
            await writer.drain()
    writer.close()


def _length_in(head: bytes) -> int | None:
    return next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), None)


async def _dump(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % LARGE)
    for number in range(LARGE // 1024):
        writer.write(b"%01024d" % number)
        await writer.drain()


async def _stream(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for number in range(EVENTS):
        delta = {"role": "assistant", "content": f"word {number} "}
        piece = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
        piece["choices"] = [{"index": 0, "delta": delta, "finish_reason": None}]
        _chunk(writer, b"data: " + json.dumps(piece).encode() + b"\n\n")
        await writer.drain()
        await asyncio.sleep(EVERY_S)
    _chunk(writer, b"data: [DONE]\n\n")
    writer.write(b"0\r\n\r\n")


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


# The installation


@dataclass
class Soaked:
    """An installation, the headers that every line uses, and what it has counted."""

    site: Site
    token: str = ""
    counts: Counter[str] = field(default_factory=Counter)

    async def renew(self) -> None:
        """A token that every line uses until the next."""
        headers = await asyncio.to_thread(self.site.permitted, "soak.call", "soak.*")
        self.token = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    async def asked(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One call of the control plane."""
        return await asyncio.to_thread(self.site.asked, path, body)

    async def line(self, host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A tunnel with TLS in it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.site.proxy, limit=8 * BIG)
        shown = f"Proxy-Authorization: {self.site.shown}\r\n"
        writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n{shown}\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in answer:
            raise SystemExit(f"no tunnel: {answer.decode()}")
        await writer.start_tls(self.site.trust, server_hostname=host)
        return reader, writer


# The loads

type Lines = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _ask(site: Soaked, line: Lines, path: str, body: bytes, *, headers: str = "") -> bytes:
    reader, writer = line
    host = HOSTS[1] if "chat" in path else HOSTS[0]
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{headers or site.token}"
    writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()
    head_bytes = await reader.readuntil(b"\r\n\r\n")
    if (length := _length_in(head_bytes)) is not None:
        await reader.readexactly(length)
    else:
        while (await reader.readuntil(b"\r\n")) != b"0\r\n":
            pass
        await reader.readuntil(b"\r\n")
    return head_bytes.split(b" ", 2)[1]


async def kept(site: Soaked) -> None:
    """Small calls on one line, a few hundred at a time."""
    line = await site.line(HOSTS[0])
    for _ in range(300):
        site.counts[f"call {(await _ask(site, line, '/v1/call', b'{"query": "x"}')).decode()}"] += 1
    line[1].close()


async def fresh(site: Soaked) -> None:
    """A run, a tunnel and one call, each new."""
    run = await site.asked("/v1/runs", {})
    line = await site.line(HOSTS[0])
    status = await _ask(site, line, "/v1/call", b"{}", headers=f"AISecOps-Run: {run['run_id']}\r\n")
    site.counts[f"without a token {status.decode()}"] += 1
    line[1].close()
    await site.asked(f"/v1/runs/{run['run_id']}/finish", {})


async def big(site: Soaked) -> None:
    """Megabytes both ways."""
    line = await site.line(HOSTS[0])
    body = json.dumps({"query": "lorem ipsum dolor sit amet " * (BIG // 27)}).encode()
    for _ in range(3):
        site.counts[f"big {(await _ask(site, line, '/v1/big', body)).decode()}"] += 1
    line[1].close()
    await asyncio.sleep(0.5)


async def large(site: Soaked) -> None:
    """A download that passes in pieces, larger than what may be read whole."""
    reader, writer = await site.line(HOSTS[2])
    writer.write(f"GET /dump HTTP/1.1\r\nHost: {HOSTS[2]}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    left = LARGE
    while left and (piece := await reader.read(BIG)):
        left -= len(piece)
    site.counts[f"download {head.split(b' ', 2)[1].decode()}{' ended early' if left else ''}"] += 1
    writer.close()
    await asyncio.sleep(0.5)


async def streamed(site: Soaked) -> None:
    """A long answer of a model, to its end."""
    line = await site.line(HOSTS[1])
    prompt = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "count"}]}
    site.counts[f"stream {(await _ask(site, line, '/v1/chat/completions', json.dumps(prompt).encode())).decode()}"] += 1
    line[1].close()


async def left(site: Soaked) -> None:
    """A stream that its reader leaves early, and bytes that are no HTTP."""
    reader, writer = await site.line(HOSTS[1])
    prompt = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "count"}]}
    body = json.dumps(prompt).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {HOSTS[1]}\r\nContent-Type: application/json\r\n{site.token}"
    writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    await reader.read(2000)
    writer.transport.abort()
    reader, writer = await site.line(HOSTS[0])
    writer.write(b"SSH-2.0-soak\r\n\r\n")
    await reader.read()
    writer.close()
    site.counts["left early, and garbage"] += 1


type Load = Callable[[Soaked], Awaitable[None]]
LOADS: tuple[Load, ...] = (kept, kept, fresh, big, large, streamed, streamed, left)


async def drive(site: Soaked, seconds: float, loads: list[Load]) -> list[dict[str, Any]]:
    """Everything at once for so long; what each process weighed, by time."""
    await site.renew()
    ends = time.monotonic() + seconds
    samples: list[dict[str, Any]] = []

    async def again(load: Load) -> None:
        while time.monotonic() < ends:
            try:
                await load(site)
            except (OSError, asyncio.IncompleteReadError) as broken:
                site.counts[f"{load.__name__} broke: {type(broken).__name__}"] += 1
                await asyncio.sleep(0.1)

    async def renewing() -> None:
        while time.monotonic() < ends:
            await asyncio.sleep(min(TOKEN_S, max(0.0, ends - time.monotonic())))
            await site.renew()

    async def sampling() -> None:
        began = time.monotonic()
        while time.monotonic() < ends:
            samples.append({"at_s": round(time.monotonic() - began, 1), "processes": weighed(site.site.pid)})
            await asyncio.sleep(SAMPLE_S)

    async with asyncio.TaskGroup() as tasks:
        for job in (renewing(), sampling(), *(again(load) for load in loads)):
            tasks.create_task(job)
    return samples


# What /proc says


def weighed(pid: int) -> dict[str, dict[str, float]]:
    """Memory in MiB and open files of every process of an installation, by its role."""
    found: dict[str, dict[str, float]] = {}
    for number, one in enumerate(with_all_below(pid)):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")
            role = next((w.decode() for w in words if w in {b"up", b"gateway", b"control"}), f"scanner {number}")
            pages = int(Path(f"/proc/{one}/statm").read_text().split()[1])
            mib = pages * os.sysconf("SC_PAGE_SIZE") / 1048576
            found[role] = {"rss_mib": round(mib, 1), "files": len(os.listdir(f"/proc/{one}/fd"))}  # noqa: PTH208 - names alone
    return found


# The table


def growth(samples: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """For each process: the median of the second half's last fifth, less that of its first fifth."""
    half = samples[len(samples) // 2 :]
    fifth = max(1, len(half) // 5)

    def median(some: list[dict[str, Any]], role: str, key: str) -> float:
        return statistics.median(one["processes"][role][key] for one in some if role in one["processes"])

    roles = set(half[0]["processes"]) & set(half[-1]["processes"])
    return {
        role: {
            key: round(median(half[-fifth:], role, key) - median(half[:fifth], role, key), 1)
            for key in ("rss_mib", "files")
        }
        for role in sorted(roles)
    }


def _printed(result: dict[str, Any]) -> None:
    samples = result["samples"]
    roles = sorted(samples[-1]["processes"])
    print(f"{'seconds':>9}" + "".join(f"{role + ' MiB/files':>24}" for role in roles))
    for one in samples[:: max(1, len(samples) // 20)]:
        cells = (one["processes"].get(role, {"rss_mib": 0, "files": 0}) for role in roles)
        print(f"{one['at_s']:>9}" + "".join(f"{cell['rss_mib']:>18} {cell['files']:>5}" for cell in cells))
    print("\nsecond half, growth")
    for role, grown in result["growth"].items():
        print(f"  {role:14}{grown['rss_mib']:>+8.1f} MiB {grown['files']:>+5.0f} files")
    print("\nrequests")
    for name, count in sorted(result["counts"].items()):
        print(f"  {name:32}{count:>8}")


def main() -> None:
    """Soak and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument(
        "--loads", default="", help="only these: " + ", ".join(sorted({load.__name__ for load in LOADS}))
    )
    parser.add_argument("--json", action="store_true", help="every sample as JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aisecops-soak-") as name:
        folder = Path(name)
        for inside in ("upstream", "site"):
            (folder / inside).mkdir()
        with (
            upstream(folder / "upstream", HOSTS, _answer, limit=8 * BIG) as (port, ca),
            installed(folder / "site", RULES, agent=AGENT, places=dict.fromkeys(HOSTS, port), ca=ca) as installation,
        ):
            site = Soaked(installation)
            loads = [load for load in LOADS if not asked.loads or load.__name__ in asked.loads.split(",")]
            samples = asyncio.run(drive(site, asked.minutes * 60, loads))
    result = {"minutes": asked.minutes, "growth": growth(samples), "counts": site.counts, "samples": samples}
    print(json.dumps(result, indent=2)) if asked.json else _printed(result)


if __name__ == "__main__":
    main()
