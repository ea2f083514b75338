"""Several processes on one SQLite file, and processes that die."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.model.ids import ApprovalId, RunId
from aisecops.model.state import Approval, ApprovalState
from support.store_process import ROOTS, race, start
from support.trees import BOT, ROOT, run_of, run_state, tree_of


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "store.sqlite"


async def opened(path: Path, *roots: RunId) -> SqliteStore:
    store = SqliteStore(path)
    for root in roots:
        await store.open_run(run_of(root), tree_of(run_state(root)), seen=None)
    return store


async def test_four_processes_never_overspend_one_budget(path):
    store = await opened(path, ROOT)
    passed = race(4, "steps", path, 60, 50)
    seen = await store.snapshot(ROOT)
    await store.close()
    assert sum(passed) == seen.tree.runs[ROOT].tool_calls == 50


async def test_a_single_use_is_granted_to_one_process_once(path):
    await (await opened(path)).close()
    assert sum(race(3, "uses", path, 40)) == 1


async def test_an_approval_is_used_by_one_process_once(path):
    store = await opened(path)
    approval = Approval(
        approval_id=ApprovalId("apr_1"), run_id=ROOT, root_run_id=ROOT, agent_id=BOT, tool="t", digest="d",
        opened_ms=0, expires_ms=9, state=ApprovalState.APPROVED,
    )  # fmt: skip
    await store.open_approval(approval)
    await store.close()
    assert sum(race(3, "answers", path, 20)) == 1


async def test_several_processes_can_make_the_file_at_once(path):
    for process in [start("uses", path, 0) for _ in range(3)]:
        process.communicate("go\n", timeout=60)
        assert process.returncode == 0


@pytest.mark.slow
async def test_what_was_reported_done_survives_a_kill_at_any_moment(path):
    await (await opened(path, *ROOTS)).close()
    chance, reported = random.Random(20260301), dict.fromkeys(ROOTS, 0)
    for _ in range(20):
        reported.update(charges_until_killed(path, after_s=chance.uniform(0, 0.06)))
        await consistent(path, reported)
    assert min(reported.values()) > 20


def charges_until_killed(path: Path, *, after_s: float) -> dict[RunId, int]:
    """The last charge of each tree that a process reported as done before it was killed."""
    process = start("charge", path)
    process.stdin.write("go\n")
    process.stdin.flush()
    process.stdout.readline()
    time.sleep(after_s)
    process.kill()
    whole = [line.split() for line in process.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    return {RunId(root): int(calls) for root, calls in whole}


async def consistent(path: Path, reported: dict[RunId, int]) -> None:
    store = SqliteStore(path)
    for root, calls in reported.items():
        seen = await store.snapshot(root)
        kept = seen.tree.runs[root].tool_calls
        assert kept >= calls
        assert seen.version == kept + 1
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
