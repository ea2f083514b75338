"""What is in force, what a change of it gave and took, and what is wrong with what is on disk."""

import pytest

from aisecops.model.record import Event, EventName
from support.dashboard import Site
from support.gateway import RULES, House, rules_of


@pytest.fixture
async def site(tmp_path):
    site = Site(tmp_path)
    await site.log_in()
    return site


def reloaded(site, before, after):
    site.archive |= {before.policy_version: before, after.policy_version: after}
    return Event(
        event=EventName.RULES_RELOADED, policy_version=after.policy_version, fields={"before": before.policy_version}
    )


async def test_what_is_in_force_is_told(site):
    facts = await site.json("/policy.json")

    assert facts["policy_version"] == site.house.rules.current().policy_version
    clerk = next(one for one in facts["agents"] if one["agent_id"] == "clerk")
    assert {"tool": "db.write", "scope": "db.orders.*"} in clerk["grants"]
    assert (clerk["approve_above"], clerk["budgets"]["cost"]) == (1.5, 1.0)
    assert [tool["name"] for tool in facts["tools"]] == ["crm.read", "db.write", "mail.send"]
    assert (facts["problems"], facts["changes"]) == ([], [])
    assert "demo" not in await site.page("/policy")


async def test_a_change_tells_what_it_gave_and_took(site):
    before = rules_of(RULES.replace('      - {tool: db.write, scope: "db.orders.*"}\n', ""))
    site.house.record.events.append(reloaded(site, before, rules_of(RULES)))
    [change] = (await site.json("/policy.json"))["changes"]

    assert [one["direction"] for one in change["differences"]] == ["gained"]
    assert "db.write" in change["differences"][0]["what"]
    assert "1 gained" in await site.page("/policy")


async def test_a_change_from_rules_that_are_not_kept_is_still_told(site):
    event = Event(event=EventName.RULES_RELOADED, policy_version="sha256:b", fields={"before": "sha256:a"})
    site.house.record.events.append(event)
    [change] = (await site.json("/policy.json"))["changes"]

    assert (change["differences"], "not kept" in change["unknown"]) == ([], True)


async def test_rules_that_cannot_be_used_are_a_problem_until_they_are_mended(site):
    rejected = Event(event=EventName.RULES_REJECTED, fields={"problems": ["rules.yaml:3:1: `agnets` is no key"]})
    site.house.record.events.append(rejected)
    assert "not in force" in await site.page("/policy")
    assert "<code>agnets</code> is no key" in await site.page("/policy")
    rules = site.house.rules.current()
    site.house.record.events.append(reloaded(site, rules, rules))

    assert (await site.json("/policy.json"))["problems"] == []


async def test_an_agent_that_is_only_observed_is_marked(tmp_path):
    site = Site(tmp_path, House(RULES.replace("role: office", "role: office\n    mode: observe")))
    await site.log_in()

    assert '<span class="mark mark-hold">observe</span>' in await site.page("/policy")
