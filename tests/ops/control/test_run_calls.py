"""Runs are listed a thousand at once, of one agent if it is named, each as it stands."""

from __future__ import annotations

import pytest

from aisecops.ops.control import run_calls
from support.api import CLERK, OPERATOR, VISITOR, Api


@pytest.fixture
def api(tmp_path, monkeypatch):
    monkeypatch.setattr(run_calls, "AT_ONCE", 2)
    return Api(tmp_path)


async def listed(api, who, query=""):
    answer = await api.ask("GET", f"/v1/runs{query}", who)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return [(run["run_id"], run["state"]) for run in told["runs"]], told["before"]


async def test_a_list_that_is_full_says_where_the_next_begins(api):
    runs = [(await api.run())["run_id"] for _ in range(3)]
    assert (await api.ask("POST", f"/v1/runs/{runs[0]}/halt", OPERATOR, {})).status_code == 200

    assert await listed(api, OPERATOR) == ([(runs[2], "active"), (runs[1], "active")], runs[1])
    assert await listed(api, OPERATOR, f"?before={runs[1]}") == ([(runs[0], "halted")], None)


async def test_the_runs_of_one_agent_are_found_behind_any_number_of_others(api):
    mine = (await api.run(VISITOR))["run_id"]
    for _ in range(5):
        await api.run(CLERK)

    assert await listed(api, OPERATOR, "?agent=visitor") == ([(mine, "active")], None)
    assert await listed(api, VISITOR) == ([(mine, "active")], None)


async def test_an_agent_lists_nobody_elses(api):
    await api.run(CLERK)

    answer = await api.ask("GET", "/v1/runs?agent=clerk", VISITOR)

    assert (answer.status_code, answer.json()["code"]) == (403, "policy_denied")
