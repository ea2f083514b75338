"""A fresh installation says why it is not Level 3, and reaches it by doing what it says; then it declares so.

The rules are those as shipped, edited as their own comments show. Nothing is stood in: the agent works through
`aisecops run`, and `aisecops eval` plays every attack that there is.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.installation import installed, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SHIPPED = Path(__file__).parents[2] / "rules"
EVALUATED_WITHIN_S = 800

AGENT = """
from aisecops.client import Run

with Run.current().http() as http:
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "look up customer 7"}]}
    http.post("https://api.openai.com/v1/chat/completions", json=asked).raise_for_status()
    http.get("https://crm.internal/v1/customers/7").raise_for_status()
"""

CASES = """cases:
  - name: the assistant reads a customer
    agent: assistant
    request: {method: GET, url: "https://crm.internal/v1/customers/7"}
    expect: {verdict: allow, tool: crm.read}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("mature"), rules=SHIPPED) as house:
        yield house


def assessment(house):
    done = house.command("maturity", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def edited(house, file, *changes):
    """Change a file of the rules as a person would, and wait until the change is in force."""
    text = (house.folder / "rules" / file).read_text()
    for was, becomes in changes:
        assert re.search(was, text), was
        text = re.sub(was, becomes, text)
    house.edit(file, text)


def commanded(house, mend):
    """Type what stands there in backticks, one after the other."""
    commands = re.findall(r"`aisecops ([^`]+)`", mend)
    assert commands, mend
    for command in commands:
        words = ["Ada Example" if word == "NAME" else word for word in shlex.split(command)]
        done = house.command(*words, timeout=EVALUATED_WITHIN_S)
        assert done.returncode == 0, done.stdout + done.stderr


def grant_a_tool(house, mend):
    """The examples that are in the files as shipped, without their marks of a comment."""
    assert "under `tools`" in mend
    text = (house.folder / "rules" / "tools.yaml").read_text()
    reading, mark, sending = text.partition("#\n#  mail.send:")
    house.edit("tools.yaml", reading.replace("\n#  ", "\n  ") + mark + sending)
    edited(house, "agents.yaml", (r"grants: \[\]\n    #  - \{tool: crm", "grants:\n      - {tool: crm"))
    commanded(house, mend)


def review(house, _mend):
    edited(
        house, "tools.yaml", (r"    trust: internal\n", "    trust: internal\n    owner: CRM\n    review: 2999-01-01\n")
    )
    edited(house, "models.yaml", (r"(    dialect: .*\n)", r"\1    owner: us\n    review: 2999-01-01\n"))


def work(house, mend):
    """The command that it names, with an agent of ours behind it."""
    assert "`aisecops run --agent NAME -- COMMAND`" in mend
    (house.folder / "agent.py").write_text(AGENT)
    done = house.command("run", "--agent", "assistant", "--", sys.executable, "agent.py")
    assert done.returncode == 0, done.stdout + done.stderr


def pass_the_gate(house, mend):
    """Ask it, and do what it says of each check that is not green."""
    assert "`aisecops release-gate`" in mend
    asked = house.command("release-gate", "--json")
    for check in json.loads(asked.stdout)["checks"]:
        if check["state"] == "green":
            continue
        if "*.cases.yaml" in check["mend"]:
            (house.folder / "rules" / "assistant.cases.yaml").write_text(CASES)
        commanded(house, check["mend"])
    assert house.command("release-gate").returncode == 0


RULE_MENDS = {"`grants`": grant_a_tool, "`review`": review}
STEPS = {"work": work, "people": commanded, "evaluate": commanded, "gate": pass_the_gate, "keep": commanded}


def do(house, step, mend):
    action = next(one for said, one in RULE_MENDS.items() if said in mend) if step == "rules" else STEPS[step]
    action(house, mend)


@pytest.fixture(scope="module")
def followed(house):
    """What was said at each step, until Level 3."""
    steps = []
    for _ in range(12):
        now = assessment(house)
        steps.append(now)
        if now["level"] == 3:
            return steps
        do(house, now["next"][0]["step"], now["next"][0]["mend"])
    raise AssertionError(f"it does not get there: {steps[-1]['next']}")


def test_a_fresh_installation_reaches_level_3_by_following_what_it_says(house, followed):
    first, last = followed[0], followed[-1]

    assert first["level"] == 0
    assert all(one["mend"] for one in first["criteria"] if not one["met"])
    assert (last["level"], last["coverage"]) == (3, 1.0)
    assert [step["level"] for step in followed] == sorted(step["level"] for step in followed)
    assert [kept["level"] for kept in last["trend"]] != []


def test_it_says_so_in_an_order_in_which_nothing_is_done_twice(house, followed):
    said = [step["next"][0]["step"] for step in followed[:-1]]

    rest = ["work", "people", "evaluate", "gate", "keep"]
    assert said == ["rules"] * said.count("rules") + rest
    assert [todo["step"] for todo in followed[0]["next"]] == ["rules", "rules", *rest]
    (evaluated,) = house.events("evaluation_finished")
    assert evaluated["ok"]


def test_the_rules_as_shipped_contain_every_attack(house, followed):
    (evaluated,) = house.events("evaluation_finished")

    suites = evaluated["suites"]
    assert sum(suite["attacks"] for suite in suites.values()) > 300
    assert {name: one for name, one in suites.items() if one["contained"] < one["attacks"] or one["alarms"]} == {}


def test_the_api_and_the_metrics_say_the_same(house, followed):
    told = house.api(house.operator, "GET", "/v1/maturity").json

    assert (told["level"], told["coverage"]) == (3, 1.0)
    shown = house.api(house.operator, "GET", "/maturity.json").json
    assert (shown["level"], shown["coverage"]) == (3, 1.0)
    until(lambda: house.metrics()["aisecops_maturity_level"] == 3, 45, what="the level in the scrape")
    scraped = house.metrics()
    assert scraped["aisecops_control_coverage_ratio"] == 1
    assert house.api(house.run("assistant").agent, "GET", "/v1/maturity").status == 403


def test_a_declaration_is_verified_by_another_machine_and_fails_when_a_figure_is_changed(house, followed, tmp_path):
    done = house.command("declare", "--out", "declaration.json", "--organisation", "Example plc")
    assert done.returncode == 0, done.stderr
    (fingerprint,) = re.findall(r"signed with (\S+)", done.stderr)
    file = tmp_path / "declaration.json"
    shutil.copy(house.folder / "declaration.json", file)

    assert elsewhere(tmp_path, "--key", fingerprint).returncode == 0
    said = json.loads(file.read_bytes())["declaration"]
    assert (said["level"], said["control_coverage"], said["organisation"]) == (3, 1.0, "Example plc")
    file.write_text(file.read_text().replace('"level": 3', '"level": 4'))
    changed = elsewhere(tmp_path, "--key", fingerprint)

    assert changed.returncode == 1
    assert changed.stdout.startswith("level: `4`")


def elsewhere(folder, *arguments):
    """`aisecops declare verify` where there is nothing but the file."""
    return subprocess.run(
        [sys.executable, "-m", "aisecops", "declare", "verify", "declaration.json", *arguments],
        cwd=folder, env={"PYTHONPATH": ":".join(sys.path), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_an_overdue_review_is_a_figure_and_takes_the_level_away(house, followed):
    edited(house, "tools.yaml", ("review: 2999-01-01\n", "review: 2020-01-01\n"))

    now = assessment(house)

    assert now["level"] == 2
    (missing,) = (one for one in now["criteria"] if one["name"] == "inventory")
    assert "tool:crm.read" in missing["evidence"][0]
    until(
        lambda: house.metrics()['aisecops_integrations{state="overdue"}'] == 1, what="the overdue review in the scrape"
    )


def test_a_record_that_was_written_over_is_no_evidence(house, followed, tmp_path):
    skipped = shutil.ignore_patterns("*lock*", "metrics")
    shutil.copytree(house.folder / ".aisecops", tmp_path / ".aisecops", ignore=skipped)
    shutil.copytree(house.folder / "rules", tmp_path / "rules")
    (file,) = (tmp_path / ".aisecops" / "audit").glob("record-*.jsonl")
    file.write_bytes(file.read_bytes().replace(b'"enforced":"allow"', b'"enforced":"deny"', 1))

    done = subprocess.run(
        [sys.executable, "-m", "aisecops", "maturity", "--json"],
        cwd=tmp_path, env=house.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (3, "")
    assert "aisecops audit verify" in done.stderr
