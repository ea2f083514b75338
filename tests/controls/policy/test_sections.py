"""The table of the language and the schema made of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from aisecops.controls.policy.parse import parse
from aisecops.controls.policy.sections import schema
from aisecops.model.rules import RuleSet
from support.rules_text import FULL, rules

RULES = Path(__file__).parents[3] / "rules"


def test_the_schema_file_is_the_schema():
    assert json.loads((RULES / "schema.json").read_text()) == schema()


def test_the_schema_knows_every_section_and_nothing_else():
    made = schema()

    assert set(made["properties"]) == {"version", *yaml.safe_load(FULL)}
    assert made["additionalProperties"] is False
    assert made["required"] == ["version"]


def test_the_schema_agrees_with_the_parser_on_good_rules_and_on_typing_errors():
    validator = pytest.importorskip("jsonschema").Draft202012Validator(schema())
    good = {"version": 1} | yaml.safe_load(FULL)

    assert [error.message for error in validator.iter_errors(good)] == []
    assert not validator.is_valid(good | {"agent": {}})
    assert not validator.is_valid(good | {"tools": {"t": {"match": {"host": "h.test"}, "effect": "writ"}}})
    assert not validator.is_valid(good | {"firewall": {"flag_at": 2}})


def test_the_readme_shows_rules_that_can_be_read():
    blocks = re.findall(r"```yaml\n(.*?)```", (RULES / "README.md").read_text(), re.DOTALL)
    whole = "version: 1\n" + "".join(block for block in blocks if not block.startswith("cases"))

    found = parse({"readme.yaml": whole.encode()})

    assert isinstance(found, RuleSet), found


def test_the_shipped_rules_grant_nothing_and_hold_no_secret():
    files = {path.name: path.read_bytes() for path in RULES.glob("*.yaml") if ".cases." not in path.name}

    found = parse(files)

    assert isinstance(found, RuleSet), found
    assert [agent.grants for agent in found.agents.values()] == [()]
    assert not found.tools
    assert not found.sources
    assert all(way.source.startswith("env:") for agent in found.agents.values() for way in agent.authenticate)


def test_every_commented_example_of_the_shipped_rules_can_be_read_when_uncommented():
    files = {}
    for path in RULES.glob("*.yaml"):
        if ".cases." not in path.name:
            body = re.sub(r"^( *)#  ", r"\1  ", path.read_text(), flags=re.MULTILINE)
            files[path.name] = body.replace("grants: []", "grants:").replace("# canaries", "canaries").encode()

    found = parse(files)

    assert isinstance(found, RuleSet), [f"{problem} | {problem.mend}" for problem in found]
    assert set(found.tools) == {"crm.read", "mail.send"}
    assert len(found.agents["assistant"].grants) == 2


def test_an_empty_section_is_as_if_it_were_not_written():
    assert rules("agents:\ntools:\nsources:\negress:\nrisk: ~\n").tools == {}
