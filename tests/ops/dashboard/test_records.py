"""The records behind a figure, and one of them whole."""

import html
import json
import re

import pytest

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
