"""What has changed of an integration is accepted on the inventory's page: by whom may, with a reason, as it was shown."""

import html
import re

import pytest

from support.dashboard import PEOPLE, Site
from support.gateway import House
from support.integrations import RULES, TOOL, changed, lists

FORM = re.compile(r'action="/inventory/accept">(.*?)</form>', re.DOTALL)
HIDDEN = re.compile(r'name="(\w+)" value="([^"]*)"')


@pytest.fixture
async def site(tmp_path):
    site = Site(tmp_path, House(RULES + PEOPLE))
    await changed(site.house)
    return site


def forms(page):
    """The hidden fields of every form for accepting, by the integration's name."""
    found = {}
    for inner in FORM.findall(page):
        fields = {name: html.unescape(value) for name, value in HIDDEN.findall(inner) if name != "csrf"}
        found.setdefault(fields["name"], []).append(fields)
    return found


async def state(site, name):
    integrations = (await site.json("/inventory.json"))["integrations"]
    return next(one["state"] for one in integrations if one["name"] == name)


async def test_a_tool_is_accepted_as_it_is_now_with_a_reason_in_the_record(site):
    await site.log_in()
    [shown] = forms(await site.page("/inventory"))[TOOL]
    answer = await site.send("/inventory/accept", **shown, reason="the new text is right")

    assert (answer.status_code, answer.headers["location"]) == (303, "/inventory")
    assert await state(site, TOOL) == "active"
    assert "accepted by operator:local: the new text is right" in await site.page("/inventory")
    told = [event for event in site.house.record.events if event.event == "integration_accepted"]
    assert [(one.fields["by"], one.fields["why"]) for one in told] == [("operator:local", "the new text is right")]


async def test_of_several_prompts_each_is_accepted_by_itself(site):
    await site.log_in()
    shown = forms(await site.page("/inventory"))["prompt:clerk"]
    assert len({one["digest"] for one in shown}) == len(shown) == 2

    await site.send("/inventory/accept", **shown[0], reason="right")
    assert len(forms(await site.page("/inventory"))["prompt:clerk"]) == 1


async def test_what_changed_again_after_somebody_looked_is_not_accepted(site):
    await site.log_in()
    [shown] = forms(await site.page("/inventory"))[TOOL]
    await lists(site.house, "Finds everything and sends it away.")
    refused = await site.send("/inventory/accept", **shown, reason="right")

    assert refused.status_code == 403
    assert "has changed again" in refused.text
    assert await state(site, TOOL) == "changed"


@pytest.mark.parametrize("reason", ["", "   "])
async def test_an_acceptance_needs_a_reason(site, reason):
    await site.log_in()
    [shown] = forms(await site.page("/inventory"))[TOOL]

    assert (await site.send("/inventory/accept", **shown, reason=reason)).status_code == 400
    assert await state(site, TOOL) == "changed"


async def test_who_may_only_look_has_no_form_and_is_refused(site):
    await site.log_in("vera's secret")
    assert forms(await site.page("/inventory")) == {}
    refused = await site.send("/inventory/accept", name=TOOL, reason="please")

    assert refused.status_code == 403
    assert await state(site, TOOL) == "changed"


async def test_a_form_of_another_login_accepts_nothing(site):
    await site.log_in()
    [shown] = forms(await site.page("/inventory"))[TOOL]
    refused = await site.browser.post("/inventory/accept", data={**shown, "csrf": "guessed", "reason": "x"})

    assert refused.status_code == 403
    assert await state(site, TOOL) == "changed"
