"""A fresh installation says why it is not Level 3, and reaches it by doing what it says; then it declares so.

Every command is the real one. Only `aisecops eval`, which takes minutes, is stood for by the report that it would leave.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from aisecops.ops.evaluation.scenario import Suite
from support.evidence import put_evaluation_on_record
from support.installation import fresh, installed, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

RULES = """version: 1
agents:
  clerk:
    authenticate: {secret: "env:CLERK_SECRET"}
    mode: observe
    grants:
      - {tool: crm.read, scope: "crm.customers.*"}
tools:
  crm.read:
    match: {host: crm.internal, method: GET, path: "/v1/customers/*"}
    effect: read
    base_risk: 0.1
    trust: internal
    scope: "crm.customers.{path[2]}"
    returns: {tier: internal}
models:
  openai: {match: {host: api.openai.com}, dialect: openai, prices: {gpt-4o: {input: 2.50, output: 10.00}}}
"""

BUDGETS = "{max_tool_calls: 50, max_write_operations: 10, max_execution_time: 10m, max_cost: 2.00}"
CASES = """cases:
  - name: the clerk reads a customer
    agent: clerk
    request: {method: GET, url: "https://crm.internal/v1/customers/7"}
    expect: {verdict: allow, tool: crm.read}
  - name: the clerk asks its model
    agent: clerk
    request: {method: POST, url: "https://api.openai.com/v1/chat/completions", body: {model: gpt-4o, messages: []}}
    expect: {verdict: allow, tool: "model:openai"}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("mature"), rules=RULES) as house:
        yield house


def assessment(house):
    done = house.command("maturity", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def work(house, _mend):
    """An agent works: it asks its model, and reads with a token."""
    run, customer = house.run("clerk"), fresh()
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": f"look up {customer}"}]}
    assert house.ask(run, "POST", "https://api.openai.com/v1/chat/completions", body=asked).status == 200
    headers = house.with_token(run, "crm.read", f"crm.customers.{customer}")
    assert house.ask(run, "GET", f"https://crm.internal/v1/customers/{customer}", headers=headers).status == 200


def sign_off(house, mend):
    assert "aisecops threat-model" in mend
    assert house.command("threat-model", "clerk", "--sign-off", "Ada Example").returncode == 0


def evaluate(house, mend):
    """The suites that it names; the harness itself has tests of its own."""
    suites = re.search(r"aisecops eval ([a-z -]+)", mend)[1].split()
    version = house.api(house.operator, "GET", "/v1/policy").json["policy_version"]
    put_evaluation_on_record(house, [Suite(name) for name in suites], policy_version=version, agents=("clerk",))


def pass_the_gate(house, _mend):
    """Do what the gate says of each check that is not green."""
    for _ in range(12):
        checks = json.loads(house.command("release-gate", "--json").stdout)["checks"]
        missing = [check["mend"] for check in checks if check["state"] != "green"]
        if not missing:
            return
        # what changes the rules first: signatures, acceptances and evaluations are of the rules as they are
        do(house, min(missing, key=lambda mend: [said in mend for said, _ in GATE_MENDS].index(True)), GATE_MENDS)
    raise AssertionError(f"the gate stays shut: {missing}")


def accept(house, mend):
    assert "--permissions" in mend
    assert "crm.read" in house.command("release-gate", "--permissions").stdout
    assert house.command("release-gate", "--accept", "Ada Example").returncode == 0


def write_cases(house, mend):
    assert "*.cases.yaml" in mend
    (house.folder / "rules" / "clerk.cases.yaml").write_text(CASES)
    assert house.command("rules", "test").returncode == 0


def bound(house, mend):
    assert "budgets" in mend
    rules = house.rules_file.read_text()
    house.put_in_force(rules.replace("    grants:\n", f"    budgets: {BUDGETS}\n    grants:\n"))


def enforce(house, mend):
    assert "mode: enforce" in mend
    house.put_in_force(house.rules_file.read_text().replace("    mode: observe\n", "    mode: enforce\n"))


def review(house, mend):
    assert "`review`" in mend
    rules = house.rules_file.read_text()
    rules = rules.replace("    trust: internal\n", "    trust: internal\n    owner: CRM team\n    review: 2999-01-01\n")
    house.put_in_force(rules.replace("dialect: openai,", "dialect: openai, owner: us, review: 2999-01-01,"))


def keep(house, mend):
    assert mend == "`aisecops maturity --keep`"
    assert house.command("maturity", "--keep").returncode == 0


MENDS = (
    ("aisecops threat-model", sign_off),
    ("aisecops eval", evaluate),
    ("aisecops release-gate", pass_the_gate),
    ("mode: enforce", enforce),
    ("`review`", review),
    ("aisecops run", work),
    ("maturity --keep", keep),
)
GATE_MENDS = (
    ("cases.yaml", write_cases),
    ("budgets", bound),
    ("aisecops threat-model", sign_off),
    ("--accept", accept),
    ("aisecops eval", evaluate),
)


def do(house, mend, mends=MENDS):
    next(action for said, action in mends if said in mend)(house, mend)


@pytest.fixture(scope="module")
def followed(house):
    """What was said at each step, until Level 3."""
    steps = []
    for _ in range(30):
        now = assessment(house)
        steps.append(now)
        if now["level"] == 3:
            return steps
        do(house, now["missing"][0]["mend"])
    raise AssertionError(f"it does not get there: {steps[-1]['missing']}")


def test_a_fresh_installation_reaches_level_3_by_following_what_it_says(followed):
    first, last = followed[0], followed[-1]

    assert first["level"] == 0
    assert all(one["mend"] for one in first["criteria"] if not one["met"])
    assert (last["level"], last["coverage"]) == (3, 1.0)
    assert [step["level"] for step in followed] == sorted(step["level"] for step in followed)
    assert [kept["level"] for kept in last["trend"]] != []


def test_the_api_and_the_metrics_say_the_same(house, followed):
    told = house.api(house.operator, "GET", "/v1/maturity").json

    assert (told["level"], told["coverage"]) == (3, 1.0)
    shown = house.api(house.operator, "GET", "/maturity.json").json
    assert (shown["level"], shown["coverage"]) == (3, 1.0)
    until(lambda: house.metrics()["aisecops_maturity_level"] == 3, 45, what="the level in the scrape")
    scraped = house.metrics()
    assert scraped["aisecops_control_coverage_ratio"] == 1
    assert house.api(house.run("clerk").agent, "GET", "/v1/maturity").status == 403


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
    house.put_in_force(house.rules_file.read_text().replace("review: 2999-01-01\n", "review: 2020-01-01\n"))

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
