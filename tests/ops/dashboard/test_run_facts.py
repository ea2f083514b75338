"""Where a run stands is the same on a page as in the API."""

import pytest

from aisecops.ops.dashboard.run_facts import counted, listed
from support.api import OPERATOR, Api
from support.asking import send
from support.gateway import RULES, House


@pytest.fixture
def house():
    return House(RULES.replace("approve_above: 1.5", "approve_above: 0.5"))


async def test_pages_and_api_agree_on_every_state(house, tmp_path):
    _active, held, halted, finished = [await house.run() for _ in range(4)]
    below = await house.run(parent=halted.run.run_id)
    await house.ask(held, send(token=await house.token(held, "mail.send", "mail.contacts.ann")))
    await house.runs.halt(halted.run.run_id, by="operator:local", why="x")
    await house.runs.finish(finished.run.run_id, by="agent:clerk")
    runs = await house.store.list_runs()
    rows = await listed(house.store, house.rules.current(), runs, now_ms=house.clock.now_ms())
    told = (await Api(tmp_path, house).ask("GET", "/v1/runs", OPERATOR)).json()["runs"]

    states = {row["run_id"]: row["state"] for row in rows}
    assert states == {run["run_id"]: run["state"] for run in told}
    assert states[below.run.run_id] == "halted"
    assert await counted(house.store, runs) == {"active": 1, "held": 1, "halted": 2, "finished": 1}


async def test_a_run_of_an_agent_the_rules_name_no_longer_has_no_limits(house):
    await house.run("visitor")
    rules = House(RULES.replace("visitor", "guest")).rules.current()
    [row] = await listed(house.store, rules, await house.store.list_runs(), now_ms=house.clock.now_ms())

    assert (row["halt_above"], [one["limit"] for one in row["budgets"]]) == (None, [None] * 4)
