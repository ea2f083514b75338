"""The overlay is good rules beside any others, and its agents are bound as those that they stand for."""

from pathlib import Path

import msgspec
import pytest

from aisecops.adapters.policies.files import read_folder
from aisecops.controls.policy.parse import parse
from aisecops.model.ids import AgentId
from aisecops.model.rules import RuleSet
from aisecops.ops.demo import agent
from aisecops.ops.evaluation.needs import missing
from aisecops.ops.evaluation.places import RULES_FILE, overlay, probes, scope_of
from support.gateway import rules_of
from support.installation_rules import RULES

SHIPPED = read_folder(Path(__file__).parents[3] / "rules")
DEMO = {"demo.yaml": Path(agent.__file__).with_name("rules.yaml").read_bytes()}


def laid(files, chosen=()):
    rules = parse(files)
    assert isinstance(rules, RuleSet)
    probed = probes(rules, chosen)
    both = parse(files | {RULES_FILE: overlay(probed, secret_of_others="env:X_SECRET")})
    assert isinstance(both, RuleSet), both
    return rules, probed, both


@pytest.mark.parametrize("files", [SHIPPED, DEMO, {"rules.yaml": RULES.encode()}])
def test_beside_any_rules_the_overlay_is_good_and_its_agents_are_bound_alike(files):
    rules, probed, both = laid(files)

    for probe in probed:
        real, stand_in = rules.agents[AgentId(probe.stands_for)], both.agents[AgentId(probe.agent_id)]
        kept = {"agent_id", "place", "grants", "authenticate", "system_prompt"}
        for field in set(real.__struct_fields__) - kept:
            assert getattr(stand_in, field) == getattr(real, field), field
        assert both.agents[AgentId(probe.other_id)].budgets == real.budgets
    assert both.egress == rules.egress
    assert both.firewall == rules.firewall


def test_agents_that_are_bound_alike_are_probed_once_and_those_that_are_chosen_alone():
    twice = rules_of(
        "version: 1\nagents:\n" + "".join(f"  {name}: {{authenticate: {{secret: 'env:{name}'}}}}\n" for name in "abc")
    )

    assert [probe.stands_for for probe in probes(twice, [])] == ["a"]
    assert [probe.stands_for for probe in probes(twice, ["c"])] == ["c"]


@pytest.mark.parametrize("tool", ["mail.send", "pay.send"])
def test_a_write_to_strangers_weighs_so_little_that_a_careful_agent_may_make_one(tool):
    _, probed, both = laid(DEMO)
    lowest = min(probe.rule.risk.approve_micros for probe in probed)

    assert both.tools[f"evaluated.{tool}"].base_risk * 2 * 1_000_000 < lowest


def test_a_mail_after_a_word_over_a_websocket_still_needs_nobodys_yes():
    _, probed, both = laid(DEMO)
    lowest = min(probe.rule.risk.approve_micros for probe in probed)
    mail, said = (both.tools[f"evaluated.{name}"].base_risk * 2 for name in ("mail.send", "feed.say"))

    # opening it is a step and so is each message, and a sequence of the rules makes the last half again as heavy
    assert (2 * said + mail) * 3 / 2 * 1_000_000 < lowest


def test_a_scope_is_made_as_the_gateway_makes_it():
    assert scope_of("crm.read", "/v1/customers/a.b?x=1", None) == "evaluated.crm.read.a%2Eb"
    assert scope_of("mail.send", "/send", {"to": "a@b.c"}) == "evaluated.mail.send.a@b%2Ec"
    assert scope_of("chat.post", "/messages", None) == "evaluated.chat.post.all"


def test_what_the_rules_do_not_have_is_said_in_words():
    rules, probed, _ = laid(SHIPPED)
    rule = probed[0].rule

    assert missing(rules, rule, ["own-tokens", "rate"]) == ""
    assert missing(rules, rule, ["own-tokens", "canary"]) == "`egress.canaries` names one"
    fast = msgspec.structs.replace(rule, budgets=msgspec.structs.replace(rule.budgets, rate=None))
    assert missing(rules, fast, ["rate"]).startswith("a rate of at most")
