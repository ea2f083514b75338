"""Attack text stands on every page: wherever it comes from, it is text there and nothing else."""

import asyncio
import html.parser
import re
from importlib.resources import files
from urllib.parse import urlsplit

import orjson
import pytest

from aisecops.adapters.audit import lines
from aisecops.model.ids import AgentId, ApprovalId, RunId
from aisecops.model.state import Approval
from aisecops.ops.figures.line import ACTS
from support.asking import read
from support.browser import CHROMIUM, browser, watched
from support.dashboard import Site

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)><svg/onload=alert(3)>{{191*7}}`<b>`javascript:alert(4)\u202e\x1b[31m"
OURS = {"/static/dashboard.js", "/static/charts.js", "/static/uPlot.iife.min.js"}


class Seen(html.parser.HTMLParser):
    """The elements and attributes of a page, as a browser would read them."""

    def __init__(self):
        super().__init__()
        self.elements = []
        self.attributes = []

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


def seen(text):
    page = Seen()
    page.feed(text)
    return page


def harmless(text):
    page = seen(text)
    sources = [value for tag, name, value in page.attributes if (tag, name) == ("script", "src")]
    assert page.elements.count("script") == len(sources), text
    assert {source.partition("?")[0] for source in sources} <= OURS, text
    assert "img" not in page.elements
    assert "b" not in page.elements
    assert not [one for one in page.attributes if one[1].startswith("on") or one[1] in {"style", "srcdoc", "srcset"}]
    led = [value for _, name, value in page.attributes if name in {"href", "action", "src"}]
    assert all(value.startswith(("/", "#")) and not value.startswith("//") for value in led), led
    assert not re.search(r"1,?337", text)
    assert not {"\u202e", "\x1b"} & set(text)  # nothing that turns around or hides what stands beside it
    return text


def hostile(value):
    """The same event with every text that came from outside replaced; numbers and verdicts stay."""
    if isinstance(value, dict):
        return {key: inner if key in KEPT else hostile(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [hostile(inner) for inner in value]
    return EVIL if isinstance(value, str) else value


KEPT = {
    "at",
    "event",
    "prev",
    "enforced",
    "verdict",
    "kind",
    "mode",
    "role",
    "tier",
    "source_kind",
    "run_id",
    "root_run_id",
    "decision_id",
}
"""What the gateway itself decides; everything else is taken to be the attacker's."""


@pytest.fixture
async def site(tmp_path):
    site = Site(tmp_path)
    await site.log_in()
    return site


async def lived(site):
    """A run whose record has an event of every name, each with hostile text in every field."""
    run = await site.house.run()
    await site.house.ask(run, read(token=await site.house.token(run, "crm.read", "crm.customers.42")))
    await site.house.ask(run, read())
    site.recorded()
    path = site.record / lines.segment_name(1)
    events = [hostile(orjson.loads(line)) for line in path.read_bytes().splitlines()]
    template = events[-1]
    from aisecops.model.record import EventName

    for name in EventName:
        if name.value != "decision" and name.value not in {event["event"] for event in events}:
            said = dict.fromkeys(
                ("why", "detail", "by", "proposed", "jti", "tool", "scope", "host", "source", "integration", "now", "failed",
                 "approval_id", "opened_by", "model", "reason", "argument", "code", "approved_by"), EVIL,
            )  # fmt: skip
            more = {
                "problems": [EVIL],
                "findings": [{"entity": EVIL, "where": EVIL, "rule": EVIL, "action": EVIL}],
                "bytes": 5,
                "total": 1.0,
                "verdict": EVIL,
                "before": EVIL,
            }
            base = {
                key: template[key] for key in ("at", "prev", "run_id", "root_run_id", "agent_id", "decision_id", "v")
            }
            events.append(
                {**base, **said, **more, "seq": 0, "event": name.value, "policy_version": EVIL, "control": [EVIL]}
            )
    for seq, event in enumerate(events, 1):
        event["seq"] = seq
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
    return run, len(events)


async def hostile_approval(site):
    """A step that waits, with hostile text in every field."""
    approval = Approval(
        approval_id=ApprovalId("apr_1"), run_id=RunId(EVIL), root_run_id=RunId(EVIL), agent_id=AgentId(EVIL), tool=EVIL,
        digest=EVIL, opened_ms=site.house.clock.ms, expires_ms=site.house.clock.ms + 10_000,
        request=dict.fromkeys(("effect", "scope", "method", "host", "path", "rule", "digest", "body", "kind", "tool"), EVIL) | {"found": [EVIL], "size_bytes": 5, "cut": True},
        risk={"base": 0.4, "step": 0.8, "before": 0.0, "total": 0.8, "approve_above": 0.5, "halt_above": 2.0},
        evidence=({"code": EVIL, "detail": EVIL, "rule": EVIL}, {"code": EVIL, "detail": EVIL}),
        policy_version=site.house.rules.current().policy_version,
    )  # fmt: skip
    await site.house.store.open_approval(approval)


async def pages(site, run):
    """Every page that shows what was recorded."""
    figures = [one["name"] for one in (await site.json("/index.json"))["figures"]]
    return (
        "/", f"/runs/{run.run.run_id}", "/policy", "/evaluation", "/inventory", "/approvals", "/runs", "/records",
        *(f"/records?figure={name}" for name in figures),
    )  # fmt: skip


async def test_hostile_events_are_text_on_every_page(site):
    run, many = await lived(site)
    for path in (*await pages(site, run), *(f"/records/{seq}" for seq in range(1, many + 1))):
        text = harmless((await site.browser.get(path)).text)
        if path.startswith("/records/"):
            assert "&lt;script&gt;" in text


async def test_a_hostile_step_that_waits_is_text(site):
    await hostile_approval(site)

    assert "&lt;script&gt;" in harmless(await site.page("/approvals"))
    assert "&lt;script&gt;" in harmless(await site.page("/approvals/apr_1"))
    await site.send("/approvals/apr_1", decision="deny", reason=EVIL)
    assert "&lt;script&gt;" in harmless(await site.page("/approvals/apr_1"))


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine: apt install chromium")
async def test_in_a_browser_they_run_nothing_load_nothing_and_are_read_as_they_are(site):
    """With scripts, charts and the content policy at work. What the site answers is fetched beforehand."""
    run, _ = await lived(site)
    await hostile_approval(site)
    asked = [*await pages(site, run), "/records/1", "/approvals/apr_1"]
    answers = {path: await site.browser.get(path) for path in asked}
    more = {
        found
        for one in answers.values()
        for found in re.findall(r'(?:src|href)="(/static/[^"]+|[^"]+\.json[^"]*)"', one.text)
    }
    more |= {f"/static/{file.name}" for file in files("aisecops.ops.dashboard").joinpath("static").iterdir()}
    answers |= {path: await site.browser.get(path) for path in more}

    told = await asyncio.to_thread(browsed, asked, answers)

    assert {path: said for path, (said, _, _) in told.items() if said} == {}
    assert {path: found for path, (_, found, _) in told.items() if found} == {}
    assert all(EVIL.partition("\u202e")[0] in told[path][2] for path in ("/records/1", "/approvals/apr_1"))


def browsed(asked, answers):
    """Of each page what the browser complained of, which elements of the attacker's are on it, and its text."""
    told = {}
    with browser() as chromium:
        page, said = watched(chromium)

        def answered(route):
            url = urlsplit(route.request.url)
            found = answers.get(f"{url.path}{'?' if url.query else ''}{url.query}")
            if found is None:  # the stream of changes
                route.fulfill(status=204)
            else:
                route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.content)

        page.route("**/*", answered)
        for path in asked:
            page.goto(f"http://localhost{path}")
            for chart in page.locator(".chart").all():
                chart.focus()
                page.keyboard.press("End")  # the words of a point are put there by a script
            theirs = page.evaluate(
                "[...document.querySelectorAll('main img, main b, main script, main svg[onload]')].map((one) => one.outerHTML)"
            )
            told[path] = (list(said), theirs, page.locator("main").inner_text())
            said.clear()
    return told


async def test_a_hostile_reason_for_a_halt_is_text(site):
    run = await site.house.run()
    await site.send(f"/runs/{run.run.run_id}/halt", reason=EVIL)

    assert "&lt;script&gt;" in harmless(await site.page(f"/runs/{run.run.run_id}"))


@pytest.mark.parametrize(
    "path",
    [
        "/login?to={}",
        "/runs?state={}&agent={}",
        "/runs/{}",
        "/approvals/{}",
        "/records?figure={}",
        "/records/{}",
        "/?span={}",
        "/inventory?state={}",
        "/runs?before={}&from={}",
        "/records?before={}",
        "/records?figure=denials&from={}&span={}",
    ],
)
async def test_hostile_addresses_are_text(site, path):
    from urllib.parse import quote

    harmless((await site.browser.get(path.replace("{}", quote(EVIL.replace("/", ""), safe="")))).text)


def test_the_hostile_events_have_an_act_of_every_kind():
    from aisecops.model.record import EventName

    assert {name.value for name in EventName} >= ACTS
