"""What the store forgets, and what it must not: nothing that still counts for anybody."""

from __future__ import annotations

import pytest

from aisecops.gateway.runs.forgetting import DAY_MS, Forgetting
from aisecops.model.chain import Drawn, Way
from aisecops.model.errors import RecordError
from aisecops.model.ids import AgentId, RunId
from support.gateway import RULES, House, code, write
from support.trees import run_of, run_state, tree_of

BOT = AgentId("bot")
KEEP_DAYS = 30


def forgetting(house, days: int = KEEP_DAYS) -> Forgetting:
    return Forgetting(house.store, house.record, house.rules, house.clock, keep_ms=days * DAY_MS)


async def tree(house, name: str, *, age_days: float, draws_on: tuple[str, ...] = (), **state) -> RunId:
    """A tree that was last stepped in so long ago, and works on the words of others."""
    run_id, seen_ms = RunId(name), house.clock.now_ms() - int(age_days * DAY_MS)
    drawn = tuple(
        Drawn(root_run_id=RunId(other), run_id=RunId(other), agent_id=BOT, way=Way.TOOL, at_ms=0) for other in draws_on
    )
    await house.store.open_run(
        run_of(run_id), tree_of(run_state(run_id), seen_ms=seen_ms, drawn=drawn, **state), seen=None
    )
    return run_id


async def left(house) -> set[str]:
    return {str(run.run_id) for run in await house.store.list_runs()}


async def test_a_tree_goes_after_so_many_days_without_a_step_and_the_record_says_so():
    house = House()
    await tree(house, "old", age_days=31)
    await tree(house, "young", age_days=29)
    assert await forgetting(house).sweep() == 1
    assert await left(house) == {"young"}
    [told] = [event.fields for event in house.record.events if event.event == "runs_forgotten"]
    assert (told["trees"], told["kept"]) == (1, 1)
    assert told["before_ms"] == house.clock.now_ms() - KEEP_DAYS * DAY_MS
    assert await forgetting(house).sweep() == 0
    assert len([event for event in house.record.events if event.event == "runs_forgotten"]) == 1


async def test_a_run_that_is_forgotten_is_nobodys_and_lets_nothing_through():
    house = House()
    run = await house.run()
    token = await house.token(run, "db.write", "db.orders.7")
    house.clock.ms += 31 * DAY_MS
    assert await forgetting(house).sweep() == 1
    assert code(await house.ask(run, write(token=token))) is not None


async def test_what_a_tree_that_stays_works_on_stays_also_through_others():
    house = House()
    for name, age, draws_on in (
        ("source", 90, ()),
        ("between", 60, ("source",)),
        ("alive", 1, ("between",)),
        ("alone", 90, ()),
        ("of the alone", 60, ("alone",)),
    ):
        await tree(house, name, age_days=age, draws_on=draws_on)
    await forgetting(house).sweep()
    assert await left(house) == {"source", "between", "alive"}


@pytest.mark.parametrize("moved", ["halted_ms", "reviewed_ms"])
async def test_a_halt_or_a_review_is_a_move(moved):
    house = House()
    await tree(house, "old", age_days=90, **{moved: house.clock.now_ms() - DAY_MS})
    assert await forgetting(house).sweep() == 0
    assert await left(house) == {"old"}


async def test_a_tree_stays_for_as_long_as_its_words_join_chains():
    house = House(RULES.replace("risk:\n  sequences:", "risk:\n  join_within: 960h\n  sequences:"))
    await tree(house, "old", age_days=40)
    assert await forgetting(house).sweep() == 0
    house.clock.ms += 2 * DAY_MS
    assert await forgetting(house).sweep() == 1


async def test_nothing_is_forgotten_that_cannot_be_recorded():
    house = House()
    await tree(house, "old", age_days=90)
    house.record.broken = True
    with pytest.raises(RecordError):
        await forgetting(house).sweep()
    assert await left(house) == {"old"}
