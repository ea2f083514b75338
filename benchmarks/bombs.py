# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""How long bodies made to cost much hold up the event loop: `python benchmarks/bombs.py`.

Each is read as the gateway reads a request, with the limits of the rules as shipped, while a task on the same loop
notes how late it wakes. Prints the verdict, the time it took and the worst lateness.
"""

from __future__ import annotations

import asyncio
import gzip
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import zstandard

sys.path.insert(0, str(Path(__file__).parents[1] / "addons"))

from aisecops.gateway.aside import aside
from aisecops.gateway.settlement.settle import MAX_ANSWER_BYTES
from aisecops.model.errors import WireError
from aisecops.wire.coding import decode
from aisecops.wire.limits import JsonBounds, read_json

MIB = 1024 * 1024
MOST = 10 * MIB
TICK_S = 0.001


def bodies() -> dict[str, tuple[str, bytes]]:
    """By name: the content coding, and the body as it comes."""
    zeros = b"\0" * (64 * MIB)
    deep = b"[" * 5_000_000
    return {
        "plain JSON, one long text": ("", b'{"a": "' + b"x" * (MOST - 100) + b'"}'),
        "plain JSON, many values": ("", b"[" + b"[]," * 3_400_000 + b"[]]"),
        "plain JSON, many members": ("", b"[" + b'{"a":1},' * 1_200_000 + b"1]"),
        "plain JSON, deep": ("", deep),
        "plain JSON, 200,000 texts": ("", b"[" + b'"abcdefghij",' * 199_990 + b"1]"),
        "plain JSON, commas in a text": ("", b'{"a":"' + b",:" * (5 * MIB - 50) + b'"}'),
        "answer, 199,990 floats": ("", b"[" + b"0.0123456789012345," * 199_990 + b"1]"),
        "answer, 99,000 objects": ("", b"[" + b'{"a":1},' * 99_000 + b"1]"),
        "answer, one text of 16 MiB": ("", b'{"a": "' + b"x" * (16 * MIB - 20) + b'"}'),
        "answer, 1.5 M floats": ("", b'{"data":[' + b"0.0123456789012345," * 1_500_000 + b"1]}"),
        "answer, one text of 60 MiB": ("", b'{"a": "' + b"x" * (60 * MIB) + b'"}'),
        "gzip bomb": ("gzip", gzip.compress(zeros)),
        "gzip, stacked members": ("gzip", gzip.compress(b"\0" * MIB) * 200),
        "deflate bomb": ("deflate", zlib.compress(zeros)),
        "brotli bomb": ("br", brotli.compress(zeros, quality=5)),
        "zstd bomb": ("zstd", zstandard.compress(zeros)),
        "gzip, honest 8 MiB of JSON": ("gzip", gzip.compress(b'{"a": "' + b"xyz " * (2 * MIB - 10) + b'"}', 1)),
    }


def read(name: str, body: bytes, coding: str) -> None:
    """As a request is read, or a model's answer."""
    headers = (("content-encoding", coding),) if coding else ()
    if name.startswith("answer"):
        JsonBounds().read(decode(body, headers, max_bytes=MAX_ANSWER_BYTES))
    else:
        read_json(decode(body, headers, max_bytes=MOST), max_bytes=MOST)


async def measured(work: Callable[[], None], size: int, coding: str) -> tuple[str, float, float]:
    """What came of `work`, its seconds, and the worst lateness of the loop meanwhile."""
    worst = 0.0

    async def tick() -> None:
        nonlocal worst
        while True:
            due = time.perf_counter() + TICK_S
            await asyncio.sleep(TICK_S)
            worst = max(worst, time.perf_counter() - due)

    ticking = asyncio.get_running_loop().create_task(tick())
    await asyncio.sleep(0.05)
    worst, began, verdict = 0.0, time.perf_counter(), "read"
    try:
        await aside(size, (("content-encoding", coding),) if coding else (), work)
    except WireError as refused:
        verdict = refused.code.value
    await asyncio.sleep(0.01)
    ticking.cancel()
    return verdict, time.perf_counter() - began - 0.01, worst


async def main() -> None:
    """Print the table."""
    print(f"{'body':30} {'bytes':>10} {'verdict':>12} {'took':>9} {'loop held up':>13}")
    for name, (coding, body) in bodies().items():
        verdict, took, worst = await measured(lambda: read(name, body, coding), len(body), coding)  # noqa: B023 - awaited here
        print(f"{name:30} {len(body):>10} {verdict:>12} {took * 1000:>6.0f} ms {worst * 1000:>10.0f} ms")


if __name__ == "__main__":
    asyncio.run(main())
