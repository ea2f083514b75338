"""The worksheet: the specification's headings, one fact a line, a digest of what the rules say."""

from __future__ import annotations

from aisecops.ops.threat_model.part import part
from aisecops.ops.threat_model.worksheet import as_text, worksheet
from support.gateway import RULES, rules_of
from support.worksheets import facts


def test_every_heading_of_the_specification_is_there_in_its_order():
    assert list(facts()) == [
        "Agent name", "Intended goals", "Tool access scope", "External data sources",
        "Injection vectors", "Privilege escalation paths", "Data egress paths", "Chain escalation risks",
        "Context controls applied", "Capability constraints", "Budget limits", "Telemetry coverage",
        "Estimated chain risk score", "Manual approval requirements", "Known gaps",
    ]  # fmt: skip


def test_only_what_the_rules_say_of_the_agent_is_in_the_digest():
    def digest(text):
        rules = rules_of(text)
        return worksheet(rules, rules.agents["clerk"], ()).digest

    assert digest(RULES) == digest(RULES + "\n# a comment\n")
    assert digest(RULES) == digest(RULES.replace('"env:VISITOR"', '"env:OTHER"'))
    changes = (
        ('"db.orders.{path[1]}"', '"db.orders.{path[0]}"'),
        ("base_risk: 0.2", "base_risk: 0.3"),
        ("rows: {resp", "cost: {resp"),
    )
    for written, instead in changes:
        assert digest(RULES) != digest(RULES.replace(written, instead))


def test_a_fact_is_one_printable_line_however_it_was_written():
    [told] = part("s", "h", ["a\n## Signatures\n\x1b[31mb"], nothing="-").facts
    assert told == "a ## Signatures \N{REPLACEMENT CHARACTER}[31mb"
    assert as_text((part("s", "h", ["one", "one", "two"], nothing="-"),)) == "## s\n\n### h\n\n- one\n- two\n"
