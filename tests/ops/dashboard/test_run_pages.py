"""Runs as people see them, and the brake."""

import html
import re

import pytest

from aisecops.ops.dashboard import run_pages
from support.asking import read, send
from support.dashboard import PEOPLE, Site
from support.gateway import RULES, House


@pytest.fixture
async def site(tmp_path):
    site = Site(tmp_path, House(RULES + PEOPLE))
    await site.log_in()
    return site


async def test_a_run_stands_in_the_list_with_what_it_has_used(site):
    run = await site.house.run()
    await site.house.ask(run, read("1", token=await site.house.token(run, "crm.read", "crm.customers.1")))
    [row] = (await site.json("/runs.json"))["runs"]

    assert (row["run_id"], row["state"], row["risk"], row["halt_above"]) == (run.run.run_id, "active", 0.1, 2.0)
    used = {one["budget"]: (one["used"], one["limit"]) for one in row["budgets"]}
    assert used["tool calls"] == (1, 50)
    assert used["writes"] == (0, 10)


async def test_the_list_is_of_one_state_or_one_agent(site):
    clerk, visitor = await site.house.run("clerk"), await site.house.run("visitor")
    await site.house.runs.halt(visitor.run.run_id, by="operator:local", why="x")

    halted = await site.json("/runs.json?state=halted")
    assert [row["run_id"] for row in halted["runs"]] == [visitor.run.run_id]
    assert halted["counts"] == {"active": 1, "held": 0, "halted": 1, "finished": 0}
    of_clerk = await site.json("/runs.json?agent=clerk")
    assert [row["run_id"] for row in of_clerk["runs"]] == [clerk.run.run_id]


async def test_a_long_list_comes_in_pages(site, monkeypatch):
    monkeypatch.setattr(run_pages, "AT_ONCE", 2)
    for _ in range(5):
        await site.house.run()
    assert "Newer" not in await site.page("/runs")
    last = await site.page("/runs?from=4")

    assert last.count('class="agent"') == 1
    assert 'href="/runs?from=2" rel="prev"' in last
    assert "Older" not in last
    assert 'href="/runs">Newest' in last
    assert (await site.json("/runs.json?from=-1"))["from"] == 0
    assert (await site.json("/runs.json?from=99999999999"))["runs"] == []


async def test_a_list_that_is_longer_than_is_looked_at_goes_on(site, monkeypatch):
    monkeypatch.setattr(run_pages, "AT_ONCE", 2)
    monkeypatch.setattr(run_pages, "NEWEST", 3)
    opened = [(await site.house.run()).run.run_id for _ in range(7)]
    await site.house.runs.halt(opened[0], by="operator:local", why="x")
    seen, path = [], "/runs"
    while path:
        page = await site.page(path)
        seen += [row["run_id"] for row in (await site.json(path.replace("/runs", "/runs.json")))["runs"]]
        older = re.search(r'href="([^"]+)" rel="next"', page)
        path = html.unescape(older[1]) if older else ""

    assert sorted(seen) == sorted(opened)
    assert len(seen) == len(set(seen))
    first = await site.json("/runs.json?state=halted")
    assert (first["runs"], first["older_than_these"] != "") == ([], True)  # none of the newest; the page leads on


async def test_a_run_tells_its_story_and_its_risk(site):
    run = await site.house.run()
    await site.house.ask(run, read("1", token=await site.house.token(run, "crm.read", "crm.customers.1")))
    await site.house.ask(run, send(token=await site.house.token(run, "mail.send", "mail.contacts.ann")))
    facts = await site.json(f"/runs/{run.run.run_id}.json")

    assert [step["total"] for step in facts["risk"]] == [0.1, 1.06]
    assert facts["story"][0]["words"] == "opened by agent:clerk"
    text = await site.page(f"/runs/{run.run.run_id}")
    assert "risk 0.96 = 0.4 base" in text
    assert "1.2 escalation" in text
    assert facts["risk"][1]["words"][0] == "mail.send: passed"
    for step in facts["risk"]:
        assert f'id="{step["decision_id"]}"' in text
        assert f'href="#{step["decision_id"]}"' in text


async def test_a_run_below_another_tells_its_own_and_the_root_tells_all(site):
    above = await site.house.run()
    below = await site.house.run(parent=above.run.run_id)
    await site.house.ask(below, read("1", token=await site.house.token(below, "crm.read", "crm.customers.1")))
    own = await site.json(f"/runs/{below.run.run_id}.json")
    whole = await site.json(f"/runs/{above.run.run_id}.json")

    assert own["run"]["parent"] == above.run.run_id
    assert whole["below"] == [{"run_id": below.run.run_id, "agent_id": "clerk"}]
    assert len(whole["story"]) == len(own["story"]) + 1
    assert whole["risk"] == own["risk"]


async def test_a_long_story_says_that_it_is_cut(site, monkeypatch):
    monkeypatch.setattr(run_pages, "MOST_EVENTS", 2)
    run = await site.house.run()
    for _ in range(3):
        await site.house.ask(run, read())

    assert "The first 2 of 4 events" in await site.page(f"/runs/{run.run.run_id}")


async def test_halting_and_resuming_say_who_and_why(site):
    run = await site.house.run()
    path = f"/runs/{run.run.run_id}"
    answer = await site.send(f"{path}/halt", reason="looks wrong")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    page = await site.page(path)
    assert "Halted: looks wrong" in page
    halted = site.house.record.events[-1]
    assert (halted.event, halted.fields["by"], halted.fields["why"]) == ("run_halted", "operator:local", "looks wrong")

    await site.send(f"{path}/resume", reason="it was right")
    assert (await site.json(f"{path}.json"))["run"]["state"] == "active"


async def test_a_run_is_resumed_with_an_allowance_and_no_more_than_the_rules_have(site):
    run = await site.house.run()
    path = f"/runs/{run.run.run_id}"
    most = (await site.json(f"{path}.json"))["resume_allowance"]
    await site.send(f"{path}/halt", reason="looks wrong")
    assert f"up to {most:g}" in await site.page(path)

    for wrong in ("-1", "lots", "nan", "inf", "1e99", str(most + 0.001)):
        refused = await site.send(f"{path}/resume", reason="x", allowance=wrong)
        assert refused.status_code in {400, 403}, wrong
        assert (await site.json(f"{path}.json"))["run"]["state"] == "halted"
    await site.send(f"{path}/resume", reason="it was right", allowance=" 0.25 ")
    assert (await site.json(f"{path}.json"))["run"]["state"] == "active"
    assert site.house.record.events[-1].fields["allowance"] == 0.25


async def test_there_is_no_such_run(site):
    assert "there is no run" in await site.page("/runs/run_x", 403)
    assert (await site.send("/runs/run_x/halt", reason="x")).status_code == 403
