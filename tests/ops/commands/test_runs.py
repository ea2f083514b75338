"""`aisecops runs` over a real control plane and its record."""

from __future__ import annotations

import json

import pytest

from aisecops.ops.agents import chosen
from aisecops.ops.cli import main
from aisecops.ops.client import ControlPlane
from aisecops.ops.opened import close_run, open_run
from aisecops.ops.settings_read import load


@pytest.fixture
def opened(control):
    settings = load()
    return open_run(settings, chosen(settings, "bot"), parent=None)


def told(capsys, *arguments):
    code = main([*arguments])
    return code, capsys.readouterr()


def test_a_run_is_listed_halted_and_resumed(opened, capsys):
    assert main(["runs", "halt", opened.run_id, "--reason", "odd"]) == 0
    assert capsys.readouterr().out == f"{opened.run_id} halted\n"

    main(["runs", "list", "--state", "halted", "--json"])
    listed = json.loads(capsys.readouterr().out)["runs"]
    assert opened.run_id in [run["run_id"] for run in listed]
    assert {run["state"] for run in listed} == {"halted"}

    assert main(["runs", "resume", opened.run_id]) == 0
    assert capsys.readouterr().out == f"{opened.run_id} active\n"


def test_the_listing_for_people_has_a_line_per_run(opened, capsys):
    assert main(["runs", "list", "--agent", "bot"]) == 0

    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["run", "state", "agent", "opened", "at", "opened", "by", "parent"]
    assert any(line.startswith(f"{opened.run_id}  active") for line in out.splitlines())


def test_only_so_many_are_listed_and_that_there_are_more_is_said(control, capsys):
    settings = load()
    runs = [open_run(settings, chosen(settings, "bot"), parent=None).run_id for _ in range(3)]

    assert main(["runs", "list", "--most", "2", "--json"]) == 0
    said = capsys.readouterr()

    assert [run["run_id"] for run in json.loads(said.out)["runs"]] == runs[:0:-1]
    assert said.err == "these are the newest 2; --most shows more\n"


def test_older_runs_of_an_agent_are_asked_for_until_there_are_enough(control, capsys, monkeypatch):
    pages = {None: (["r4"], "r4"), "r4": ([], "r3"), "r3": (["r2", "r1"], None)}
    asked = []

    def get(_, path, **query):
        asked.append(query)
        runs, before = pages[query.get("before")]
        return {"runs": [{"run_id": name, "agent_id": "bot", "state": "active"} for name in runs], "before": before}

    monkeypatch.setattr(ControlPlane, "get", get)
    assert main(["runs", "list", "--agent", "bot", "--json"]) == 0
    said = capsys.readouterr()

    assert [run["run_id"] for run in json.loads(said.out)["runs"]] == ["r4", "r2", "r1"]
    assert [query["agent"] for query in asked] == ["bot"] * 3
    assert said.err == ""


def test_a_run_tells_its_story_and_its_eight_fields(opened, capsys):
    close_run(load(), opened, exit_code=0)

    assert main(["runs", "show", opened.run_id]) == 0
    assert "start" in capsys.readouterr().out
    assert main(["runs", "show", opened.run_id, "--json"]) == 0
    fields = {"agent_id", "tool_invocations", "policy_decisions", "cumulative_risk_score", "budget_consumption"}
    assert fields <= json.loads(capsys.readouterr().out).keys()


@pytest.mark.parametrize("arguments", [["show", "run_none"], ["halt", "run_none"], ["resume", "../../x"]])
def test_an_unknown_run_is_a_failed_check(control, capsys, arguments):
    assert main(["runs", *arguments]) == 1

    assert "aisecops: " in capsys.readouterr().err


def test_no_control_plane_is_exit_code_3_and_says_the_mend(control, capsys, monkeypatch):
    monkeypatch.setenv("AISECOPS_CONTROL_LISTEN", "127.0.0.1:1")

    assert main(["runs", "list"]) == 3

    what, mend = capsys.readouterr().err.splitlines()
    assert "the control plane at `http://127.0.0.1:1` does not answer" in what
    assert "aisecops up" in mend


def test_without_the_operators_secret_it_says_where_it_looked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert main(["runs", "list"]) == 2

    assert "operator.secret" in capsys.readouterr().err
