"""`aisecops rules suggest`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aisecops.adapters.audit.reader import events
from aisecops.model.record import EventName
from aisecops.ops.cli import main
from support.control import laid_out
from support.gateway import RULES
from support.records import chain, event

FINDING = {"entity": "PHONE_NUMBER", "where": "body:/ref", "fingerprint": "ab" * 8, "action": "block"}


@pytest.fixture
async def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder whose record holds the same finding four times, and a secret as often."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES)
    log = chain(tmp_path / "state" / "audit")
    for number in range(4):
        for entity in ("PHONE_NUMBER", "VCS_TOKEN"):
            await log.append(event(number, EventName.EGRESS_BLOCKED, findings=[FINDING | {"entity": entity}]))
    await log.close()
    return tmp_path / "state"


def test_a_patch_is_printed_and_what_is_left_out_is_said_beside_it(state, capsys):
    assert main(["rules", "suggest", "--state", str(state), "--reason", "our reference numbers"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("# proposed by `aisecops rules suggest` from the record of ")
    assert "    # one value of PHONE_NUMBER, " in said.out
    assert '- {fingerprint: "abababababababab", entity: "PHONE_NUMBER", agent: ' in said.out
    assert "VCS_TOKEN" not in said.out
    assert said.err == "1 of secret kinds are left out; `--secrets` shows them\n"


def test_the_patch_loads_beside_the_rules_when_its_agent_is_one_of_theirs(state, capsys, tmp_path):
    main(["rules", "suggest", "--state", str(state), "--reason", "our reference numbers"])
    patch = capsys.readouterr().out
    agent = patch.partition('agent: "')[2].partition('"')[0]
    (tmp_path / "rules" / "allowed.yaml").write_text(patch.replace(f'"{agent}"', '"clerk"'))
    assert main(["rules", "check", str(tmp_path / "rules")]) == 0


def test_as_json_every_suggestion_has_section_entry_and_evidence(state, capsys):
    assert main(["rules", "suggest", "--state", str(state), "--secrets", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["entry"]["entity"] for one in told["found"]} == {"PHONE_NUMBER", "VCS_TOKEN"}
    assert all(one["section"] == "egress.allow" and one["evidence"] and one["weakens"] for one in told["found"])


def test_without_anything_to_propose_it_says_so(state, capsys):
    assert main(["rules", "suggest", "--state", str(state), "--since", "2999-01-01"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "nothing to propose\n")


def test_a_proposal_is_put_on_record_when_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(laid_out(tmp_path))
    assert main(["maturity", "--json"]) == 0  # a first record
    assert main(["rules", "suggest", "grants", "--record"]) == 0
    capsys.readouterr()
    (told,) = (one for one in events(tmp_path / ".aisecops" / "audit") if one["event"] == EventName.RULES_SUGGESTED)
    assert (told["what"], told["control"]) == ("grants", ["AIS-GOV-01"])
