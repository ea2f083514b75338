"""Which files of an engine's own language belong to a rule set."""

from __future__ import annotations

from textwrap import dedent

from aisecops.controls.policy.parse import parse
from aisecops.model.rules import RuleSet
from support.rules_text import problems, rules

TWO = {"policy/b.cedar": b"B", "policy/a.cedar": b"A"}


def of(patterns: str, **files: bytes):
    text = dedent(f"version: 1\npolicy: {{cedar: {patterns}}}\n").encode()
    return parse({"rules.yaml": text, **TWO, **files})


def test_the_files_that_patterns_name_are_taken_in_the_order_of_their_names():
    found = of('["policy/b.cedar", "policy/*.cedar"]')
    assert isinstance(found, RuleSet)
    assert [(file.name, file.text) for file in found.policy.cedar_files] == [
        ("policy/a.cedar", "A"),
        ("policy/b.cedar", "B"),
    ]


def test_a_file_that_is_named_by_nothing_stops_the_rules():
    found = of('["policy/a.cedar"]')
    assert [(str(problem.place), problem.what) for problem in found] == [
        ("policy/b.cedar:1", "nothing asks this policy")
    ]


def test_a_pattern_leaves_the_folder_for_nothing():
    for pattern in ("../a.cedar", "/etc/a.cedar", "policy/*"):
        assert "policy.cedar" in problems(f'policy: {{cedar: ["{pattern}"]}}')[0].what or problems(
            f'policy: {{cedar: ["{pattern}"]}}'
        )


def test_without_the_key_nothing_is_asked():
    assert rules().policy.cedar_files == ()
