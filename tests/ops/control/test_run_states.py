"""How runs stand is read for a whole list at once, also where the store has forgotten a tree."""

from __future__ import annotations

from msgspec.structs import replace

from aisecops.model.ids import RunId
from aisecops.ops.control.run_states import standings
from support.asking import send
from support.gateway import RULES, House


async def test_each_run_stands_as_its_own_tree_says_in_the_order_of_the_list():
    house = House(RULES.replace("approve_above: 1.5", "approve_above: 0.5"))
    active, held, halted = [await house.run() for _ in range(3)]
    await house.ask(held, send(token=await house.token(held, "mail.send", "mail.contacts.ann")))
    await house.runs.halt(halted.run.run_id, by="operator:local", why="x")
    forgotten = replace(active.run, run_id=RunId("run_old"), root_run_id=RunId("run_old"))

    found = await standings(house.store, [halted.run, forgotten, active.run, held.run])

    assert found == ["halted", "finished", "active", "held"]


async def test_of_no_runs_nothing_is_asked():
    assert await standings(None, []) == []  # type: ignore[arg-type]
