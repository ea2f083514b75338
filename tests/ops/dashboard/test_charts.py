"""What charts and bars say beside their numbers; and that what draws the charts is what its makers published."""

import hashlib
import json
from importlib.resources import files

import pytest

from aisecops.ops.dashboard.charts import share, terms
from aisecops.ops.dashboard.rendering import static_files

VENDORED = json.loads(files("aisecops.ops.dashboard").joinpath("vendored.json").read_text())


def step(total, *, enforced="allow", before=0.0):
    risk = {"base": 0.4, "escalation": 1.2, "trust": 2.0, "stress": 1.0, "step": total - before}
    return {
        "decision_id": f"dec_{total}", "enforced": enforced, "tool": "mail.send", "kind": "tool", "risk": risk,
        "before": before, "total": total, "approve_above": 1.5, "halt_above": 2.0,
    }  # fmt: skip


def test_a_share_of_a_limit_ends_at_all_of_it():
    assert [share(5, 10), share(20, 10), share(5, None), share(5, 0)] == [50.0, 100.0, 0.0, 0.0]


def test_the_terms_of_a_step_are_told():
    assert terms(step(0.96)) == [
        "mail.send: passed",
        "risk 0.96 = 0.4 base",
        "\N{MULTIPLICATION SIGN} 1.2 escalation \N{MULTIPLICATION SIGN} 2 trust",
        "chain 0 \N{RIGHTWARDS ARROW} 0.96",
    ]


@pytest.mark.parametrize(("enforced", "word"), [("allow", "passed"), ("hold", "held"), ("deny", "refused")])
def test_what_became_of_a_step_is_told_first(enforced, word):
    assert terms(step(1.6, enforced=enforced, before=0.8))[0] == f"mail.send: {word}"


def test_a_step_without_a_risk_of_its_own_has_no_terms():
    assert terms({**step(0.4), "risk": None, "tool": None, "host": "a.example"}) == [
        "a.example: passed",
        "chain 0 \N{RIGHTWARDS ARROW} 0.4",
    ]


def test_what_others_made_is_as_they_made_it_and_its_licence_lies_beside_it():
    here = static_files()
    for one in VENDORED:
        assert one["licence_file"] in one["files"], one["name"]
        for name, digest in one["files"].items():
            assert hashlib.sha256(here[name]).hexdigest() == digest, name


def test_every_file_that_pages_load_is_ours_or_listed_with_its_licence():
    listed = {name for one in VENDORED for name in one["files"]}

    assert static_files().keys() - listed == {"charts.js", "dashboard.css", "dashboard.js", "mark.svg"}


def test_the_chart_library_says_the_version_that_is_written_down():
    [uplot] = [one for one in VENDORED if one["name"] == "uPlot"]

    assert f"v{uplot['version']}".encode() in static_files()["uPlot.iife.min.js"][:400]
