"""What every store promises of forgetting (`gateway/runs/forgetting.py: OldRuns`)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from aisecops.adapters.store.old import PAGE
from aisecops.adapters.store.redis import old
from aisecops.model.errors import Stale
from aisecops.model.ids import ApprovalId, RunId
from aisecops.model.state import Approval, ApprovalState, RevocationKind
from support.stores import STORES, opened_store
from support.trees import BOT, CHILD, OTHER, ROOT, run_of, run_state, tree_of

PAIR = {ROOT: BOT, CHILD: BOT}


@pytest.fixture(params=STORES)
async def store(request, tmp_path) -> AsyncIterator[Any]:
    async with opened_store(request.param, tmp_path) as opened:
        yield opened


async def with_a_pair(store) -> int:
    """A root with a child; the version of their tree."""
    await store.open_run(run_of(ROOT), tree_of(run_state(ROOT)), seen=None)
    await store.open_run(run_of(CHILD, ROOT), tree_of(run_state(ROOT), run_state(CHILD, ROOT)), seen=1)
    return 2


async def all_trees(store) -> dict[RunId, int]:
    found, cursor = {}, ""
    while True:
        page = await store.some_trees(cursor)
        found |= {tree.root_run_id: version for version, tree in page.trees}
        if not (cursor := page.cursor):
            return found


async def test_every_tree_is_seen_once_whatever_its_number_of_runs(store):
    names = [RunId(f"run_{number:05}") for number in range(max(PAGE, old.PAGE) + 7)]
    for name in names:
        await store.open_run(run_of(name), tree_of(run_state(name)), seen=None)
    await with_a_pair(store)
    assert await all_trees(store) == dict.fromkeys(names, 1) | {ROOT: 2}


async def test_a_forgotten_tree_is_gone_with_its_runs_and_what_was_revoked_of_them(store):
    version = await with_a_pair(store)
    await store.open_run(run_of(OTHER), tree_of(run_state(OTHER)), seen=None)
    for name in (CHILD, OTHER):
        await store.revoke(RevocationKind.RUN, name, now_ms=1, why="test")

    assert await store.forget_tree(ROOT, seen=version, runs=PAIR, before_ms=10)

    assert [await store.find_run(name) for name in PAIR] == [None, None]
    assert await store.snapshot(CHILD) is None
    assert [run.run_id for run in await store.list_runs()] == [OTHER]
    assert [run.run_id for run in await store.list_runs(agent_id=BOT)] == [OTHER]
    assert await all_trees(store) == {OTHER: 1}
    assert await store.revoked([(RevocationKind.RUN, CHILD), (RevocationKind.RUN, OTHER)]) == {
        (RevocationKind.RUN, OTHER)
    }
    with pytest.raises(Stale):
        await store.swap_tree(ROOT, seen=version, new=tree_of())


async def test_a_tree_that_has_moved_since_it_was_seen_stays(store):
    version = await with_a_pair(store)
    await store.swap_tree(ROOT, seen=version, new=tree_of(run_state(ROOT), run_state(CHILD, ROOT), risk_micros=1))
    assert not await store.forget_tree(ROOT, seen=version, runs=PAIR, before_ms=10)
    assert await store.find_run(CHILD) is not None
    assert await all_trees(store) == {ROOT: version + 1}


async def test_an_implicit_run_that_was_used_since_stays_and_a_forgotten_one_makes_room(store):
    version = await with_a_pair(store)
    await store.set_implicit_run(BOT, CHILD, seen=None, now_ms=10)
    assert not await store.forget_tree(ROOT, seen=version, runs=PAIR, before_ms=10)
    assert await store.find_run(CHILD) is not None

    assert await store.forget_tree(ROOT, seen=version, runs=PAIR, before_ms=11)
    assert await store.implicit_run(BOT, now_ms=12, idle_ms=1_000) is None
    assert await store.set_implicit_run(BOT, OTHER, seen=None, now_ms=12) == OTHER


async def test_questions_go_that_had_ended_before(store):
    asked = Approval(
        approval_id=ApprovalId("apr_1"),
        run_id=ROOT,
        root_run_id=ROOT,
        agent_id=BOT,
        tool="mail.send",
        digest="d1",
        opened_ms=0,
        expires_ms=5,
    )
    longer = replace(asked, approval_id=ApprovalId("apr_2"), digest="d2", expires_ms=50)
    later = replace(asked, approval_id=ApprovalId("apr_3"), digest="d3", opened_ms=30, expires_ms=35)
    for one in (asked, longer, later):
        await store.open_approval(one)
    await store.swap_approval(asked, replace(asked, state=ApprovalState.DENIED))

    assert await store.forget_approvals(before_ms=20, most=10) == 1
    assert await store.find_approval(asked.approval_id) is None
    assert {one.approval_id for one in await store.list_approvals()} == {longer.approval_id, later.approval_id}
    assert await store.forget_approvals(before_ms=100, most=1) == 1
    assert await store.forget_approvals(before_ms=100, most=10) == 1
    assert await store.list_approvals() == []
