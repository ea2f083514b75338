"""Another process on the same store: run as a script, says `ready`, begins when a line comes in.

`steps FILE COUNT LIMIT`: COUNT parallel steps against a budget of LIMIT tool calls; prints how many got through.
`uses FILE COUNT`: COUNT uses of one token with one use; prints how many were granted.
`answers FILE COUNT`: COUNT uses of one approval; prints how many succeeded.
`charge FILE`: charges four trees for ever, and prints `root calls` after each swap that was reported done.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from msgspec.structs import replace

from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.controls.budget.charge import project
from aisecops.model.budget import Budgets
from aisecops.model.errors import Stale
from aisecops.model.ids import ApprovalId, RunId, TokenId
from aisecops.model.state import ApprovalState
from support.trees import ROOT, call, limits

TESTS = Path(__file__).parents[1]
ROOTS = [RunId(f"run_{n}") for n in range(4)]


def start(*arguments: object) -> subprocess.Popen[str]:
    """A process that has said `ready`."""
    process = subprocess.Popen(
        [sys.executable, __file__, *map(str, arguments)],
        env={
            **os.environ,
            "PYTHONPATH": f"{TESTS.parent / 'addons'}:{TESTS}",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def race(count: int, *arguments: object) -> list[int]:
    """What `count` processes print that begin together."""
    processes = [start(*arguments) for _ in range(count)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [int(process.communicate(timeout=60)[0]) for process in processes]


async def step(store: SqliteStore, root: RunId, limit: int | None) -> int:
    """Charge one tool call; the number it got, 0 when none is left."""
    while True:
        seen = await store.snapshot(root)
        assert seen is not None
        bound = limits(seen.tree, **{root: Budgets(max_tool_calls=limit)})
        projection = project(seen.tree, call(root), bound, now_ms=0)
        if projection.faults:
            return 0
        try:
            await store.swap_tree(root, seen=seen.version, new=projection.tree)
        except Stale:
            continue
        return projection.tree.runs[root].tool_calls


async def answer(store: SqliteStore) -> bool:
    seen = await store.find_approval(ApprovalId("apr_1"))
    assert seen is not None
    if seen.state is ApprovalState.USED:
        return False
    try:
        await store.swap_approval(seen, replace(seen, state=ApprovalState.USED, why=str(os.getpid())))
    except Stale:
        return False
    return True


async def charge(store: SqliteStore, root: RunId) -> None:
    while True:
        calls = await step(store, root, None)
        os.write(1, f"{root} {calls}\n".encode())


async def main(what: str, path: str, *numbers: str) -> None:
    store = SqliteStore(Path(path))
    print("ready", flush=True)
    sys.stdin.readline()
    match what, [int(number) for number in numbers]:
        case "steps", [count, limit]:
            print(sum(1 for calls in await asyncio.gather(*(step(store, ROOT, limit) for _ in range(count))) if calls))
        case "uses", [count]:
            uses = (store.use_token(TokenId("cap_1"), uses=1, expires_ms=9) for _ in range(count))
            print(sum(await asyncio.gather(*uses)))
        case "answers", [count]:
            print(sum(await asyncio.gather(*(answer(store) for _ in range(count)))))
        case "charge", []:
            await asyncio.gather(*(charge(store, root) for root in ROOTS))
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
