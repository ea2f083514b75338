"""`aisecops rules`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aisecops.controls.policy.explain import Explanation
from aisecops.controls.policy.sections import schema
from aisecops.model.decision import Verdict
from aisecops.model.refusals import Code
from aisecops.ops.cli import main
from aisecops.ops.commands.rules import explanation_json
from support.rules_text import FULL, text

CASE = """
cases:
  - name: the bot reads one customer
    agent: support-bot
    request: {method: GET, url: "https://crm.internal/v1/customers/42"}
    expect: {verdict: VERDICT, tool: crm.read, scope: crm.customers.42}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_bytes(text(FULL))
    return tmp_path


def test_good_rules_are_well(folder, capsys):
    assert main(["rules", "check", str(folder)]) == 0

    out = capsys.readouterr().out
    assert "well, 1 agent, 4 tools, 1 model, 1 source" in out
    assert "sha256:" in out


def test_bad_rules_fail_with_a_line_of_what_and_a_line_of_the_mend(folder, capsys):
    (folder / "more.yaml").write_bytes(text("tools: {t: {match: {host: h.test}, effct: read}}"))

    assert main(["rules", "check", str(folder)]) == 1

    captured = capsys.readouterr()
    assert captured.err == "more.yaml:2:36: unknown key `effct` in a tool\n  did you mean `effect`?\n"
    assert captured.out == ""


def test_bad_rules_as_json_name_place_and_mend(folder, capsys):
    (folder / "more.yaml").write_bytes(text("tool: {}"))

    assert main(["rules", "check", "--rules", str(folder), "--json"]) == 1

    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert said["problems"] == [
        {
            "file": "more.yaml",
            "line": 2,
            "column": 1,
            "what": "unknown key `tool` in the rules",
            "mend": "did you mean `tools`?",
        }
    ]


def test_good_rules_as_json_name_their_version(folder, capsys):
    assert main(["rules", "check", str(folder), "--json"]) == 0

    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is True
    assert said["policy_version"].startswith("sha256:")


@pytest.mark.parametrize(
    "arguments", [["check", "none-such"], ["check", ".", "--rules", "."], ["test", "none-such"], ["explain"], ["chek"]]
)
def test_wrong_use_is_said_as_such(arguments, capsys):
    assert main(["rules", *arguments]) == 2

    assert capsys.readouterr().err.startswith("aisecops: ")


def test_a_link_out_of_the_folder_is_a_problem_of_the_rules(folder, tmp_path_factory, capsys):
    outside = tmp_path_factory.mktemp("outside") / "x.yaml"
    outside.write_bytes(text(""))
    (folder / "x.yaml").symlink_to(outside)

    assert main(["rules", "check", str(folder)]) == 1

    assert "a link that leaves the rules folder" in capsys.readouterr().err


def explained(folder: Path, capsys, *arguments: str) -> dict:
    assert main(["rules", "explain", "--rules", str(folder), "--agent", "support-bot", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_explain_says_what_would_happen_and_why(folder, capsys):
    said = explained(folder, capsys, "--url", "https://crm.internal/v1/customers/42")

    assert said["verdict"] == "allow"
    assert (said["tool"], said["scope"], said["rule"]) == ("crm.read", "crm.customers.42", "support-bot.grants[0]")
    assert said["token_needed"] is True
    assert said["risk"] == {"base_risk": 0.2, "trust": 0.5, "step": 0.1, "approve_above": 1.5, "halt_above": 2.0}


def test_explain_reads_a_body(folder, tmp_path, capsys):
    body = tmp_path / "body.json"
    body.write_text('{"to": "bob@x.test"}')

    for given in (str(body), body.read_text(), " " + body.read_text()):
        said = explained(folder, capsys, "--method", "post", "--url", "https://mail.example/send", "--body", given)
        assert said["scope"] == "mail.contacts.bob@x%2Etest"


def test_explain_for_people_is_a_short_list(folder, capsys):
    assert (
        main(["rules", "explain", "--rules", str(folder), "--agent", "support-bot", "--url", "https://evil.test/"]) == 0
    )

    out = capsys.readouterr().out
    assert "verdict   deny (destination_denied)" in out
    assert "`evil.test:443`" in out


def test_what_does_not_apply_to_an_explanation_is_null():
    said = explanation_json(Explanation(verdict=Verdict.DENY, code=Code.DESTINATION_DENIED))

    assert (said["verdict"], said["code"]) == ("deny", "destination_denied")
    assert [said[key] for key in ("tool", "scope", "rule", "risk", "mode")] == [None] * 5


def test_explain_refuses_what_is_no_url(folder, capsys):
    assert main(["rules", "explain", "--rules", str(folder), "--agent", "a", "--url", "crm.internal"]) == 2

    assert "`crm.internal` is not a URL" in capsys.readouterr().err


def test_the_schema_is_printed_as_json(capsys):
    assert main(["rules", "schema"]) == 0

    assert json.loads(capsys.readouterr().out) == schema()


def test_cases_that_hold_are_counted(folder, capsys):
    (folder / "a.cases.yaml").write_text(CASE.replace("VERDICT", "allow"))

    assert main(["rules", "test", str(folder)]) == 0

    told = capsys.readouterr().out
    assert "1 of 1 cases as expected\n2 of 8 rules touched by a case\n" in told
    assert "untouched: support-bot.grants[1] (rules.yaml:" in told


def test_a_case_that_does_not_hold_fails_and_says_what_was_found(folder, capsys):
    (folder / "a.cases.yaml").write_text(CASE.replace("VERDICT", "deny"))

    assert main(["rules", "test", str(folder)]) == 1

    captured = capsys.readouterr()
    assert "a.cases.yaml:3: `the bot reads one customer`: expected verdict `deny`, found `allow`" in captured.err
    assert captured.out.startswith("0 of 1 cases as expected\n")


def test_cases_as_json(folder, capsys):
    (folder / "a.cases.yaml").write_text(CASE.replace("VERDICT", "deny"))

    assert main(["rules", "test", str(folder), "--json"]) == 1

    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert said["cases"][0]["faults"] == ["expected verdict `deny`, found `allow`"]
    assert said["cases"][0]["found"]["verdict"] == "allow"


@pytest.mark.parametrize("content", [None, "cases: [{nam: x}]"])
def test_no_cases_and_broken_cases_both_fail(folder, content, capsys):
    if content:
        (folder / "a.cases.yaml").write_text(content)

    assert main(["rules", "test", str(folder)]) == 1

    assert capsys.readouterr().err
