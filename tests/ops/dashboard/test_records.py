"""The records behind a figure, and one of them whole."""

import html
import json
import re

import pytest

from aisecops.model.exchange import HttpResponse
from aisecops.ops.dashboard import records
from aisecops.ops.dashboard.records import shown_record
from support.asking import read
from support.dashboard import Site


@pytest.fixture
async def site(tmp_path):
    site = Site(tmp_path)
    await site.log_in()
    return site


def test_an_event_that_a_decision_tells_of_is_a_line_of_its_own_here():
    said = {
        "seq": 5,
        "at": "2026-01-31T12:05:09.123Z",
        "event": "budget_exceeded",
        "run_id": "run_1",
        "root_run_id": "run_1",
    }
    shown = shown_record({**said, "agent_id": "bot", "decision_id": "dec_1", "detail": "5 of 5"})

    assert (shown["words"], shown["why"]) == ("budget exceeded", ["5 of 5"])


async def test_a_record_is_shown_whole(site):
    run = await site.house.run()
    await site.house.ask(run, read())
    [newest] = (await site.json("/records.json?figure=denials"))["records"]
    whole = await site.json(f"/records/{newest['seq']}.json")

    assert whole["event"] == "decision"
    assert whole["decision_id"] == newest["decision_id"]
    shown = re.search(r"<pre[^>]*>(.*)</pre>", await site.page(f"/records/{newest['seq']}"), re.DOTALL)
    assert json.loads(html.unescape(shown[1])) == whole


@pytest.mark.parametrize(
    "path",
    [
        "/records/0",
        "/records/999",
        "/records/-1",
        "/records/x",
        "/records/" + "9" * 40,
        "/records/\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
async def test_there_is_no_such_record(site, path):
    assert "no line" in await site.page(path, 400)


async def test_there_is_no_such_figure(site):
    assert "name a figure" in await site.page("/records?figure=happiness", 400)


async def many(site, count):
    run = await site.house.run()
    for _ in range(count):
        await site.house.ask(run, read())
    return run


async def test_the_records_of_a_figure_come_in_pages_and_none_twice(site, monkeypatch):
    monkeypatch.setattr(records, "AT_ONCE", 2)
    await many(site, 5)
    seen, path = [], "/records?figure=denials"
    while path:
        page = await site.page(path)
        twin = await site.json(path.replace("/records?", "/records.json?"))
        seen += [one["seq"] for one in twin["records"]]
        older = re.search(r'href="([^"]+)" rel="next"', page)
        path = html.unescape(older[1]) if older else ""

    assert len(seen) == 5
    assert seen == sorted(set(seen), reverse=True)
    assert 'rel="prev"' in await site.page("/records?figure=denials&from=2")
    assert "none of these so far back" in await site.page("/records?figure=denials&from=9999")


async def test_all_records_come_in_pages_down_to_the_first_line(site, monkeypatch):
    monkeypatch.setattr(records, "AT_ONCE", 3)
    await many(site, 5)
    seen, path = [], "/records"
    while path:
        page = await site.page(path)
        seen += [one["seq"] for one in (await site.json(path.replace("/records", "/records.json")))["records"]]
        older = re.search(r'href="([^"]+)" rel="next"', page)
        path = html.unescape(older[1]) if older else ""

    assert seen == list(range(site.index.seq, 0, -1))
    newer = re.search(r'href="([^"]+)" rel="prev"', await site.page("/records?before=2"))
    assert html.unescape(newer[1]) == "/records?before=5"
    assert (await site.json("/records.json?before=99999"))["records"][0]["seq"] == site.index.seq


async def test_answers_have_their_records_too(site):
    run = await site.house.run()
    permit = (
        await site.house.ask(run, read("1", token=await site.house.token(run, "crm.read", "crm.customers.1")))
    ).permit
    await site.house.enforcement.settle(permit, HttpResponse(status=200, headers=(), body=b"{}"))
    [answer] = (await site.json("/records.json?figure=tool_answers"))["records"]

    assert answer["event"] == "tool_returned"
    assert "Answers of tools" in await site.page("/records?figure=tool_answers")
    assert (await site.json("/records.json?figure=model_answers"))["records"] == []


async def test_a_figure_stands_above_its_records_as_on_the_overview(site):
    await many(site, 2)
    among_all = {one["name"]: one for one in (await site.json("/index.json?span=day"))["figures"]}
    alone = await site.json("/records.json?figure=denials&span=day")

    del among_all["denials"]["records"]  # there it leads here
    assert {name: alone[name] for name in among_all["denials"]} == among_all["denials"]
    page = await site.page("/records?figure=denials&span=day")
    assert 'data-chart="trend"' in page
    assert page.count('<th scope="row">') == 1  # the table twin: one stretch in which something happened
