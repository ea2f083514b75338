# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""Does it stay flat? A real `aisecops up` under mixed load: memory, files and latency over time.

Run it with `python benchmarks/soak.py [--minutes N] [--json]` from the repository: half an hour unless told otherwise.
Kept lines, new connections with a run of their own, big bodies both ways, long streams, refusals and garbage go at
once, to one TLS upstream in a process of its own. What counts is the growth within the second half: the first one fills
caches and pools. Exit 1 when it is more than `MOST_MIB` or `MOST_FILES` in any process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stage import Line, Site, installed, upstream, weighed, with_all_below

HOSTS = ("soak.internal", "api.openai.com", "files.internal")
AGENT = "soak"
BIG = 3 * 1024 * 1024
LARGE = 30 * BIG
EVENTS = 400
EVERY_S = 0.05
SAMPLE_S = 2.0
MOST_MIB = 12.0
"""A half hour may grow by so much: garbage that waits for its collector comes and goes with it."""
MOST_FILES = 8
"""Lines that were open at one look and not at another."""
TOKEN_S = 300
TELLS_MIN = 30.0
"""Caches are full after a quarter of an hour, so a shorter run grows in its second half too."""
SAID_EVERY = 15
"""Samples between two words of how far it is."""

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
    took_ms: list[float] = field(default_factory=list)
    """What small calls took since the last sample."""
    ends: float = math.inf
    """On the monotonic clock, in seconds."""

    @property
    def goes_on(self) -> bool:
        """False when it is time to come to an end."""
        return time.monotonic() < self.ends

    async def renew(self) -> None:
        """A token that every line uses until the next."""
        headers = await asyncio.to_thread(self.site.permitted, "soak.call", "soak.*")
        self.token = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def latency(self) -> dict[str, float]:
        """Median and 99th percentile of the small calls since it was last asked; nothing where there were none."""
        took, self.took_ms = sorted(self.took_ms), []
        if not took:
            return {}
        return {"p50_ms": round(took[len(took) // 2], 2), "p99_ms": round(took[len(took) * 99 // 100], 2)}

    async def asked(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One call of the control plane."""
        return await asyncio.to_thread(self.site.asked, path, body)

    async def line(self, host: str) -> Line:
        """A tunnel with TLS in it."""
        return await self.site.line(host, limit=8 * BIG)


# The loads


async def _ask(site: Soaked, line: Line, path: str, body: bytes, *, headers: str = "") -> bytes:
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
        if not site.goes_on:
            break
        began = time.perf_counter()
        site.counts[f"call {(await _ask(site, line, '/v1/call', b'{"query": "x"}')).decode()}"] += 1
        site.took_ms.append((time.perf_counter() - began) * 1000)
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


async def drive(
    site: Soaked, seconds: float, loads: Sequence[Load], say: Callable[[str], None] = lambda _words: None
) -> list[dict[str, Any]]:
    """Everything at once for so long; what each process weighed, by time. `say` is told now and then how far it is."""
    await site.renew()
    site.ends = time.monotonic() + seconds
    samples: list[dict[str, Any]] = []

    async def again(load: Load) -> None:
        while site.goes_on:
            try:
                await load(site)
            except (OSError, asyncio.IncompleteReadError) as broken:
                site.counts[f"{load.__name__} broke: {type(broken).__name__}"] += 1
                await asyncio.sleep(0.1)

    async def renewing() -> None:
        while site.goes_on:
            await asyncio.sleep(min(TOKEN_S, max(0.0, site.ends - time.monotonic())))
            await site.renew()

    async def sampling() -> None:
        began = time.monotonic()
        while site.goes_on:
            await asyncio.sleep(min(SAMPLE_S, max(0.1, site.ends - time.monotonic())))
            processes = by_role(site.site.pid)
            samples.append({"at_s": round(time.monotonic() - began, 1), "processes": processes, **site.latency()})
            if len(samples) % SAID_EVERY == 0:
                weights = ", ".join(f"{role} {one['rss_mib']:.0f} MiB" for role, one in sorted(processes.items()))
                say(f"{samples[-1]['at_s']:.0f} of {seconds:.0f} s: {weights}")

    async with asyncio.TaskGroup() as tasks:
        for job in (renewing(), sampling(), *(again(load) for load in loads)):
            tasks.create_task(job)
    return samples


# What /proc says


def by_role(pid: int) -> dict[str, dict[str, float]]:
    """Memory in MiB and open files of every process of an installation, by its role."""
    found: dict[str, dict[str, float]] = {}
    for number, one in enumerate(with_all_below(pid)):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")
            role = next((w.decode() for w in words if w in {b"up", b"gateway", b"control"}), f"scanner {number}")
            found[role] = weighed([one])
    return found


# The table


def growth(samples: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """For each process, from the second half's first fifth to its last: how its floor of memory and its files grew.

    The floor, as what large bodies leave behind goes with the next collection of garbage, and comes again.
    """
    half, fifth = _second_half(samples)
    roles = set(half[0]["processes"]) & set(half[-1]["processes"])

    def grew(role: str, key: str, measure: Callable[[list[float]], float]) -> float:
        ends = half[:fifth], half[-fifth:]
        early, late = ([one["processes"][role][key] for one in some if role in one["processes"]] for some in ends)
        return round(measure(late) - measure(early), 1)

    return {
        role: {"rss_mib": grew(role, "rss_mib", min), "files": grew(role, "files", statistics.median)}
        for role in sorted(roles)
    }


def slowing(samples: list[dict[str, Any]]) -> dict[str, float]:
    """Latency in the second half's last fifth as a multiple of that in its first fifth."""
    half, fifth = _second_half(samples)
    ends = half[:fifth], half[-fifth:]
    found = {key: [[one[key] for one in some if key in one] for some in ends] for key in ("p50_ms", "p99_ms")}
    return {
        key: round(statistics.median(late) / statistics.median(early), 2)
        for key, (early, late) in found.items()
        if early and late
    }


def _second_half(samples: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """It, and how many samples are a fifth of it."""
    half = samples[len(samples) // 2 :]
    return half, max(1, len(half) // 5)


def too_much(grown: dict[str, dict[str, float]]) -> list[str]:
    """What grew by more than it may, in words."""
    return [
        f"{role} grew by {one['rss_mib']:+} MiB and {one['files']:+} files"
        for role, one in grown.items()
        if one["rss_mib"] > MOST_MIB or one["files"] > MOST_FILES
    ]


def _printed(result: dict[str, Any]) -> None:
    samples = result["samples"]
    roles = sorted(samples[-1]["processes"])
    print(f"{'seconds':>9}" + "".join(f"{role + ' MiB/files':>24}" for role in roles) + f"{'p50 ms':>10}{'p99 ms':>10}")
    for one in samples[:: max(1, len(samples) // 20)]:
        cells = (one["processes"].get(role, {"rss_mib": 0, "files": 0}) for role in roles)
        weights = "".join(f"{cell['rss_mib']:>18} {cell['files']:>5}" for cell in cells)
        print(f"{one['at_s']:>9}{weights}{one.get('p50_ms', '-'):>10}{one.get('p99_ms', '-'):>10}")
    print("\nsecond half, growth")
    for role, grown in result["growth"].items():
        print(f"  {role:14}{grown['rss_mib']:>+8.1f} MiB {grown['files']:>+5.0f} files")
    for name, times in result["slowing"].items():
        print(f"  a small call's {name.removesuffix('_ms')} is {times} of what it was")
    print("\nrequests")
    for name, count in sorted(result["counts"].items()):
        print(f"  {name:32}{count:>8}")


def soak(
    minutes: float, loads: Sequence[Load], folder: Path, say: Callable[[str], None] = lambda _words: None
) -> dict[str, Any]:
    """An installation in `folder` under `loads` for so long: growth, slowing, counts and every sample."""
    for inside in ("upstream", "site"):
        (folder / inside).mkdir()
    with (
        upstream(folder / "upstream", HOSTS, _answer, limit=8 * BIG) as (port, ca),
        installed(folder / "site", RULES, agent=AGENT, places=dict.fromkeys(HOSTS, port), ca=ca) as installation,
    ):
        site = Soaked(installation)
        samples = asyncio.run(drive(site, minutes * 60, loads, say))
    measured = {"growth": growth(samples), "slowing": slowing(samples)}
    return {"minutes": minutes, **measured, "counts": dict(site.counts), "samples": samples}


def main() -> int:
    """Soak and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=TELLS_MIN)
    parser.add_argument(
        "--loads", default="", help="only these: " + ", ".join(sorted({load.__name__ for load in LOADS}))
    )
    parser.add_argument("--json", action="store_true", help="every sample as JSON")
    asked = parser.parse_args()
    loads = [load for load in LOADS if not asked.loads or load.__name__ in asked.loads.split(",")]
    with tempfile.TemporaryDirectory(prefix="aisecops-soak-") as name:
        result = soak(asked.minutes, loads, Path(name), lambda words: print(words, file=sys.stderr, flush=True))
    print(json.dumps(result, indent=2)) if asked.json else _printed(result)
    wrong = too_much(result["growth"])
    if wrong:
        print(*wrong, sep="\n", file=sys.stderr)
        if asked.minutes < TELLS_MIN:
            print(f"caches were still filling: only {TELLS_MIN:g} minutes tell whether it is flat", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
