"""Who gets in, with what, and how they get out; each way around it is tried."""

import pytest

from aisecops.ops.dashboard.gate import COOKIE
from aisecops.ops.dashboard.login import inside
from aisecops.ops.dashboard.visits import FAILURES, IDLE_MS
from support.dashboard import OPERATOR, PEOPLE, Site
from support.gateway import RULES, House


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, House(RULES + PEOPLE))


@pytest.mark.parametrize("path", ["/", "/runs", "/runs/run_1", "/records?figure=denials", "/live"])
async def test_nobody_sees_a_page_without_a_login(site, path):
    answer = await site.browser.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?to=")


@pytest.mark.parametrize("path", ["/index.json", "/runs.json", "/runs/run_1.json"])
async def test_a_program_without_a_secret_gets_a_problem(site, path):
    answer = await site.browser.get(path)

    assert (answer.status_code, answer.json()["code"]) == (401, "identity_required")


async def test_the_operators_secret_opens_the_page_that_was_asked_for(site):
    sent = (await site.browser.get("/runs?state=halted")).headers["location"]
    assert "Log in" in (await site.browser.get(sent)).text
    answer = await site.log_in(to="/runs?state=halted")

    assert (answer.status_code, answer.headers["location"]) == (303, "/runs?state=halted")
    assert "operator" in await site.page("/")


async def test_the_cookie_is_for_this_site_and_no_script(site):
    cookie = (await site.log_in()).headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Max-Age=43200" in cookie
    assert "Secure" not in cookie


async def test_over_tls_the_cookie_is_bound_to_the_host(site):
    cookie = (await site.log_in(browser=site.other("https://control"))).headers["set-cookie"]

    assert cookie.startswith("__Host-")
    assert "Secure" in cookie


@pytest.mark.parametrize("secret", ["", "wrong", "gateway's secret", "clerk's secret", OPERATOR + "x"])
async def test_nobody_else_gets_in(site, secret):
    answer = await site.log_in(secret)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert (await site.browser.get("/")).status_code == 303


async def test_guessing_is_slow(site):
    for _ in range(FAILURES):
        assert (await site.log_in("wrong")).status_code == 403

    answer = await site.log_in()  # the right one, too late
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_somebody_the_rules_name_no_longer_is_out_at_once(site):
    await site.log_in("vera's secret")
    assert "vera" in await site.page("/")
    site.house.rules.rules = House(RULES).rules.rules

    assert (await site.browser.get("/")).status_code == 303


async def test_an_idle_login_is_over(site):
    await site.log_in()
    site.house.clock.ms += IDLE_MS

    assert (await site.browser.get("/")).status_code == 303


async def test_a_cookie_of_ones_own_making_is_none(site):
    site.browser.cookies.set(COOKIE, "made-up")

    assert (await site.browser.get("/")).status_code == 303


async def test_a_new_login_gets_a_new_cookie_and_ends_the_old_one(site):
    first = (await site.log_in()).cookies[COOKIE]
    second = (await site.log_in()).cookies[COOKIE]
    site.browser.cookies.clear()
    site.browser.cookies.set(COOKIE, first)

    assert first != second
    assert (await site.browser.get("/")).status_code == 303


async def test_logging_out_ends_it_also_for_who_kept_the_cookie(site):
    cookie = (await site.log_in()).cookies[COOKIE]
    await site.send("/logout")
    site.browser.cookies.set(COOKIE, cookie)

    assert (await site.browser.get("/")).status_code == 303


async def test_another_site_can_neither_log_in_nor_out(site):
    evil = {"Origin": "http://evil.example"}
    answer = await site.browser.post("/login", data={"secret": OPERATOR}, headers=evil)
    assert answer.status_code == 403
    await site.log_in()
    answer = await site.browser.post("/logout", data={"csrf": await site.csrf()}, headers=evil)
    assert answer.status_code == 403
    assert (await site.browser.post("/logout")).status_code == 403  # no token
    assert "operator" in await site.page("/")


@pytest.mark.parametrize(
    "path",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\r\nb: c", "\\/e"],
)
async def test_a_login_never_leads_elsewhere(site, path):
    assert inside(path) == "/"
    assert (await site.log_in(to=path)).headers["location"] == "/"


async def test_a_form_without_end_is_cut_off(site):
    assert (await site.log_in("x" * 100_000)).status_code == 413


async def test_files_are_those_we_ship_and_no_others(site):
    assert (await site.browser.get("/static/dashboard.css")).headers["content-type"].startswith("text/css")
    for name in ("..%2fgate.py", "nothing.css", "%2e%2e", "dashboard"):
        assert (await site.browser.get(f"/static/{name}")).status_code == 404
