# ruff: noqa: INP001, T201, S311, TID251 - a script that prints, beside no package; its texts are made from a seed
"""What it costs to know content again and to look for injections, per KB of new text, and per turn of a long run.

    python benchmarks/tracing.py [--turns N] [--rounds N] [--json]

An agent reads a page of 2 KB in each turn and sends its whole history again; the gateway's own `KnownAgain`, in memory,
learns what came in, traces and assesses every message of every request. Times are CPU of the process, all threads.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "addons"), str(ROOT / "benchmarks")]

from injection_texts import made  # noqa: E402 - the path comes first

from aisecops.adapters.store.content import MemoryContent  # noqa: E402
from aisecops.controls.firewall.assess import assess  # noqa: E402
from aisecops.controls.provenance.fingerprint import fingerprint  # noqa: E402
from aisecops.controls.provenance.index import Index  # noqa: E402
from aisecops.controls.provenance.trace import trace  # noqa: E402
from aisecops.controls.provenance.winnow import Key  # noqa: E402
from aisecops.gateway.origins.known import KnownAgain  # noqa: E402
from aisecops.model.ids import RunId  # noqa: E402
from aisecops.model.provenance import Origin, TrustTier  # noqa: E402

SECRET = b"a key for benchmarks, 32 bytes .."
PAGE = 2_000
"""Characters that each turn adds."""
NUMBERED = 0.2
"""Share of words with a number behind them."""
ROOT_RUN = RunId("run_benchmark")


def pages(count: int, size: int = PAGE) -> list[str]:
    """`count` different pages of prose, each `size` characters."""
    pick = random.Random(1)
    sentences = [one.text for one in made.harmless(pick, 3)]
    found = []
    for number in range(count):
        text = f"Page {number}. "
        while len(text) < size:
            for word in pick.choice(sentences).split():  # with numbers between, so that no two pages share a quote
                text += f"{word} {pick.randrange(10**6)} " if pick.random() < NUMBERED else f"{word} "
        found.append(text[:size])
    return found


def origin(number: int) -> Origin:
    """Where a page came from."""
    return Origin(
        origin_id=f"prv_{number}",
        tier=TrustTier.EXTERNAL,
        source=f"https://page{number}.example",
        sha256="",
        at_ms=0,
        root_run_id=ROOT_RUN,
    )


async def turns(count: int) -> list[float]:
    """CPU milliseconds of each turn of one run."""
    known = KnownAgain(MemoryContent(), SECRET)
    history: list[str] = []
    spent = []
    for number, page in enumerate(pages(count)):
        before = time.process_time()
        await known.learn(origin(number), [page])
        history.append(page)
        traced = await known.recognise(ROOT_RUN, history)
        await known.assessed(history)
        spent.append(1_000 * (time.process_time() - before))
        if not all(traced):
            raise SystemExit("a page was not known again")
    known.close()
    return spent


def per_kb(work: Callable[[str], object], texts: list[str]) -> float:
    """CPU milliseconds of `work` for each 1,000 characters."""
    before = time.process_time()
    for text in texts:
        work(text)
    return 1_000 * (time.process_time() - before) / (sum(map(len, texts)) / 1_000)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    key, index = Key.of(SECRET), Index()
    texts = pages(100)
    for number, text in enumerate(texts):
        index.add(origin(number), fingerprint([text], key))
    costs = {
        "fingerprint": per_kb(lambda text: fingerprint([text], key), texts),
        "trace, all of it known": per_kb(lambda text: trace(text, index, key), texts),
        "trace, none of it known": per_kb(lambda text: trace(text[::-1], index, key), texts),
        "look for injections (goal 3.00)": per_kb(assess, texts),
    }
    runs = [asyncio.run(turns(arguments.turns)) for _ in range(arguments.rounds)]
    ends = min(10, arguments.turns // 2)
    first = statistics.median(spent for run in runs for spent in run[:ends])
    last = statistics.median(spent for run in runs for spent in run[-ends:])
    if arguments.json:
        print(json.dumps({"ms_per_kb": costs, "turn_ms": {"first": first, "last": last}, "runs": runs}))
        return
    for name, cost in costs.items():
        print(f"{name:34} {cost:6.2f} ms per KB of new text")
    print(f"a turn of {PAGE / 1_000:.0f} KB new text, the first {ends}: {first:6.2f} ms")
    print(f"the same, the last {ends} of {arguments.turns}:        {last:6.2f} ms, {last / first:.2f} of the first")


if __name__ == "__main__":
    main()
