"""The release gate follows evidence alone: what is missing names its mend, following the mends makes it green, and any
change of rules, report or worksheet makes it red again.
"""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import orjson
import pytest

from aisecops import __version__
from aisecops.model.place import Place
from aisecops.ops.agents import rules_in
from aisecops.ops.cli import main
from aisecops.ops.commands.eval import recorded
from aisecops.ops.evaluation.outcome import Report, Result, State, Twin
from aisecops.ops.evaluation.scenario import Suite
from aisecops.ops.session import Session

RULES = Path(__file__).parents[3] / "rules"
NAMES = [
    "threat model review", "tool permission audit", "injection regression", "chain escalation simulation",
    "policy validation", "budget boundary validation",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copytree(RULES, tmp_path / "rules")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def gate(capsys, *arguments):
    code = main(["release-gate", *arguments])
    return code, capsys.readouterr().out


def states(capsys):
    code, out = gate(capsys, "--json")
    told = orjson.loads(out)
    assert [check["name"] for check in told["checks"]] == NAMES
    assert told["ok"] is (code == 0)
    return {check["name"]: check for check in told["checks"]}


def evaluated(*, suites=tuple(Suite), version=__version__, state=State.CONTAINED, agents=("assistant",)):
    """A report as `aisecops eval` makes one, of the rules that are there now, kept and recorded."""
    session = Session()
    results = tuple(
        Result(
            scenario="one", suite=suite, controls=("AIS-EXE-01",), place=Place(file="x", line=1), agent="assistant",
            variation=0, state=state, twin=Twin.PASSED, why=("mail came",) if state is State.BREACHED else (),
        )
        for suite in suites
    )  # fmt: skip
    report = Report(
        version=version, at="2026-01-01T00:00:00Z", policy_version=rules_in(session.settings).policy_version, seed=1,
        mutations=0, suites=suites, agents=agents, seconds=1, results=results,
    )  # fmt: skip
    return recorded(session, report)


def made_green(capsys):
    assert main(["threat-model", "assistant", "--sign-off", "Ann"]) == 0
    assert main(["release-gate", "--accept", "Ann"]) == 0
    path = evaluated()
    capsys.readouterr()
    return path


def test_a_fresh_folder_lacks_evidence_and_every_mend_is_a_command(folder, capsys):
    found = states(capsys)

    assert {name for name, check in found.items() if check["state"] == "missing"} == {*NAMES} - {"policy validation"}
    assert found["policy validation"]["state"] == "green"
    assert all("aisecops " in check["mend"] for check in found.values() if check["state"] != "green")


def test_following_the_mends_makes_all_six_green(folder, capsys):
    made_green(capsys)

    found = states(capsys)

    assert {check["state"] for check in found.values()} == {"green"}, found
    assert all(check["evidence"] and not check["faults"] and not check["mend"] for check in found.values())


def test_rules_that_changed_ask_for_a_new_evaluation_and_a_new_look_at_what_was_gained(folder, capsys):
    made_green(capsys)
    file = folder / "rules" / "agents.yaml"
    file.write_text(file.read_text().replace("max_tool_calls: 50", "max_tool_calls: 60"))

    found = states(capsys)

    assert found["tool permission audit"]["state"] == "red"
    assert "max_tool_calls" in found["tool permission audit"]["faults"][0]
    assert found["injection regression"]["state"] == "missing"
    assert found["injection regression"]["mend"].startswith("`aisecops eval injection tool-abuse")
    assert found["threat model review"]["state"] == "red"


def test_authority_that_was_lost_asks_for_nobodys_yes(folder, capsys):
    made_green(capsys)
    file = folder / "rules" / "agents.yaml"
    file.write_text(file.read_text().replace("max_tool_calls: 50", "max_tool_calls: 40"))

    assert states(capsys)["tool permission audit"]["state"] == "green"


@pytest.mark.parametrize(
    ("facts", "check"),
    [
        ({"suites": (Suite.INJECTION,)}, "chain escalation simulation"),
        ({"version": "0.0.1"}, "injection regression"),
        ({"agents": ("somebody",)}, "budget boundary validation"),
    ],
)
def test_an_evaluation_of_less_or_of_something_else_does_not_count(folder, capsys, facts, check):
    evaluated(**facts)
    capsys.readouterr()

    assert states(capsys)[check]["state"] == "missing"


def test_a_breach_is_red_and_named(folder, capsys):
    evaluated(state=State.BREACHED)
    capsys.readouterr()
    found = states(capsys)["chain escalation simulation"]

    assert found["state"] == "red"
    assert found["faults"] == ["chain-escalation: one (assistant): mail came"]
    assert found["mend"] == "`aisecops eval chain-escalation`"


def test_a_newer_evaluation_of_one_suite_counts_for_that_suite(folder, capsys):
    evaluated(state=State.BREACHED)
    evaluated(suites=(Suite.CHAIN_ESCALATION,))
    capsys.readouterr()
    found = states(capsys)

    assert found["chain escalation simulation"]["state"] == "green"
    assert found["injection regression"]["state"] == "red"


def test_a_report_that_was_changed_is_none_that_the_record_knows(folder, capsys):
    path = evaluated(state=State.BREACHED)
    path.write_bytes(path.read_bytes().replace(b'"breached"', b'"contained"'))
    capsys.readouterr()
    found = states(capsys)["injection regression"]

    assert found["state"] == "missing"
    assert any("the record does not know them" in note for note in found["notes"])


def test_an_agent_without_a_budget_is_red_whatever_the_evaluation_says(folder, capsys):
    file = folder / "rules" / "agents.yaml"
    text = file.read_text()
    file.write_text("".join(line for line in text.splitlines(keepends=True) if "max_execution_time" not in line))
    evaluated()
    capsys.readouterr()
    found = states(capsys)["budget boundary validation"]

    assert found["state"] == "red"
    assert "`assistant` has no max_execution_time" in found["faults"][0]
    assert found["mend"] == "give every agent all four budgets"


def test_a_rule_that_no_case_touches_is_red_and_named(folder, capsys):
    (folder / "rules" / "more.yaml").write_text('version: 1\nsources: [{match: {host: "a.example"}}]\n')
    found = states(capsys)["policy validation"]

    assert found["state"] == "red"
    assert found["faults"] == ["no case touches sources[0] [more.yaml:2]"]


def test_it_is_told_as_text_and_as_junit(folder, capsys):
    code, text = gate(capsys)
    assert code == 1
    assert "missing threat model review (spec 9, 23)" in text
    assert "> read `aisecops threat-model assistant`, then" in text

    _, xml = gate(capsys, "--report", "junit")
    suite = ET.fromstring(xml)
    assert (suite.get("tests"), suite.get("failures")) == ("6", "5")


def test_what_agents_may_do_is_listed_for_whoever_accepts_it(folder, capsys):
    code, out = gate(capsys, "--permissions")

    assert code == 0
    assert out.startswith("`assistant` (enforce, token require):\n  no tool\n")


@pytest.mark.parametrize("arguments", [["--accept", " "], ["--note", "x"], ["--accept", "a\nb"]])
def test_nobody_accepts_nothing(folder, capsys, arguments):
    assert gate(capsys, *arguments)[0] == 2
