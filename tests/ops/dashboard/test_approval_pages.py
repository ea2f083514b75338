"""A held step with its evidence, and a person's answer to it."""

import pytest

from support.asking import code, send
from support.dashboard import PEOPLE, Site
from support.gateway import RULES, House


@pytest.fixture
async def site(tmp_path):
    site = Site(tmp_path, House(RULES.replace("approve_above: 1.5", "approve_above: 0.5") + PEOPLE))
    await site.log_in("abe's secret")
    return site


async def held(site, opened_by="agent:clerk"):
    """A run with a mail that waits, and what it waits on."""
    run = await site.house.run(opened_by=opened_by)
    refused = await ask(site, run)
    assert code(refused) == "human_approval_required"
    return run, refused.approval_id


async def ask(site, run):
    return await site.house.ask(run, send(token=await site.house.token(run, "mail.send", "mail.contacts.ann")))


async def test_what_waits_is_listed_and_counted_on_every_page(site):
    assert "Nothing waits" in await site.page("/approvals")
    _, approval = await held(site)

    assert [one["approval_id"] for one in (await site.json("/approvals.json"))["pending"]] == [approval]
    assert f'href="/approvals/{approval}"' in await site.page("/approvals")
    assert 'aria-label="1 waiting"' in await site.page("/runs")


async def test_whoever_waits_longest_stands_first(site):
    first = (await held(site))[1]
    site.house.clock.ms += 5000
    second = (await held(site))[1]

    assert [one["approval_id"] for one in (await site.json("/approvals.json"))["pending"]] == [first, second]


async def test_the_evidence_and_the_request_stand_on_its_page(site):
    _, approval = await held(site)
    text = await site.page(f"/approvals/{approval}")

    assert "over 0.5; have a person approve it" in text
    assert "mail.contacts.ann" in text
    assert "hello" in text  # what would leave
    assert (await site.json(f"/approvals/{approval}.json"))["risk"]["total"] == 0.8


async def test_an_approval_lets_the_request_pass_once(site):
    run, approval = await held(site)
    answer = await site.send(f"/approvals/{approval}", decision="approve", reason="as agreed")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/approvals/{approval}")
    assert code(await ask(site, run)) == "Forward"
    granted = next(event for event in site.house.record.events if event.event == "approval_granted")
    assert (granted.fields["by"], granted.fields["why"]) == ("person:abe", "as agreed")
    assert "as agreed" in await site.page("/approvals")


async def test_a_denial_is_final(site):
    run, approval = await held(site)
    await site.send(f"/approvals/{approval}", decision="deny", reason="no")

    assert code(await ask(site, run)) != "Forward"
    assert "no" in (await site.json(f"/approvals/{approval}.json"))["reason"]
    assert (await site.send(f"/approvals/{approval}", decision="approve", reason="yes")).status_code == 403


@pytest.mark.parametrize(
    "fields",
    [{}, {"decision": "maybe", "reason": "x"}, {"decision": "approve"}, {"decision": "approve", "reason": "  "}],
)
async def test_an_answer_that_is_none_changes_nothing(site, fields):
    _, approval = await held(site)

    assert (await site.send(f"/approvals/{approval}", **fields)).status_code == 400
    assert (await site.json(f"/approvals/{approval}.json"))["state"] == "pending"


async def test_a_viewer_sees_it_and_has_no_button(site):
    _, approval = await held(site)
    await site.log_in("vera's secret")

    assert "Approve once" not in await site.page(f"/approvals/{approval}")
    assert (await site.send(f"/approvals/{approval}", decision="approve", reason="x")).status_code == 403
    assert (await site.json(f"/approvals/{approval}.json"))["state"] == "pending"


async def test_nobody_answers_for_a_run_they_opened(site):
    _, approval = await held(site, opened_by="person:abe")
    text = await site.page(f"/approvals/{approval}")

    assert "Approve once" not in text
    assert "cannot answer for it" in text
    assert (await site.send(f"/approvals/{approval}", decision="approve", reason="x")).status_code == 403


async def test_one_that_nobody_answered_in_time_waits_no_more(site):
    _, approval = await held(site)
    site.house.clock.ms += 900_000
    assert (await site.json("/approvals.json"))["pending"] == []

    assert (await site.json(f"/approvals/{approval}.json"))["state"] == "expired"


async def test_there_is_no_such_approval(site):
    assert "no such approval" in await site.page("/approvals/apr_x", 403)
