"""A browser logs in by way of the provider that the rules name; the provider is real and on loopback."""

import itertools
import re

import pytest

from aisecops.adapters.oidc.provider import Providers
from aisecops.ops.control.oidc import SignIn
from aisecops.ops.dashboard.sign_in import BACK, BEGIN, COOKIE, WITHIN_MS, ProviderLogin
from support.dashboard import Site
from support.gateway import RULES, House, rules_of
from support.office import OIDC
from support.provider import CLIENT_SECRET, played_provider


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with played_provider(tmp_path_factory.mktemp("provider")) as one:
        yield one


@pytest.fixture
async def site(running, tmp_path):
    running.claims = {"sub": "u-1", "preferred_username": "bob", "groups": ["oncall"]}
    running.discovery.clear()
    site = Site(tmp_path, House(RULES + OIDC.format(issuer=running.issuer)))
    running.now_s = site.house.clock.ms // 1000
    providers = Providers(site.house.clock, trust=[running.ca])
    known = {"env:OIDC": CLIENT_SECRET.encode()}
    sign_in = SignIn(rules=site.house.rules, clock=site.house.clock, providers=providers, secret=known.get)
    names = itertools.count(1)
    provider = ProviderLogin(
        site.dashboard.login, sign_in, clock=site.house.clock, control_url="http://control", new_secret=lambda: f"handle-{next(names)}"
    )  # fmt: skip
    site.dashboard.add(provider.routes())
    site.reopen()
    yield site
    await providers.close()


async def came_back(site, running, to="/runs", browser=None):
    """The answer to a browser that has been at the provider and back."""
    browser = browser or site.browser
    begun = await browser.get(f"{BEGIN}?to={to}")
    assert begun.status_code == 303, begun.text
    return await browser.get(BACK, params=running.signs_in(begun.headers["location"]))


async def test_the_page_of_the_login_offers_it_while_the_rules_do(site):
    assert f'href="{BEGIN}?to=' in (await site.browser.get("/login")).text
    site.house.rules.rules = rules_of(RULES)
    assert BEGIN not in (await site.browser.get("/login")).text
    assert (await site.browser.get(BEGIN)).status_code == 403


async def test_somebody_signs_in_and_is_led_on_by_a_page_of_ours(site, running):
    answer = await came_back(site, running)

    assert answer.status_code == 200  # a redirect would lose the strict cookie
    assert '<meta http-equiv="refresh" content="0;url=/runs">' in answer.text
    assert "SameSite=strict" in answer.headers["set-cookie"]
    text = await site.page("/runs")
    assert re.search(r'who-name">bob</span> <span class="quiet">approver', text)


async def test_a_sign_in_never_leads_elsewhere(site, running):
    assert 'url=/"' in (await came_back(site, running, to="//evil.example")).text


async def test_whom_the_rules_let_in_no_longer_is_out_at_once(site, running):
    await came_back(site, running)
    site.house.rules.rules = rules_of(RULES + OIDC.format(issuer=running.issuer).replace("oncall", "nightshift"))

    assert (await site.browser.get("/runs")).status_code == 303


async def test_another_browser_cannot_finish_what_this_one_began(site, running):
    begun = await site.browser.get(BEGIN)
    brought = running.signs_in(begun.headers["location"])
    stranger = site.other()

    assert (await stranger.get(BACK, params=brought)).status_code == 403
    stranger.cookies.set(COOKIE, "handle-99", path=BEGIN)
    assert (await stranger.get(BACK, params=brought)).status_code == 403


async def test_a_sign_in_serves_once(site, running):
    begun = await site.browser.get(BEGIN)
    brought = running.signs_in(begun.headers["location"])
    handle = site.browser.cookies[COOKIE]
    assert (await site.browser.get(BACK, params=brought)).status_code == 200
    site.browser.cookies.set(COOKIE, handle, path=BEGIN)
    assert (await site.browser.get(BACK, params=brought)).status_code == 403


async def test_a_sign_in_may_take_a_while_and_no_longer(site, running):
    for took_ms, status in ((WITHIN_MS - 1, 200), (WITHIN_MS, 403)):
        browser = site.other()
        begun = await browser.get(BEGIN)
        site.house.clock.ms += took_ms
        running.now_s = site.house.clock.ms // 1000

        assert (await browser.get(BACK, params=running.signs_in(begun.headers["location"]))).status_code == status


async def test_somebody_without_a_role_is_told_so_and_stays_out(site, running):
    running.claims["groups"] = ["guests"]
    answer = await came_back(site, running)

    assert answer.status_code == 403
    assert "role" in answer.text
    assert (await site.browser.get("/runs")).status_code == 303
