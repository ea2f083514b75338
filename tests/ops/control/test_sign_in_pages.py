"""A browser goes to a real provider and comes back; and what comes back that never went."""

from __future__ import annotations

import itertools
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import RedirectResponse

from aisecops.model.outcome import Refuse
from aisecops.ops.control.sign_in_pages import BACK, COOKIE, LASTS_MS, OUT, SignInPages
from support.gateway import RULES, rules_of
from support.office import Office
from support.provider import played_provider

HERE = "https://control.test"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with played_provider(tmp_path_factory.mktemp("provider")) as one:
        yield one


class Browsing:
    def __init__(self, office):
        self.office, self.visits = office, []
        numbers = itertools.count()
        pages = SignInPages(
            office.sign_in, office.house.clock, control_url=HERE, new_secret=lambda: f"name-{next(numbers)}",
            visit=self.visit,
        )  # fmt: skip
        self.app = Starlette(routes=pages.routes())

    def visit(self, request, proof, to):
        self.visits.append((proof, to))
        response = RedirectResponse(to, status_code=303)
        response.set_cookie("visit", "v", samesite="strict", httponly=True)
        return response

    def browser(self):
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=HERE)

    async def goes(self, browser, to="/runs"):
        """Out to the provider and signed in there: where it leads back to."""
        out = await browser.get(OUT, params={"to": to})
        return f"{BACK}?{urlencode(self.office.provider.signs_in(out.headers['location']))}"


@pytest.fixture
async def browsing(running, tmp_path):
    running.claims = {"sub": "u-1", "preferred_username": "bob", "groups": ["oncall"]}
    office = Office(running, tmp_path)
    yield Browsing(office)
    await office.providers.close()


async def test_whoever_comes_back_is_somebody_and_goes_on_from_a_page_of_ours(browsing):
    async with browsing.browser() as browser:
        back = await browser.get(await browsing.goes(browser))
    [(proof, to)] = browsing.visits
    assert (await proof.asker()).title == "person:bob"
    assert (back.status_code, to) == (200, "/runs")
    assert 'content="0; url=/runs"' in back.text
    assert any(cookie.startswith("visit=v;") for cookie in back.headers.get_list("set-cookie"))


async def test_the_cookie_on_the_way_is_for_the_way_back_alone(browsing):
    async with browsing.browser() as browser:
        out = await browser.get(OUT)
    cookie = out.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert all(part in cookie for part in ("HttpOnly", f"Path={BACK}", "SameSite=lax", "Secure"))


async def test_a_visit_ends_when_the_rules_let_them_in_no_longer(browsing):
    async with browsing.browser() as browser:
        await browser.get(await browsing.goes(browser))
    [(proof, _)] = browsing.visits
    browsing.office.house.rules.rules = rules_of(RULES)
    assert isinstance(await proof.asker(), Refuse)


async def test_what_an_attacker_signed_in_to_is_not_put_into_another_browser(browsing):
    async with browsing.browser() as attacker, browsing.browser() as victim:
        planted = await browsing.goes(attacker)
        assert (await victim.get(planted)).status_code == 403
        await victim.get(OUT)  # with a sign-in of their own under way all the same
        assert (await victim.get(planted)).status_code == 403
    assert browsing.visits == []


@pytest.mark.parametrize("how", ["twice", "late", "without a code", "an error"])
async def test_a_way_back_is_gone_once_in_time_and_whole(browsing, how):
    async with browsing.browser() as browser:
        back = await browsing.goes(browser)
        if how == "twice":
            await browser.get(back)
        if how == "late":
            browsing.office.house.clock.ms += LASTS_MS + 1
        if how == "without a code":
            back = f"{BACK}?state=x"
        if how == "an error":
            back = f"{BACK}?error=access_denied&state=x"
        count = len(browsing.visits)
        assert (await browser.get(back)).status_code == 403
        assert len(browsing.visits) == count


async def test_where_one_goes_on_to_is_no_place_to_write_into_the_page(browsing):
    async with browsing.browser() as browser:
        back = await browser.get(await browsing.goes(browser, to='/"><script>alert(1)</script>'))
    assert "<script>" not in back.text


async def test_without_a_provider_nobody_goes_anywhere(browsing):
    browsing.office.house.rules.rules = rules_of(RULES)
    async with browsing.browser() as browser:
        assert (await browser.get(OUT)).status_code == 404
