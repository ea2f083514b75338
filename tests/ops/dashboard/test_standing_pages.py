"""Inventory, evaluation and maturity: what there is, and what to do where there is nothing."""

import asyncio

import pytest

from aisecops.model.errors import StoreError
from aisecops.ops.control import shapes
from aisecops.ops.control.who import Asker, Role
from aisecops.ops.dashboard import standing_pages
from aisecops.ops.dashboard.page import Visitor
from aisecops.ops.dashboard.standing_pages import BEHIND, StandingPages
from aisecops.ops.maturity.criteria import CRITERIA
from support.asking import read
from support.dashboard import Site

VISITOR = Visitor(Asker(role=Role.VIEWER, name="vera"))
SUITES = {
    "injection": {"attacks": 40, "contained": 39, "twins": 40, "alarms": 1},
    "exfiltration": {"attacks": 10, "contained": 10},
}


@pytest.fixture
async def site(tmp_path):
    site = Site(tmp_path)
    await site.log_in()
    return site


class Asked:
    """A request with these parameters in its query."""

    def __init__(self, **query):
        self.query_params = query


async def test_the_inventory_is_that_of_the_api(site):
    run = await site.house.run()
    await site.house.ask(run, read(token=await site.house.token(run, "crm.read", "crm.customers.42")))
    told = shapes.shown_inventory(await site.house.inventory.all())
    facts = await site.json("/inventory.json")

    assert facts["counts"] == told["counts"]
    assert sorted(one["name"] for one in facts["integrations"]) == sorted(one["name"] for one in told["integrations"])
    unused = await site.json("/inventory.json?state=unused")
    assert {one["state"] for one in unused["integrations"]} == {"unused"}
    assert "Nothing here" in await site.page("/inventory?state=changed")


async def test_before_the_first_evaluation_the_page_says_how_to_make_one(site):
    assert (await site.json("/evaluation.json")) == {"evaluations": []}
    assert "aisecops eval" in await site.page("/evaluation")


async def test_the_last_evaluation_stands_on_the_page_and_in_the_figure(site):
    site.recorded()
    line = b'{"seq":1,"at":"2026-01-31T12:05:09.123Z","event":"evaluation_finished","run_id":null,"root_run_id":null,'
    line += b'"agent_id":null,"decision_id":null,"policy_version":"%s","ok":false,"prev":"","suites":%s}\n'
    import orjson

    (site.record / "record-000001.jsonl").write_bytes(
        line % (site.house.rules.current().policy_version.encode(), orjson.dumps(SUITES))
    )
    [evaluation] = (await site.json("/evaluation.json"))["evaluations"]

    assert (evaluation["ok"], [one["suite"] for one in evaluation["suites"]]) == (False, ["injection", "exfiltration"])
    page = await site.page("/evaluation")
    assert "39 of 40 contained · 1 false alarm" in page
    assert page.count('class="card" href="/records/1"') == len(SUITES)
    figures = {one["name"]: one["value"] for one in (await site.json("/index.json"))["figures"]}
    assert figures["injection_tests"] == 0.975


async def test_before_the_first_assessment_the_page_says_how_to_make_one(site):
    assert "aisecops maturity" in await site.page("/maturity")


async def test_nobody_waits_for_a_long_assessment_and_it_is_shown_once_it_is_there(site, monkeypatch):
    monkeypatch.setattr(standing_pages, "PATIENCE_S", 0.01)
    begun, may_end = 0, asyncio.Event()

    async def assessed():
        nonlocal begun
        begun += 1
        await may_end.wait()
        return {"level": begun}

    pages = StandingPages(site.house.inventory, site.index, assessed)
    both = await asyncio.gather(*(pages.maturity(Asked(), VISITOR) for _ in range(2)))
    assert [(page.facts, page.drawn["reading"]) for page in both] == [({}, True)] * 2
    may_end.set()
    first = await pages.maturity(Asked(), VISITOR)
    assert (first.facts, first.drawn["reading"], begun) == ({"level": 1}, False, 1)
    may_end.clear()
    again = await pages.maturity(Asked(), VISITOR)
    assert (again.facts, again.drawn["reading"], begun) == ({"level": 1}, True, 2)  # the last one meanwhile


async def test_an_assessment_that_fails_says_so_and_is_tried_again(site):
    async def assessed():
        raise StoreError("the store is down")

    pages = StandingPages(site.house.inventory, site.index, assessed)
    for _ in range(2):
        with pytest.raises(StoreError):
            await pages.maturity(Asked(), VISITOR)


async def test_the_level_is_shown_with_what_is_missing_and_what_to_do_next(site):
    async def assessed():
        criterion = {
            "level": 2,
            "name": "tokens",
            "asks": "every call has a token",
            "met": False,
            "evidence": ["none has"],
            "mend": "`token: require`",
        }
        control = {
            "control": "AIS-CTX-01",
            "objective": "isolation",
            "in_force": True,
            "evidence": ["rules"],
            "nist_ai_rmf": ["GOVERN"],
            "owasp_llm_2025": ["LLM01"],
        }
        return {
            "level": 1,
            "title": "Prompt-Controlled",
            "coverage": 0.5,
            "at": "2026-01-31T12:05:09Z",
            "criteria": [criterion],
            "missing": [criterion],
            "next": [{"step": "rules", "mend": criterion["mend"], "criteria": ["tokens"]}],
            "controls": [control],
            "trend": [],
        }

    page = await StandingPages(site.house.inventory, site.index, assessed).maturity(Asked(), VISITOR)
    text = site.dashboard._gate._templates.get_template(page.template).render(
        {
            **page.drawn,
            "facts": page.facts,
            "title": page.title,
            "visitor": VISITOR,
            "path": "/maturity",
            "query": "",
            "theme": "",
            "now_s": 0,
            "waiting": 0,
        }
    )

    assert "Missing for Level 2" in text
    assert "<code>token: require</code>" in text
    assert "for tokens" in text
    assert "AIS-CTX-01" in text


async def test_every_criterion_leads_to_the_page_that_has_what_it_is_shown_by(site):
    assert set(BEHIND) == {name for _, name, _, _ in CRITERIA}
    for path in set(BEHIND.values()):
        await site.page(path)
