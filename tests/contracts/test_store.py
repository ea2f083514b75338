"""What every store promises (`gateway/ports.py: Store`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from aisecops.controls.budget.charge import project
from aisecops.gateway.ports import Store
from aisecops.model.budget import Budgets, TreeState
from aisecops.model.errors import Stale, StoreError
from aisecops.model.ids import AgentId, ApprovalId, RunId, TokenId
from aisecops.model.state import Approval, ApprovalState, RevocationKind, Snapshot
from support.stores import STORES, FailingStore, Failure, opened_store
from support.trees import BOT, CHILD, OTHER, ROOT, call, limits, run_of, run_state, tree_of

TOKEN = TokenId("cap_1")


@pytest.fixture(params=STORES)
async def store(request, tmp_path) -> AsyncIterator[Store]:
    async with opened_store(request.param, tmp_path) as opened:
        yield opened


async def opened(store: Store, run_id: RunId = ROOT) -> Snapshot:
    await store.open_run(run_of(run_id), tree_of(run_state(run_id)), seen=None)
    return await snapshot(store, run_id)


async def snapshot(store: Store, run_id: RunId = ROOT, **names) -> Snapshot:
    found = await store.snapshot(run_id, **names)
    assert found is not None
    return found


def with_child(tree: TreeState) -> TreeState:
    return replace(tree, runs={**tree.runs, CHILD: run_state(CHILD, ROOT)})


def question(name: str = "apr_1", *, digest: str = "d1", opened_ms: int = 0, **fields) -> Approval:
    return Approval(
        approval_id=ApprovalId(name),
        run_id=ROOT,
        root_run_id=ROOT,
        agent_id=BOT,
        tool="mail.send",
        digest=digest,
        opened_ms=opened_ms,
        expires_ms=opened_ms + 1_000,
        request={"to": ["a@mail.example"], "n": 1.5},
        **fields,
    )


# runs and trees


async def test_an_opened_run_is_found_as_it_was_given(store):
    seen = await opened(store)
    assert seen.run == run_of(ROOT) == await store.find_run(ROOT)
    assert (seen.tree, seen.revoked) == (tree_of(), ())


async def test_a_run_nobody_opened_is_none(store):
    assert await store.snapshot(RunId("run_gone")) is None
    assert await store.find_run(RunId("run_gone")) is None


async def test_a_tree_keeps_everything_it_is_made_of(store):
    seen = await opened(store)
    full = tree_of(
        run_state(ROOT, tool_calls=2**53, rate_left_micros=3, rate_at_ms=4),
        risk_micros=5, halted_ms=6, halted_why="`é` 🜁", progress={"a": 1}, held_steps=(("t", "s"),), seen_ms=7,
    )  # fmt: skip
    await store.swap_tree(ROOT, seen=seen.version, new=full)
    assert (await snapshot(store)).tree == full


async def test_a_root_is_opened_once(store):
    await opened(store)
    with pytest.raises(Stale):
        await store.open_run(run_of(ROOT), tree_of(), seen=None)


async def test_a_child_is_added_and_its_tree_set_in_one_go(store):
    seen = await opened(store)
    await store.open_run(run_of(CHILD, ROOT), with_child(seen.tree), seen=seen.version)
    child = await snapshot(store, CHILD)
    assert child.tree.lineage(CHILD) == (CHILD, ROOT)
    assert child.version == (await snapshot(store)).version > seen.version


async def test_a_child_opened_on_a_stale_tree_leaves_nothing_behind(store):
    seen = await opened(store)
    await store.swap_tree(ROOT, seen=seen.version, new=seen.tree)
    with pytest.raises(Stale):
        await store.open_run(run_of(CHILD, ROOT), with_child(seen.tree), seen=seen.version)
    assert await store.find_run(CHILD) is None
    assert CHILD not in (await snapshot(store)).tree.runs


async def test_a_run_that_exists_is_not_opened_again_and_the_tree_stays(store):
    seen = await opened(store)
    with pytest.raises(Stale):
        await store.open_run(run_of(ROOT), with_child(seen.tree), seen=seen.version)
    assert await snapshot(store) == seen


async def test_a_swap_moves_the_version_on(store):
    seen = await opened(store)
    version = await store.swap_tree(ROOT, seen=seen.version, new=replace(seen.tree, risk_micros=9))
    after = await snapshot(store)
    assert (after.version, after.tree.risk_micros) == (version, 9)
    assert version != seen.version


async def test_a_lost_swap_changes_nothing(store):
    seen = await opened(store)
    await store.swap_tree(ROOT, seen=seen.version, new=replace(seen.tree, risk_micros=1))
    with pytest.raises(Stale):
        await store.swap_tree(ROOT, seen=seen.version, new=replace(seen.tree, risk_micros=2))
    assert (await snapshot(store)).tree.risk_micros == 1


async def test_a_tree_nobody_opened_cannot_be_swapped(store):
    with pytest.raises(Stale):
        await store.swap_tree(RunId("run_gone"), seen=0, new=tree_of())


async def test_of_many_swaps_at_once_one_wins(store):
    seen = await opened(store)
    swaps = (store.swap_tree(ROOT, seen=seen.version, new=replace(seen.tree, risk_micros=n)) for n in range(100))
    results = await asyncio.gather(*swaps, return_exceptions=True)
    winners = [n for n, result in enumerate(results) if not isinstance(result, Exception)]
    assert len(winners) == 1
    assert all(isinstance(result, Stale) for n, result in enumerate(results) if n not in winners)
    assert (await snapshot(store)).tree.risk_micros == winners[0]


async def test_a_reservation_is_made_where_the_tree_is_exactly_as_it_was_seen(store):
    seen = await opened(store)
    await store.reserve(seen.tree, replace(seen.tree, risk_micros=1))
    after = await snapshot(store)
    assert after.tree.risk_micros == 1
    assert after.version > seen.version
    with pytest.raises(Stale):
        await store.reserve(seen.tree, replace(seen.tree, risk_micros=2), durable=False)
    assert await snapshot(store) == after


async def test_nothing_is_reserved_in_a_tree_that_nobody_opened(store):
    with pytest.raises(Stale):
        await store.reserve(tree_of(), tree_of())
    assert await store.snapshot(ROOT) is None


@pytest.mark.parametrize("revoked", [(RevocationKind.TOKEN, str(TOKEN)), (RevocationKind.AGENT, 'b\'s "own"')])
async def test_nothing_is_reserved_where_something_in_question_is_revoked(store, revoked):
    seen = await opened(store)
    asked = {(kind, name) for kind in RevocationKind for name in (str(TOKEN), 'b\'s "own"')}
    await store.revoke(RevocationKind.TOKEN, "another", now_ms=1, why="lost")
    await store.reserve(seen.tree, charged := replace(seen.tree, risk_micros=1), unless=asked)
    await store.revoke(*revoked, now_ms=1, why="lost")
    with pytest.raises(Stale):
        await store.reserve(charged, replace(seen.tree, risk_micros=2), unless=asked)
    assert (await snapshot(store)).tree == charged


async def test_of_many_reservations_at_once_one_is_made(store):
    seen = await opened(store)
    made = (store.reserve(seen.tree, replace(seen.tree, risk_micros=n)) for n in range(1, 100))
    results = await asyncio.gather(*made, return_exceptions=True)
    assert sum(not isinstance(result, Exception) for result in results) == 1
    assert sum(isinstance(result, Stale) for result in results) == len(results) - 1


async def test_hundreds_of_parallel_steps_get_exactly_what_the_budget_has(store):
    await opened(store)
    bound = limits(tree_of(), run_root=Budgets(max_tool_calls=40))

    async def step() -> bool:
        while True:
            seen = await snapshot(store)
            projection = project(seen.tree, call(), bound, now_ms=0)
            if projection.faults:
                return False
            try:
                await store.swap_tree(ROOT, seen=seen.version, new=projection.tree)
            except Stale:
                continue
            return True

    passed = await asyncio.gather(*(step() for _ in range(200)))
    assert sum(passed) == (await snapshot(store)).tree.runs[ROOT].tool_calls == 40


async def test_runs_are_listed_newest_first(store):
    for n in range(5):
        run_id, agent = RunId(f"run_{n}"), AgentId(f"bot-{n % 2}")
        await store.open_run(run_of(run_id, at=n // 2, agent=agent), tree_of(run_state(run_id)), seen=None)
    assert [run.run_id for run in await store.list_runs()] == ["run_4", "run_3", "run_2", "run_1", "run_0"]
    assert [run.run_id for run in await store.list_runs(limit=2)] == ["run_4", "run_3"]
    assert [run.run_id for run in await store.list_runs(agent_id=AgentId("bot-1"))] == ["run_3", "run_1"]


async def test_runs_are_listed_on_from_one_of_them(store):
    for n in range(5):
        run_id, agent = RunId(f"run_{n}"), AgentId(f"bot-{n % 2}")
        await store.open_run(run_of(run_id, at=n // 2, agent=agent), tree_of(run_state(run_id)), seen=None)

    async def listed(before, **asked):
        return [run.run_id for run in await store.list_runs(before=RunId(before), **asked)]

    assert await listed("run_3") == ["run_2", "run_1", "run_0"]
    assert await listed("run_3", limit=2) == ["run_2", "run_1"]
    assert await listed("run_4", agent_id=AgentId("bot-0")) == ["run_2", "run_0"]
    assert await listed("run_0") == []
    assert await listed("run_9") == []
    assert await listed("run_4", agent_id=AgentId("bot-1")) == []  # it is none of theirs


async def test_only_trees_that_changed_are_told(store):
    first = await opened(store)
    other = await opened(store, OTHER)
    gone = RunId("run_gone")
    told = await store.changed_trees({ROOT: 0, OTHER: 0, gone: 0})
    assert told == {ROOT: (first.version, first.tree), OTHER: (other.version, other.tree)}
    seen = {root: version for root, (version, _) in told.items()}
    assert await store.changed_trees(seen) == {}
    halted = replace(first.tree, halted_ms=5, halted_why="enough")
    version = await store.swap_tree(ROOT, seen=first.version, new=halted)
    assert await store.changed_trees(seen) == {ROOT: (version, halted)}
    assert await store.changed_trees({}) == {}


async def test_of_many_names_those_revoked_are_told(store):
    asked = {(kind, name) for kind in RevocationKind for name in (str(TOKEN), str(BOT), 'it\'s "quoted"')}
    assert await store.revoked(asked) == frozenset()
    for kind, name in ((RevocationKind.TOKEN, str(TOKEN)), (RevocationKind.AGENT, 'it\'s "quoted"')):
        await store.revoke(kind, name, now_ms=1, why="lost")
    assert await store.revoked(asked) == {
        (RevocationKind.TOKEN, TOKEN),
        (RevocationKind.AGENT, 'it\'s "quoted"'),
    }
    assert await store.revoked([]) == frozenset()


# the implicit run


async def test_an_agent_has_no_implicit_run_until_it_is_set(store):
    assert await store.implicit_run(BOT, now_ms=0, idle_ms=100) is None
    assert await store.set_implicit_run(BOT, ROOT, seen=None, now_ms=0) == ROOT
    assert await store.implicit_run(BOT, now_ms=100, idle_ms=100) == ROOT
    assert await store.implicit_run(AgentId("other"), now_ms=100, idle_ms=100) is None


async def test_using_the_implicit_run_moves_its_end(store):
    await store.set_implicit_run(BOT, ROOT, seen=None, now_ms=0)
    assert [await store.implicit_run(BOT, now_ms=now, idle_ms=100) for now in (1, 101, 50, 201, 302)] == [ROOT] * 4 + [
        None
    ]


async def test_of_two_who_set_the_implicit_run_the_first_wins(store):
    names = [RunId(f"run_{n}") for n in range(50)]
    results = await asyncio.gather(*(store.set_implicit_run(BOT, name, seen=None, now_ms=0) for name in names))
    assert len(set(results)) == 1
    assert await store.implicit_run(BOT, now_ms=0, idle_ms=100) == results[0]


async def test_an_ended_implicit_run_can_be_followed_by_another(store):
    await store.set_implicit_run(BOT, ROOT, seen=None, now_ms=0)
    assert await store.implicit_run(BOT, now_ms=500, idle_ms=100) is None
    assert await store.set_implicit_run(BOT, OTHER, seen=None, now_ms=500) == OTHER
    assert await store.set_implicit_run(BOT, CHILD, seen=None, now_ms=500) == OTHER


async def test_a_known_implicit_run_can_be_replaced(store):
    await store.set_implicit_run(BOT, ROOT, seen=None, now_ms=0)
    assert await store.set_implicit_run(BOT, OTHER, seen=ROOT, now_ms=0) == OTHER
    assert await store.set_implicit_run(BOT, CHILD, seen=ROOT, now_ms=0) == OTHER


# revocations and uses


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (RevocationKind.TOKEN, TOKEN),
        (RevocationKind.RUN, ROOT),
        (RevocationKind.AGENT, BOT),
        (RevocationKind.KEY, "k1"),
    ],
)
async def test_a_revocation_is_in_every_snapshot_from_then_on(store, kind, name):
    await opened(store)
    await opened(store, OTHER)
    await store.revoke(kind, name, now_ms=1, why="lost")
    await store.revoke(kind, name, now_ms=2, why="again")
    assert (await snapshot(store, token_id=TOKEN, key_id="k1")).revoked == (kind,)
    others = (await snapshot(store, OTHER, token_id=TokenId("cap_2"), key_id="k2")).revoked
    assert others == ((kind,) if kind is RevocationKind.AGENT else ())


async def test_every_revocation_that_hits_is_named(store):
    await opened(store)
    for kind, name in [(RevocationKind.KEY, "k1"), (RevocationKind.RUN, ROOT), (RevocationKind.TOKEN, TOKEN)]:
        await store.revoke(kind, name, now_ms=1, why="")
    found = (await snapshot(store, token_id=TOKEN, key_id="k1")).revoked
    assert found == (RevocationKind.TOKEN, RevocationKind.RUN, RevocationKind.KEY)
    assert (await snapshot(store)).revoked == (RevocationKind.RUN,)


async def test_an_empty_name_is_never_revoked(store):
    await opened(store)
    await store.revoke(RevocationKind.KEY, "", now_ms=1, why="")
    await store.revoke(RevocationKind.TOKEN, "", now_ms=1, why="")
    assert (await snapshot(store, token_id=TokenId(""))).revoked == ()


async def test_a_token_has_the_uses_it_has(store):
    results = await asyncio.gather(*(store.use_token(TOKEN, uses=3, expires_ms=9) for _ in range(50)))
    assert sum(results) == 3
    assert await store.use_token(TokenId("cap_2"), uses=1, expires_ms=9)
    assert not await store.use_token(TokenId("cap_3"), uses=0, expires_ms=9)


async def test_uses_are_counted_for_as_long_as_the_token_could_be_presented(store):
    assert await store.use_token(TOKEN, uses=1, expires_ms=1_000_000_000)
    assert await store.use_token(TokenId("cap_2"), uses=1, expires_ms=1_000_000_000 + 15 * 60_000)
    assert not await store.use_token(TOKEN, uses=1, expires_ms=1_000_000_000)


# approvals


async def test_an_approval_is_found_as_it_was_opened(store):
    assert await store.open_approval(question()) == question() == await store.find_approval(ApprovalId("apr_1"))
    assert await store.find_approval(ApprovalId("apr_gone")) is None


async def test_the_same_question_is_asked_once(store):
    results = await asyncio.gather(*(store.open_approval(question(f"apr_{n}")) for n in range(30)))
    assert len({result.approval_id for result in results}) == 1
    assert len(await store.list_approvals()) == 1


@pytest.mark.parametrize("state", [ApprovalState.DENIED, ApprovalState.USED, ApprovalState.EXPIRED])
async def test_a_settled_question_can_be_asked_again(store, state):
    first = await store.open_approval(question())
    await store.swap_approval(first, replace(first, state=state))
    assert (await store.open_approval(question("apr_2"))).approval_id == "apr_2"


async def test_an_approved_question_in_force_is_not_asked_again(store):
    first = await store.open_approval(question())
    yes = replace(first, state=ApprovalState.APPROVED, answered_by="operator:o", answered_ms=5)
    await store.swap_approval(first, yes)
    assert await store.open_approval(question("apr_2", opened_ms=999)) == yes
    assert (await store.open_approval(question("apr_3", opened_ms=1_000))).approval_id == "apr_3"


async def test_another_request_is_another_question(store):
    await store.open_approval(question())
    assert (await store.open_approval(question("apr_2", digest="d2"))).approval_id == "apr_2"


async def test_an_approval_id_is_never_used_twice(store):
    await store.open_approval(question())
    with pytest.raises(StoreError):
        await store.open_approval(question(digest="d2"))
    assert await store.find_approval(ApprovalId("apr_1")) == question()


async def test_approvals_are_listed_newest_first(store):
    for n in range(4):
        await store.open_approval(question(f"apr_{n}", digest=str(n), opened_ms=n // 2))
    assert [kept.approval_id for kept in await store.list_approvals()] == ["apr_3", "apr_2", "apr_1", "apr_0"]
    assert len(await store.list_approvals(limit=2)) == 2
    newest = (await store.list_approvals(limit=1))[0]
    await store.swap_approval(newest, replace(newest, state=ApprovalState.DENIED))
    assert [kept.approval_id for kept in await store.list_approvals(pending=True)] == ["apr_2", "apr_1", "apr_0"]
    assert [kept.approval_id for kept in await store.list_approvals(pending=True, limit=2)] == ["apr_2"]


async def test_an_approval_is_used_once(store):
    first = await store.open_approval(question())
    yes = replace(first, state=ApprovalState.APPROVED)
    await store.swap_approval(first, yes)
    uses = (store.swap_approval(yes, replace(yes, state=ApprovalState.USED, why=str(n))) for n in range(30))
    results = await asyncio.gather(*uses, return_exceptions=True)
    assert [type(result) for result in results if result is not None] == [Stale] * 29
    kept = await store.find_approval(ApprovalId("apr_1"))
    assert kept is not None
    assert (kept.state, kept.why) == (ApprovalState.USED, str(results.index(None)))


async def test_an_approval_nobody_opened_cannot_be_swapped(store):
    with pytest.raises(Stale):
        await store.swap_approval(question(), question(state=ApprovalState.USED))


async def test_an_approval_keeps_its_id(store):
    first = await store.open_approval(question())
    with pytest.raises(ValueError, match="id"):
        await store.swap_approval(first, question("apr_2"))


async def test_an_approval_whose_answer_is_for_another_time_keeps_that_time(store):
    first = await store.open_approval(question())
    await store.swap_approval(first, replace(first, state=ApprovalState.APPROVED, expires_ms=5_000))
    assert (await store.open_approval(question("apr_2", opened_ms=4_999))).approval_id == "apr_1"


# life and failure


async def test_a_cancelled_caller_harms_nobody(store):
    seen = await opened(store)
    swap = asyncio.ensure_future(store.swap_tree(ROOT, seen=seen.version, new=replace(seen.tree, risk_micros=1)))
    await asyncio.sleep(0)
    swap.cancel()
    with pytest.raises(asyncio.CancelledError):
        await swap
    await store.use_token(TOKEN, uses=1, expires_ms=9)  # whatever was under way is over once a later write is
    after = await snapshot(store)
    assert (after.version, after.tree.risk_micros) in {(seen.version, 0), (seen.version + 1, 1)}
    await store.swap_tree(ROOT, seen=after.version, new=after.tree)


async def test_a_store_that_is_up_answers_a_ping(store):
    await store.ping()


async def test_nothing_can_be_asked_of_a_closed_store(store):
    await opened(store)
    await store.close()
    await store.close()
    for ask in (store.ping(), store.find_run(ROOT), store.swap_tree(ROOT, seen=1, new=tree_of())):
        with pytest.raises(StoreError, match="closed"):
            await ask


@pytest.mark.parametrize("failure", Failure)
class TestAWriteThatFails:
    """The caller gets `StoreError` and refuses. Trying again afterwards must not do it twice."""

    async def test_a_charge_is_never_taken_twice(self, store, failure):
        seen = await opened(store)
        charged = replace(seen.tree, risk_micros=1)
        with pytest.raises(StoreError):
            await FailingStore(store, swap_tree=failure).swap_tree(ROOT, seen=seen.version, new=charged)
        if failure is Failure.BEFORE:
            await store.swap_tree(ROOT, seen=seen.version, new=charged)
        else:
            with pytest.raises(Stale):
                await store.swap_tree(ROOT, seen=seen.version, new=charged)
        assert await snapshot(store) == replace(seen, tree=charged, version=seen.version + 1)

    async def test_a_run_is_never_opened_twice(self, store, failure):
        with pytest.raises(StoreError):
            await FailingStore(store, open_run=failure).open_run(run_of(ROOT), tree_of(), seen=None)
        assert (await store.snapshot(ROOT) is None) is (failure is Failure.BEFORE)
        if failure is Failure.AFTER:
            with pytest.raises(Stale):
                await store.open_run(run_of(ROOT), tree_of(), seen=None)
        assert len(await store.list_runs()) == (failure is Failure.AFTER)

    async def test_a_single_use_is_never_used_twice(self, store, failure):
        with pytest.raises(StoreError):
            await FailingStore(store, use_token=failure).use_token(TOKEN, uses=1, expires_ms=9)
        assert await store.use_token(TOKEN, uses=1, expires_ms=9) is (failure is Failure.BEFORE)
        assert not await store.use_token(TOKEN, uses=1, expires_ms=9)

    async def test_a_question_is_never_asked_twice(self, store, failure):
        with pytest.raises(StoreError):
            await FailingStore(store, open_approval=failure).open_approval(question())
        asked = await store.open_approval(question("apr_2"))
        assert asked.approval_id == ("apr_2" if failure is Failure.BEFORE else "apr_1")
        assert len(await store.list_approvals()) == 1

    async def test_an_approval_is_never_used_twice(self, store, failure):
        first = await store.open_approval(question(state=ApprovalState.APPROVED))
        used = replace(first, state=ApprovalState.USED)
        with pytest.raises(StoreError):
            await FailingStore(store, swap_approval=failure).swap_approval(first, used)
        if failure is Failure.BEFORE:
            await store.swap_approval(first, used)
        with pytest.raises(Stale):
            await store.swap_approval(first, used)

    async def test_a_revocation_can_be_repeated(self, store, failure):
        await opened(store)
        with pytest.raises(StoreError):
            await FailingStore(store, revoke=failure).revoke(RevocationKind.RUN, ROOT, now_ms=1, why="lost")
        await store.revoke(RevocationKind.RUN, ROOT, now_ms=1, why="lost")
        assert (await snapshot(store)).revoked == (RevocationKind.RUN,)

    async def test_setting_the_implicit_run_again_gives_the_one_that_is(self, store, failure):
        with pytest.raises(StoreError):
            await FailingStore(store, set_implicit_run=failure).set_implicit_run(BOT, ROOT, seen=None, now_ms=0)
        second = await store.set_implicit_run(BOT, OTHER, seen=None, now_ms=0)
        assert second == (OTHER if failure is Failure.BEFORE else ROOT)

    async def test_an_implicit_run_asked_for_in_vain_is_there_or_has_ended(self, store, failure):
        await store.set_implicit_run(BOT, ROOT, seen=None, now_ms=0)
        with pytest.raises(StoreError):
            await FailingStore(store, implicit_run=failure).implicit_run(BOT, now_ms=90, idle_ms=100)
        assert await store.implicit_run(BOT, now_ms=150, idle_ms=100) == (None if failure is Failure.BEFORE else ROOT)
