"""Rules of an evaluation: everything that holds for all, and nobody of the operator's."""

from __future__ import annotations

import pytest

from aisecops.adapters.policies.files import FileRules, read_folder
from aisecops.adapters.policies.reading import read_rules
from aisecops.model.errors import ConfigError
from aisecops.ops.evaluation.overlaid import OverlaidRules, overlaid, secrets


@pytest.fixture
def files(own_rules):
    return read_folder(own_rules)


def test_no_agent_of_the_operators_is_in_them_and_none_of_their_secrets_opens_anything(files):
    rules = read_rules(files)
    found = overlaid(rules, files)

    assert rules.agents.keys() == {"assistant"}
    assert found.agents.keys() == {"eval-assistant", "evil-assistant"}
    sources = {how.source for agent in found.agents.values() for how in agent.authenticate}
    assert sources == {f"env:{name}" for name in secrets("a", "b")}


def test_what_holds_for_everybody_is_as_it_is(files):
    rules = read_rules(files)
    found = overlaid(rules, files)

    for part in ("egress", "firewall", "risk", "policy", "people", "approvals"):
        assert getattr(found, part) == getattr(rules, part), part
    mine, theirs = found.agents["eval-assistant"], rules.agents["assistant"]
    assert (mine.mode, mine.token, mine.budgets, mine.risk) == (
        theirs.mode, theirs.token, theirs.budgets, theirs.risk,
    )  # fmt: skip


def test_they_follow_what_is_in_force_and_not_what_lies_in_the_folder(own_rules, tmp_path):
    usual = FileRules(own_rules, tmp_path / "kept")
    usual.load()
    rules = OverlaidRules(usual)
    file = own_rules / "agents.yaml"
    file.write_text(file.read_text().replace("max_tool_calls: 50", "max_tool_calls: 7"))
    rules.refresh()
    assert rules.current().agents["eval-assistant"].budgets.max_tool_calls == 50

    usual.refresh()
    rules.refresh()
    assert rules.current().agents["eval-assistant"].budgets.max_tool_calls == 7
    file.write_text("nonsense: [")
    usual.refresh()
    rules.refresh()
    assert rules.current().agents["eval-assistant"].budgets.max_tool_calls == 7


def test_rules_whose_names_are_the_evaluations_cannot_be_evaluated(own_rules, tmp_path):
    more = (
        "version: 1\ntools:\n  evaluated.crm.read: {match: {host: x.test, method: GET}, effect: read, base_risk: 0.1}\n"
    )
    (own_rules / "more.yaml").write_text(more)
    usual = FileRules(own_rules, tmp_path / "kept")
    usual.load()

    with pytest.raises(ConfigError, match=r"evaluated\.crm\.read"):
        OverlaidRules(usual)
