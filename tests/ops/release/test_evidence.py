"""What the checks make of evidence, each on its own: unused grants, an observed agent, a worksheet that was touched."""

from collections import Counter

import pytest

from aisecops.adapters.policies.reading import read_rules
from aisecops.model.ids import AgentId
from aisecops.model.place import Place
from aisecops.ops.evaluation.outcome import Report, Result, State, Twin
from aisecops.ops.evaluation.scenario import Suite
from aisecops.ops.release.check import State as Stands
from aisecops.ops.release.evaluations import chain_simulation
from aisecops.ops.release.evidence import Evidence
from aisecops.ops.release.permissions import ENOUGH_RUNS, permission_audit
from aisecops.ops.release.policy import policy_validation
from aisecops.ops.release.threat_models import threat_model_review
from aisecops.ops.settings_read import load
from aisecops.ops.threat_model.recorded import Recorded
from aisecops.ops.threat_model.review import problems
from aisecops.ops.threat_model.signed import Signature, path_of, read_signed, write_signed
from aisecops.ops.threat_model.worksheet import worksheet

RULES = """
version: 1
agents:
  bot:
    authenticate: {secret: "env:BOT_SECRET"}
    mode: observe
    grants:
      - {tool: crm.read, scope: "crm.7"}
      - {tool: crm.read, scope: "crm.8"}
tools:
  crm.read: {match: {host: crm.example, method: GET}, effect: read, scope: "crm.{path[0]}"}
"""


@pytest.fixture
def found(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES)
    settings = load({}, environ={}, folder=tmp_path)
    return Evidence(settings, read_rules({"rules.yaml": RULES.encode()}))


def sheet_of(found):
    agent = found.rules.agents[AgentId("bot")]
    return worksheet(found.rules, agent, Recorded(agent).parts())


def test_a_grant_that_many_runs_did_not_use_is_told_and_one_that_few_runs_did_not_is_not(found):
    found.used = Counter({("bot", "crm.read", "crm.7"): 3})

    found.runs["bot"] = ENOUGH_RUNS - 1
    assert permission_audit(found).notes == ()
    found.runs["bot"] = ENOUGH_RUNS
    [note] = permission_audit(found).notes
    assert note == "`bot` has used `crm.read` on `crm.8` in none of 20 runs [rules.yaml:9]"


def test_that_nothing_is_enforced_is_said_beside_the_rules(found):
    assert policy_validation(found).notes == ("nothing is enforced for `bot`: mode observe",)


def test_a_worksheet_that_was_touched_after_it_was_signed_is_found_out(found):
    sheet = sheet_of(found)
    path = path_of(found.settings.paths.state, "bot")
    write_signed(
        path, sheet, Signature(at="t", by="Ann", note="", digest=sheet.digest, policy_version=sheet.policy_version)
    )
    known = frozenset({(sheet.digest, "Ann")})
    found.signatures = {"bot": set(known)}
    assert list(problems(found.settings, found.rules, sheet, read_signed(path), known)) == []
    assert threat_model_review(found).state is Stands.GREEN

    path.write_text(path.read_text().replace("crm.read", "crm.none"))

    assert "the signed worksheet was changed after it was signed" in list(
        problems(found.settings, found.rules, sheet, read_signed(path), known)
    )
    assert threat_model_review(found).state is Stands.RED


def test_a_signature_that_the_record_does_not_know_is_none(found):
    sheet = sheet_of(found)
    signed = Signature(at="t", by="Eve", note="", digest=sheet.digest, policy_version=sheet.policy_version)
    write_signed(path_of(found.settings.paths.state, "bot"), sheet, signed)

    review = threat_model_review(found)

    assert review.state is Stands.RED
    assert review.faults == ("`bot`: the record knows of no such signature by Eve",)


def test_a_suite_of_which_nothing_applies_is_said_and_one_that_tried_nothing_is_red(found):
    def report(*results):
        return Report(
            version="0", at="t", policy_version="v", seed=1, mutations=0, suites=(Suite.CHAIN_ESCALATION,),
            agents=("bot",), seconds=1, results=results,
        )  # fmt: skip

    skipped = Result(
        scenario="s", suite=Suite.CHAIN_ESCALATION, controls=(), place=Place(file="x", line=1), agent="bot",
        variation=0, state=State.NOT_APPLICABLE, twin=Twin.NOT_PLAYED,
    )  # fmt: skip
    found.reports = [report(skipped)]
    assert chain_simulation(found).state is Stands.GREEN
    assert chain_simulation(found).notes == ("chain-escalation: nothing of it applies to these rules",)

    found.reports = [report()]
    assert chain_simulation(found).state is Stands.RED
