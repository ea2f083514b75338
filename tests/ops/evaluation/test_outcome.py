"""Results add up so that nothing is better than it was: what does not apply or is open never counts as contained."""

import json
from xml.etree import ElementTree as ET

import msgspec
import pytest

from aisecops.model.place import Place
from aisecops.ops.evaluation.kept import digest_of, encoded, keep, last_reports, read_report
from aisecops.ops.evaluation.outcome import Latency, Report, Result, State, Twin, changes
from aisecops.ops.evaluation.report import as_markdown, as_text, percent
from aisecops.ops.evaluation.report_ci import as_junit, as_sarif
from aisecops.ops.evaluation.scenario import Suite

PLACE = Place(file="aisecops:injection.eval.yaml", line=7, column=5)


def result(state=State.CONTAINED, twin=Twin.PASSED, name="one", **facts):
    return Result(
        scenario=name, suite=Suite.INJECTION, controls=("AIS-CTX-01",), place=PLACE, agent="bot", variation=0,
        state=state, twin=twin, **facts,
    )  # fmt: skip


def report(*results):
    latency = Latency(
        kind="a model", direct_ms=1.0, through_ms=9.5, direct_p95_ms=2.0, through_p95_ms=12.0, stages={"judge": 7.25}
    )
    return Report(
        version="0", at="2026-01-01T00:00:00Z", policy_version="sha256:0", seed=1, mutations=0, agents=("bot",),
        suites=(Suite.INJECTION,), seconds=1.0, results=results, latency=(latency,),
    )  # fmt: skip


BREACH = result(State.BREACHED, name="two", why=("mail came\x00 <b>",))
ALARM = result(twin=Twin.ALARMED, name="three", twin_stopped_by=("egress_blocked",))
SKIPPED = result(State.NOT_APPLICABLE, Twin.NOT_PLAYED, name="four", why=("only where this holds: a canary",))
OPEN = result(State.OPEN, name="five", why=("came",))


@pytest.mark.parametrize(
    ("results", "ok"),
    [
        ([result()], True),
        ([result(), SKIPPED, OPEN], True),
        ([result(), BREACH], False),
        ([result(), ALARM], False),
        ([result(), result(State.BROKEN, Twin.NOT_PLAYED, name="six")], False),
        ([SKIPPED], False),
        ([], False),
    ],
)
def test_a_run_is_green_when_something_was_tried_and_nothing_failed(results, ok):
    assert report(*results).ok is ok


def test_what_does_not_apply_and_what_is_open_is_counted_apart():
    [figures] = report(result(), BREACH, ALARM, SKIPPED, OPEN).by_suite()

    assert (figures.attacks, figures.contained, figures.twins, figures.alarms) == (3, 2, 4, 1)
    assert (figures.open, figures.not_applicable, figures.is_green) == (1, 1, False)
    assert report(SKIPPED).by_suite()[0].containment is None


def test_what_held_before_and_is_not_tried_any_more_is_worse():
    before = report(result(), result(name="four"), result(State.BREACHED, name="two"))
    now = report(result(), SKIPPED, result(name="two"), result(name="new"), result(State.BREACHED, name="newer"))

    assert [(one.result.split(": ")[1], one.was, one.now, one.worse) for one in changes(before, now)] == [
        ("four, bot", "contained", "not-applicable", True),
        ("newer, bot", "not there", "breached", True),
        ("two, bot", "breached", "contained", False),
    ]


def test_a_share_is_never_rounded_up_to_all():
    assert (percent(1999, 2000), percent(3, 3), percent(0, 0)) == ("99.9 %", "100 %", "-")


def test_people_read_figures_failures_with_their_place_and_latency():
    made = report(result(), BREACH, ALARM, SKIPPED, OPEN)
    for text in (as_text(made), as_markdown(made)):
        assert "2 of 3 attacks contained (66.6 %), 1 false alarms in 4 benign twins" in text
        assert "injection.eval.yaml:7" in text
        assert "the benign twin was stopped by egress_blocked" in text
        assert "only where this holds: a canary" in text
        assert "8.5" in text
        assert "policy, budgets, risk" in text
        assert "7.2" in text


def test_junit_has_a_case_for_each_and_no_character_that_xml_forbids():
    root = ET.fromstring(as_junit(report(result(), BREACH, ALARM, SKIPPED, OPEN)))
    [suite] = root

    assert suite.attrib | {"time": "0"} == {
        "name": "injection", "tests": "5", "failures": "2", "errors": "0", "skipped": "2", "time": "0",
    }  # fmt: skip
    assert [case.find("failure") is not None for case in suite] == [False, True, True, False, False]


def test_sarif_leads_to_the_line_of_the_scenario():
    run = json.loads(as_sarif(report(result(), BREACH, OPEN)))["runs"][0]

    assert [one["level"] for one in run["results"]] == ["error", "note"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("injection.eval.yaml", 7)
    assert run["tool"]["driver"]["rules"][0]["properties"]["tags"] == ["security", "AIS-CTX-01"]


def test_a_kept_report_is_found_again_by_its_digest(tmp_path):
    older = msgspec.structs.replace(report(result()), at="2025-01-01T00:00:00Z")
    path = keep(tmp_path, encoded(older))
    keep(tmp_path, encoded(report(BREACH)))

    assert read_report(path) == older
    assert [digest for _, digest in last_reports(tmp_path)] == [
        digest_of(encoded(report(BREACH))), digest_of(encoded(older)),
    ]  # fmt: skip
    assert read_report(tmp_path / "evaluations" / "last.json") == report(BREACH)
