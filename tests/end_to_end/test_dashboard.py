"""The dashboard in a real browser, over a real installation with real agents under attack.

A run is watched live into its halt, an approval is given, an attack's path is seen; figures equal the metrics and a
recount. Pictures of it all are kept in the test's own folder, or in the one that SHOTS names.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections import Counter
from pathlib import Path

import orjson
import pytest

from aisecops.ops.demo.scenes import SCENES
from aisecops.ops.demo.stage import stage
from support.browser import CHROMIUM, browser, kept_twin, picture, serious, shot, watched
from support.demo_house import Mailer, api, scraped, secret, twin
from support.installation import until
from support.prometheus import ALERTS, PROGRAM, prometheus

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
]
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine: apt install chromium")

QUIET = {"Time to containment", "Turned away, uninspected, names"}
"""Panels of what does not happen here: no halt cuts an open exchange, nobody is turned away, no name is asked for."""
PLAYED = ("clean", "tokens", "budget", "injection", "exfiltration", "held")
PAGES = (
    "/",
    "/runs",
    "/approvals",
    "/policy",
    "/inventory",
    "/evaluation",
    "/maturity",
    "/records?figure=denials",
    "/records",
    "/records/5",
)


@pytest.fixture(scope="module")
def on(tmp_path_factory):
    """An installation that some attacks have been tried on; `runs` has the run of each scene."""
    with contextlib.ExitStack() as kept:
        on = kept.enter_context(stage(tmp_path_factory.mktemp("dashboard") / "demo"))
        on.prometheus = None
        if PROGRAM is not None:
            on.prometheus = kept.enter_context(prometheus(tmp_path_factory.mktemp("scrape") / "it", on.metrics_url))
        on.runs = {}
        for scene in SCENES:
            if scene.name in PLAYED:
                done = on.perform(scene)
                assert done.well, (scene.name, done.steps)
                on.runs[scene.name] = done.run_id
        yield on


@pytest.fixture(scope="module")
def chromium():
    with browser() as running:
        yield running


@pytest.fixture
def shots(tmp_path):
    named = os.environ.get("SHOTS")
    return Path(named) if named else tmp_path / "shots"


def logged_in(on, chromium, path="/", *, dark=False):
    page, said = watched(chromium, dark=dark)
    page.goto(on.settings.control.url + path)
    page.get_by_label("Your secret").fill(secret(on))
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(re.compile("/(?!login)[^/]*"))
    said.clear()  # Chromium would like a field for a name
    return page, said


@in_a_browser
def test_a_run_is_watched_live_through_an_approval_into_its_halt(on, chromium, shots, mailer):
    agent = mailer
    page, said = logged_in(on, chromium, f"/runs/{agent.run.run_id}")
    assert page.locator(".state-active").count() == 1

    # a mail passes, and the open page shows it without being asked for again
    assert agent.send("customer1").status_code == 202
    page.locator(".story .mark", has_text="allow").first.wait_for()
    chart = page.locator(".chart-risk")
    page.locator("#steps tbody tr").first.wait_for(state="attached")
    shot(page, shots, "run-active")

    # the next one is held, and a person looks at it and says yes
    held = agent.send("customer2")
    assert held.json()["code"] == "human_approval_required"
    page.locator(".state-held").wait_for()
    person, complaints = logged_in(on, chromium, "/approvals")
    person.keyboard.press("j")
    rows = person.locator("a.question").count()
    for _ in range(rows):  # the one that waits longest stands first
        if person.evaluate("document.activeElement.textContent").count("customer2"):
            break
        person.keyboard.press("j")
    person.keyboard.press("Enter")
    person.wait_for_url(re.compile("/approvals/apr_"))
    person.keyboard.press("a")
    person.keyboard.type("the second invoice, as agreed")
    shot(person, shots, "approval")
    assert serious(person) == []
    person.get_by_role("button", name="Approve once").click()
    person.locator(".state-approved").first.wait_for()
    assert "operator:local" in person.locator("main").inner_text()
    assert complaints == []

    # it passes once; the third would take the chain over its line, and the page says so by itself
    assert agent.send("customer2").status_code == 202
    halted = agent.send("customer3")
    assert halted.json()["code"] in {"risk_halted", "run_halted"}
    page.locator(".state-halted").wait_for()
    page.locator(".story .mark", has_text="halted").wait_for()
    page.locator("summary", has_text="Resume").wait_for()  # the brake is another one by now
    assert not chart.locator(".chart-tip").is_visible()
    until(lambda: newest(page, chart).startswith("mail.send: refused"), what="the refused step on the chart")
    words = newest(page, chart)
    assert "0.8 base" in words or "0.4 base" in words
    page.locator("#steps summary").click()
    told = page.locator("#steps tbody tr").last.inner_text()
    assert all(line in told for line in words.splitlines())  # the table says the same as the chart
    shot(page, shots, "run-halted")
    chart.hover()  # and by mouse
    chart.locator(".chart-tip").wait_for()
    chart.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert page.locator(".story li:target .mark").inner_text() == "refused"
    assert said == []


def newest(page, chart):
    """What a chart says of its newest point, by keyboard."""
    chart.focus()
    page.keyboard.press("End")
    return chart.locator(".chart-tip").inner_text()


@in_a_browser
def test_an_attack_is_seen_from_its_source_to_where_it_was_stopped(on, chromium, shots):
    page, said = logged_in(on, chromium, f"/runs/{on.runs['injection']}")
    graph = page.locator("svg.flow")

    assert graph.locator(".flow-tainted").count() == 4  # source to prompt to proposal to call, and to nowhere
    tainted = [box.text_content().strip().split("\n")[0] for box in graph.locator(".flow-box-tainted title").all()]
    assert tainted == [
        "source, https://help.example, hostile, tainted",
        "prompt, gpt-4o, model:openai, verdict allow, tainted",
        "proposal, send_email, proposed by the model, tainted",
        "call, mail.send, mail.contacts.attacker@external%2Eexample, verdict deny, tainted",
    ]
    words = page.locator(".paths li").first.inner_text()
    assert words.startswith(
        "Untrusted words from https://help.example came through the proposal send_email into to, text"
    )
    assert words.endswith("which was refused.")
    picture(page.locator(".flow-panel"), shots, "dashboard-flow")
    graph.get_by_role("link", name=re.compile("^call, mail.send")).click()
    assert page.locator(".story li:target .mark").inner_text() == "refused"
    shot(page, shots, "attack")
    assert said == []


@in_a_browser
@pytest.mark.parametrize("dark", [False, True])
def test_no_page_has_a_serious_fault_of_accessibility_or_anything_blocked(on, asked, chromium, shots, dark):
    page, said = watched(chromium, dark=dark)
    page.goto(f"{on.settings.control.url}/login")
    assert serious(page) == []
    page, said = logged_in(on, chromium, dark=dark)
    runs = (f"/runs/{on.runs[scene]}" for scene in ("injection", "held"))
    for path in (*PAGES, *runs, *asked):
        page.goto(on.settings.control.url + path)
        assert serious(page) == [], path
        shot(page, shots, f"{'dark' if dark else 'light'}{path.partition('?')[0].replace('/', '-')}")
    assert said == []
    page.goto(on.settings.control.url + "/runs/run_nobody")  # Chromium complains of what is not there
    assert serious(page) == []


@in_a_browser
def test_no_page_is_wider_than_a_phone(on, asked, chromium):
    page, _ = logged_in(on, chromium)
    page.set_viewport_size({"width": 390, "height": 844})
    for path in (*PAGES, f"/runs/{on.runs['injection']}", *asked):
        page.goto(on.settings.control.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


@in_a_browser
def test_charts_are_drawn_from_the_twin_in_both_themes_and_nothing_is_lost_without_scripts(on, chromium):
    page, said = logged_in(on, chromium, "/records?figure=denials")
    chart = page.locator(".chart-trend")
    twin = kept_twin(page)
    chart.locator("canvas").wait_for()
    light = chart.screenshot()
    page.get_by_role("button", name="Light or dark").click()
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    assert chart.screenshot() != light
    last = next(at for at, point in reversed(list(enumerate(twin["trend"]))) if point["value"] is not None)
    chart.focus()
    page.keyboard.press("Home")
    for _ in range(last):
        page.keyboard.press("ArrowRight")
    shown = chart.locator(".chart-tip").inner_text().splitlines()
    assert shown[0].startswith(twin["trend"][last]["at"].replace("T", " ")[:13])
    page.locator("summary", has_text="as a table").click()
    assert shown[1] in page.locator(".twin tbody tr").last.inner_text()
    assert said == []

    plain = chromium.new_context(java_script_enabled=False).new_page()
    plain.goto(on.settings.control.url + "/login?to=/records%3Ffigure%3Ddenials")
    plain.get_by_label("Your secret").fill(secret(on))
    plain.get_by_role("button", name="Log in").click()
    plain.wait_for_url("**/records?figure=denials")
    assert not plain.locator(".chart-trend").is_visible()
    plain.locator("summary", has_text="as a table").click()
    assert shown[1] in plain.locator(".twin tbody tr").last.inner_text()


@in_a_browser
def test_everything_is_reached_by_keyboard(on, chromium):
    page, said = logged_in(on, chromium)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for key, path in (
        ("r", "/runs"),
        ("a", "/approvals"),
        ("p", "/policy"),
        ("i", "/inventory"),
        ("e", "/evaluation"),
        ("m", "/maturity"),
    ):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(f"**{path}")
    page.keyboard.press("?")
    assert page.locator("dialog.keys").is_visible()
    page.keyboard.press("Escape")
    assert said == []


@pytest.fixture(scope="module")
def asked(on):
    """The pages of one step that waits, one that a person let through, and one that a person refused."""
    pages = []
    for decision in ("", "approve", "deny"):
        agent = Mailer(on)
        assert agent.send("customer1").status_code == 202
        pages.append(f"/approvals/{agent.send('customer2').json()['approval_id']}")
        if decision:
            answered = api(on, f"/v1{pages[-1]}", decision=decision, reason="as agreed")
            assert answered["state"] in {"approved", "denied"}
        agent.http.close()
    return pages


@pytest.fixture
def mailer(on):
    agent = Mailer(on)
    yield agent
    agent.http.close()


def figures(on):
    told = twin(on, "/index")
    assert told["record"]["read_to_its_end"]
    return {one["name"]: one["value"] for one in told["figures"]}, told["tools"]


def recount(on):
    """The figures once more, straight from the lines of the record."""
    lines = b"".join(
        path.read_bytes() for path in sorted(on.settings.record_folder.glob("record-*.jsonl"))
    ).splitlines()
    events = [orjson.loads(line) for line in lines]
    named = Counter(event["event"] for event in events)
    decisions = [event for event in events if event["event"] == "decision"]
    tools = [one for one in decisions if one["kind"] in {"tool", "local"}]
    over = [one for one in decisions if one["total"] > one["approve_above"]]
    stopped = [one for one in over if one["enforced"] != "allow" or one["facts"]["approval"]]
    ends = [event["total"] for event in events if event["event"] in {"run_finished", "run_halted"}]
    contained = [event["contained_s"] for event in events if "contained_s" in event]
    acts = {"tool_invoked", "llm_called", "source_read"}
    ended, traced = set(), set()
    for run in {event["run_id"] for event in events if event["event"] in {"run_finished", "run_halted"}}:
        own = [event for event in events if event["run_id"] == run]
        waiting = {event["decision_id"] for event in own if event["event"] in acts}
        waiting -= {
            event["decision_id"] for event in own if event["event"] in {"tool_returned", "llm_returned", "exchange_cut"}
        }
        ended.add(run)
        traced |= set() if waiting else {run}
    counted = {
        "total_runs": named["run_started"],
        "average_risk": sum(ends) / len(ends),
        "budget_violations": named["budget_exceeded"] / len(decisions),
        "tool_distribution": named["tool_invoked"],
        "injection_tests": None,
        "escalation_detection": len(stopped) / len(over) if over else None,
        "denials": sum(one["enforced"] == "deny" for one in decisions) / len(decisions),
        "egress_attempts": named["egress_blocked"] + named["egress_masked"],
        "policy_enforced": sum(one["mode"] == "enforce" for one in tools) / len(tools),
        "runs_traced": len(traced) / len(ended),
        "containment": sum(contained) / len(contained) if contained else None,
    }
    return counted, dict(Counter(event["tool"] for event in events if event["event"] == "tool_invoked"))


def test_dashboard_and_scrape_and_recount_say_the_same(on):
    counted, tools = recount(on)
    shown, shown_tools = figures(on)
    assert shown == pytest.approx(counted)
    assert shown_tools == tools
    deadline = time.monotonic() + 60  # one of the metrics is read from the record every two seconds
    while scraped(on) != pytest.approx(shown) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert scraped(on) == pytest.approx(shown)


in_prometheus = pytest.mark.skipif(
    PROGRAM is None, reason="there is no Prometheus on this machine: apt install prometheus"
)


@in_prometheus
def test_a_real_prometheus_evaluates_every_alert(on):
    named = re.findall(r"- alert: (\w+)", ALERTS.read_text())
    until(lambda: "unknown" not in on.prometheus.alerts().values(), what="a first evaluation of each")

    assert on.prometheus.alerts() == dict.fromkeys(named, "ok")


@in_prometheus
@pytest.mark.usefixtures("asked")
def test_every_panel_of_the_grafana_dashboard_shows_what_a_real_prometheus_has_scraped(on):
    board = json.loads(
        (Path(__file__).parents[2] / "docker/observability/grafana/dashboards/aisecops.json").read_text()
    )
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    until(lambda: empty(on, panels) <= QUIET, what="something in each panel")

    assert len(panels) == 28
    assert empty(on, panels) == QUIET


def empty(on, panels):
    """The panels of which no query has a number."""
    return {
        panel["title"]
        for panel in panels
        if not any(on.prometheus.values(plain(target["expr"])) for target in panel["targets"])
    }


def plain(expr):
    """As Grafana sends it, for all agents and a wide window."""
    return expr.replace("$__rate_interval", "10m").replace("[1h]", "[10m]").replace("$agent", ".*")
