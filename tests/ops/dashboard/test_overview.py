"""The first page says what the record says, and its links lead to the records behind each figure."""

import pytest

from aisecops.model.record import Event, EventName
from aisecops.ops.figures.eleven import FIGURES
from support.dashboard import Site, lived
from support.gateway import RULES, House


@pytest.fixture
async def site(tmp_path):
    site = Site(tmp_path, House(RULES.replace("approve_above: 1.5", "approve_above: 0.5")))
    await site.log_in()
    return site


def values(facts):
    return {one["name"]: one["value"] for one in facts["figures"]}


async def test_an_empty_record_has_a_first_page(site):
    facts = await site.json("/index.json")

    assert values(facts)["total_runs"] == 0
    assert values(facts)["denials"] is None
    assert "Nothing has been refused yet" in await site.page("/")


async def test_all_eleven_figures_stand_on_the_page_with_a_trend(site):
    await lived(site)
    facts = await site.json("/index.json")

    assert [one["name"] for one in facts["figures"]] == [figure.name for figure in FIGURES]
    assert {len(one["trend"]) for one in facts["figures"]} == {60}
    assert facts["runs"] == {"active": 0, "held": 1, "halted": 0, "finished": 0}
    assert values(facts)["denials"] == pytest.approx(1 / 3)
    text = await site.page("/")
    assert all(figure.title in text for figure in FIGURES)


@pytest.mark.parametrize(("span", "points"), [("day", 24), ("month", 30), ("year", 52), ("century", 60), ("", 60)])
async def test_the_trend_looks_as_far_back_as_asked(site, span, points):
    await lived(site)
    facts = await site.json(f"/index.json?span={span}")

    assert len(facts["figures"][0]["trend"]) == points
    assert sum(point["value"] for point in facts["figures"][0]["trend"]) == 1


async def test_rules_on_disk_that_cannot_be_used_stand_on_the_first_page(site):
    await site.house.record.append(Event(event=EventName.RULES_REJECTED, fields={"problems": ["x"]}))
    assert "not in force" in await site.page("/")
    await site.house.record.append(Event(event=EventName.RULES_RELOADED, fields={"before": ""}))
    assert "not in force" not in await site.page("/")


async def test_every_figure_leads_to_its_records(site):
    run = await lived(site)
    facts = await site.json("/index.json")
    for one in facts["figures"]:
        if one["name"] == "injection_tests":
            continue
        found = (await site.json(one["records"].replace("/records?", "/records.json?")))["records"]
        if one["value"]:
            assert found, one["name"]
            assert {record["run_id"] for record in found} == {run.run.run_id}
