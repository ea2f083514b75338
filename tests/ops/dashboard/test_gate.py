"""What stands before every page: rights, forms, headers, and twins in JSON."""

import re

import pytest

from aisecops.model.errors import StoreError
from support.dashboard import OPERATOR, PEOPLE, Site, every_page
from support.gateway import RULES, House


@pytest.fixture
async def site(tmp_path):
    site = Site(tmp_path, House(RULES.replace("approve_above: 1.5", "approve_above: 0.5") + PEOPLE))
    await site.log_in()
    return site


async def test_no_page_may_load_or_run_anything_that_is_not_ours(site):
    for path in [*await every_page(site), "/login", "/runs/run_x"]:
        answer = await site.browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';"), path
        assert "unsafe" not in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["x-content-type-options"] == "nosniff", path


async def test_no_page_has_a_script_or_a_style_of_its_own(site):
    for path in [*await every_page(site), "/login"]:
        text = await site.page(path)
        assert " style=" not in text, path
        assert "<style" not in text, path
        assert " onclick" not in text, path
        scripts = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
        assert scripts == [""] * text.count(' src="/static/'), path


async def test_every_page_has_a_twin_in_json_and_names_it(site):
    pages = await every_page(site)
    assert len(pages) == 12
    for path in pages:
        place, _, query = path.partition("?")
        twin = f"{'/index' if place == '/' else place}.json{'?' if query else ''}{query}"
        by_name = await site.json(twin)
        by_header = (await site.browser.get(path, headers={"Accept": "application/json"})).json()
        assert by_name == by_header, path
        assert f'rel="alternate" type="application/json" href="{twin}"' in await site.page(path), path


async def test_a_program_reads_the_twin_with_a_bearer_secret(site):
    program = site.other()
    right = {"Authorization": f"Bearer {OPERATOR}"}
    assert (await program.get("/runs.json", headers=right)).json()["runs"] == []
    assert (await program.get("/runs.json", headers={"Authorization": "Bearer wrong"})).status_code == 401


async def test_an_agent_is_not_let_in(site):
    import base64

    clerk = base64.b64encode(b"clerk:clerk's secret").decode()
    assert (await site.other().get("/runs.json", headers={"Authorization": f"Basic {clerk}"})).status_code == 401


async def test_a_bearer_secret_sends_no_form(site):
    run = (await site.house.run()).run.run_id
    answer = await site.other().post(f"/runs/{run}/halt", headers={"Authorization": f"Bearer {OPERATOR}"})

    assert answer.status_code == 401


@pytest.mark.parametrize("fields", [{}, {"csrf": ""}, {"csrf": "cookie-1"}, {"csrf": "\x00"}])
async def test_a_form_without_its_token_changes_nothing(site, fields):
    run = await site.house.run()
    answer = await site.browser.post(f"/runs/{run.run.run_id}/halt", data={"reason": "x", **fields})

    assert answer.status_code == 403
    assert (await site.house.tree(run)).halted_ms is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_from_elsewhere_changes_nothing_even_with_the_token(site, headers):
    run = await site.house.run()
    data = {"csrf": await site.csrf(), "reason": "x"}
    answer = await site.browser.post(f"/runs/{run.run.run_id}/halt", data=data, headers=headers)

    assert answer.status_code == 403
    assert (await site.house.tree(run)).halted_ms is None


async def test_a_token_of_another_login_opens_nothing(site):
    stranger = site.other()
    await site.log_in("vera's secret", stranger)
    run = await site.house.run()
    own = await site.csrf()
    answer = await stranger.post(f"/runs/{run.run.run_id}/halt", data={"csrf": own, "reason": "x"})

    assert answer.status_code == 403
    assert (await site.house.tree(run)).halted_ms is None


@pytest.mark.parametrize(
    ("who", "act", "allowed"),
    [
        ("vera", "halt", False),
        ("vera", "resume", False),
        ("abe", "halt", True),
        ("abe", "resume", False),
        ("otto", "halt", True),
        ("otto", "resume", True),
    ],
)
async def test_each_role_does_what_the_api_lets_it(tmp_path, who, act, allowed):
    site = Site(tmp_path, House(RULES.replace("approve_above: 1.5", "approve_above: 0.5") + PEOPLE))
    await site.log_in(f"{who}'s secret")
    run = await site.house.run()
    if act == "resume":
        await site.house.runs.halt(run.run.run_id, by="operator:local", why="x")
    button = f'action="/runs/{run.run.run_id}/{act}"'
    assert (button in await site.page(f"/runs/{run.run.run_id}")) is allowed

    answer = await site.send(f"/runs/{run.run.run_id}/{act}", reason="because")
    assert answer.status_code == (303 if allowed else 403)


async def test_a_fault_is_a_page_without_its_words(site, monkeypatch):
    async def broken(**_):
        raise RuntimeError("secret words")

    monkeypatch.setattr(site.house.store, "list_runs", broken)
    answer = await site.browser.get("/runs")

    assert answer.status_code == 503
    assert "secret words" not in answer.text


async def test_a_store_that_is_down_is_said(site, monkeypatch):
    async def down(**_):
        raise StoreError("the disk is full")

    monkeypatch.setattr(site.house.store, "list_runs", down)
    answer = await site.browser.get("/runs")

    assert answer.status_code == 503
    assert "the disk is full" in answer.text


async def test_the_theme_is_one_of_two(site):
    site.browser.cookies.set("aisecops_theme", "dark")
    assert 'data-theme="dark"' in await site.page("/")
    site.browser.cookies.set("aisecops_theme", '"><script>')
    assert "data-theme=" not in (await site.page("/")).split("<body", 1)[0].split("<html", 1)[1].split(">", 1)[0]
