# ruff: noqa: INP001, T201 - a script that prints, beside no package
"""What a scan costs: first look and resent, by size and kind of text; and what taking a conversation apart costs.

Run it with `python benchmarks/scan.py` from the repository. Figures are medians in milliseconds; only those of
one run may be compared. Samples are made from a seed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "addons"), str(ROOT / "tests")]

from aisecops.adapters.nlp.pool import ScannerPool  # noqa: E402 - the paths come first
from aisecops.adapters.store.pieces import MemoryPieces  # noqa: E402
from aisecops.controls.dlp.triggers import may_hold  # noqa: E402
from aisecops.gateway.aside import in_steps  # noqa: E402
from aisecops.gateway.leaving.trails import Trails  # noqa: E402
from aisecops.model.entities import ENTITIES  # noqa: E402
from aisecops.model.exchange import HttpRequest  # noqa: E402
from aisecops.model.ids import RunId  # noqa: E402
from aisecops.wire.json_parts import Parts  # noqa: E402
from aisecops.wire.limits import read_json  # noqa: E402
from aisecops.wire.openai_chat import read_call  # noqa: E402
from aisecops.wire.parts import outgoing_parts, taken_apart  # noqa: E402
from aisecops.wire.resent import with_resent  # noqa: E402
from support.samples import Random, letters, personal  # noqa: E402

STRONG = frozenset(name for name, entity in ENTITIES.items() if entity.strong)
ROUNDS = 5
TURNS, TURN_CHARS = 50, 2_000
SIZES = (1_000, 10_000, 100_000)
PROSE = "The quick brown fox jumps over the lazy dog near the river. Meet at 10:30 in room 12, please. "
CODE = "def run(self, *args): return self.total_amount_in_cents + args[0].value  # see https://docs.example.com/a/b\n"
LOG = "2024-11-02T10:00:00Z order 2024-1123 ref 998877 id 550e8400-e29b-41d4-a716-446655440000 total 12.50\n"


def prompt(chance: Random) -> str:
    """Ten lines of prose and code, then one that holds something."""
    return "".join(chance.choice((PROSE, CODE)) for _ in range(10)) + chance.choice([*personal(chance).values()]) + "\n"


def text_of(unit: Callable[[Random], str], size: int, seed: int) -> str:
    """`size` characters of `unit`; another seed makes another text."""
    chance = Random(seed)
    text = f"{seed:x} "
    while len(text) < size:
        text += unit(chance)
    return text[:size]


async def median_ms(work: Callable[[int], Awaitable[object]]) -> float:
    """The median wall time of `work` over all rounds."""
    taken = []
    for seed in range(ROUNDS):
        before = time.perf_counter()
        await work(seed)
        taken.append((time.perf_counter() - before) * 1000)
    return statistics.median(taken)


def conversation(seed: int) -> bytes:
    """A chat of 50 turns of 2 KB, each answered in three words."""
    said = []
    for turn in range(TURNS):
        said.append({"role": "user", "content": text_of(lambda _: PROSE, TURN_CHARS, seed * TURNS + turn)})
        said.append({"role": "assistant", "content": "Yes, I see."})
    return json.dumps({"model": "a-model", "messages": said}).encode()


def apart(body: bytes) -> None:
    """Everything that is read of a chat: what is said to the model, and every text that leaves."""
    document = with_resent(read_json(body, max_bytes=len(body)))
    read_call(document)
    kind = (("content-type", "application/json"),)
    request = HttpRequest(method="POST", scheme="https", host="m", port=443, path="/", headers=kind, body=body)
    outgoing_parts(request, body, document=document)


def print_apart() -> None:
    """Print what a chat costs that was never seen, and one of which the last turn is new. CPU of this thread."""
    figures: dict[str, list[float]] = {"new": [], "last turn new": []}
    for seed in range(ROUNDS * 4):
        chat = json.loads(conversation(seed))
        more = [*chat["messages"], {"role": "user", "content": text_of(lambda _: PROSE, TURN_CHARS, -seed - 1)}]
        for name, messages in (("new", chat["messages"]), ("last turn new", more)):
            body = json.dumps({**chat, "messages": messages}).encode()
            before = time.thread_time()
            apart(body)
            figures[name].append((time.thread_time() - before) * 1000)
    told = ", ".join(f"{name} {statistics.median(taken):.3f} ms" for name, taken in figures.items())
    print(f"a chat of 100 KB taken apart: {told}")


def rows(size: int, seed: int) -> bytes:
    """A body of short fields: ids, numbers, days and a few words."""
    chance = Random(seed)
    found: list[dict[str, str]] = []
    while len(json.dumps(found)) < size:
        ids = {"id": letters(chance, "abcdef0123456789", 16), "number": letters(chance, "0123456789", 8)}
        found.append(
            ids | {"note": "please ring twice at the back door", "at": "2026-06-22T10:35:00Z", "total": "12.50"}
        )
    return json.dumps(found).encode()


def one_text(size: int, seed: int) -> bytes:
    """A body of one long text."""
    return json.dumps({"text": text_of(lambda _: PROSE, size, seed)}).encode()


async def _looked_at(trails: Trails, request: HttpRequest) -> None:
    parts = Parts([])
    await in_steps(taken_apart(parts, request, request.body))
    await trails.scanned(RunId("run_1"), ("m", 443), parts.found, STRONG)


async def holds(pool: ScannerPool) -> None:
    """Print how long what leaves holds the event loop at a stretch while it is taken apart and looked at."""
    held: list[float] = []
    once = asyncio.Handle._run  # noqa: SLF001 - all that the loop does passes here

    def timed(handle: asyncio.Handle) -> None:
        before = time.thread_time()
        once(handle)
        held.append((time.thread_time() - before) * 1000)

    asyncio.Handle._run = timed  # noqa: SLF001
    gc.collect()
    gc.freeze()  # as the gateway does when it has started
    print("CPU that holds the event loop at a stretch, ms (goal: 2), and in all")
    kind = (("content-type", "application/json"),)
    for name, make in (("rows", rows), ("one text", one_text), ("chat", lambda _, seed: conversation(seed))):
        for size in SIZES[1:]:
            longest, every = [], []
            for seed in range(ROUNDS):
                body = make(size, seed)
                request = HttpRequest(
                    method="POST", scheme="https", host="m", port=443, path="/", headers=kind, body=body
                )
                trails = Trails(MemoryPieces(), pool)  # a gateway keeps its own, and frees none of it now
                await asyncio.sleep(0)
                held.clear()
                await asyncio.get_running_loop().create_task(_looked_at(trails, request))
                longest.append(max(held))
                every.append(sum(held))
            print(f"  {name:9} {size:7} {statistics.median(longest):6.2f} {statistics.median(every):8.1f}")
    asyncio.Handle._run = once  # noqa: SLF001


async def main() -> None:
    """Print the table."""
    pool = ScannerPool(workers=1, deadline_s=60.0, queue=8, key=b"k")
    before = time.perf_counter()
    await pool.start()
    print(f"start of one worker: {time.perf_counter() - before:.1f} s")
    print(f"{'text':8} {'size':>7} {'look':>8} {'new':>9} {'resent':>8}   (ms)")
    units = {"prose": lambda _: PROSE, "code": lambda _: CODE, "prompt": prompt, "log": lambda _: LOG}
    for name, unit in units.items():
        for size in SIZES:
            texts = [text_of(unit, size, seed) for seed in range(ROUNDS)]

            async def look(seed: int, texts: list[str] = texts) -> None:
                may_hold(texts[seed], STRONG)

            async def scan(seed: int, texts: list[str] = texts) -> None:
                await pool.scan([("body:", texts[seed])], STRONG)

            figures = [await median_ms(work) for work in (look, scan, scan)]
            print(f"{name:8} {size:7} {figures[0]:8.3f} {figures[1]:9.2f} {figures[2]:8.3f}")
    await holds(pool)
    await pool.close()
    print_apart()


if __name__ == "__main__":
    asyncio.run(main())
