"""Rules from bytes: the whole language, every mistake with its place and mend, and nothing but those two."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.policy.parse import MAX_FILES, parse, policy_version
from aisecops.model.action import ToolEffect
from aisecops.model.budget import Budgets, Rate
from aisecops.model.decision import Mode
from aisecops.model.finding import FindingAction
from aisecops.model.grant import Constraints, Grant
from aisecops.model.place import Problem
from aisecops.model.provenance import TrustTier
from aisecops.model.risk import Thresholds
from aisecops.model.rules import (
    CertificateAuthentication,
    HttpMatch,
    McpMatch,
    Measure,
    ModelToolMatch,
    Price,
    RuleSet,
    SecretAuthentication,
    SourceAuthentication,
    Untrusted,
)
from support.rules_text import FULL, problems, rules, text


def test_an_agent_is_read_with_all_its_keys():
    agent = rules(FULL).agents["support-bot"]

    assert agent.role == "customer-support"
    assert agent.authenticate == (SecretAuthentication(source="env:SUPPORT_BOT_SECRET"),)
    assert agent.mode is Mode.ENFORCE
    assert agent.system_prompt == "pinned"
    assert [(grant.name, grant.grant) for grant in agent.grants] == [
        (
            "support-bot.grants[0]",
            Grant(tool="crm.read", scope="crm.customers.*", constraints=Constraints(max_rows=100)),
        ),
        (
            "support-bot.grants[1]",
            Grant(tool="mail.send", scope="mail.contacts.*", constraints=Constraints(max_cost_micros=500_000, uses=1)),
        ),
    ]
    assert agent.budgets == Budgets(
        max_tool_calls=50,
        max_write_operations=10,
        max_execution_ms=600_000,
        max_cost_micros=2_000_000,
        rate=Rate(count=5, per_ms=1000),
    )
    assert agent.risk == Thresholds(approve_micros=1_500_000, halt_micros=2_000_000)
    assert (agent.place.file, agent.place.line, agent.place.column) == ("rules.yaml", 3, 3)


def test_tools_are_read_with_all_their_keys():
    tools = rules(FULL).tools
    read, send = tools["crm.read"], tools["mail.send"]

    assert read.match == (HttpMatch(host="crm.internal", methods=("GET",), path="/v1/customers/**"),)
    assert (read.effect, read.base_risk, read.trust) == (ToolEffect.READ, Decimal("0.2"), Decimal("0.5"))
    assert read.rows == Measure(side="response", expression="length(customers)")
    assert (read.returns.tier, read.returns.label) == (TrustTier.INTERNAL, "confidential")
    assert read.returns.trusted_fields == ("customers[].id", "customers[].email")
    assert send.match[1] == ModelToolMatch(names=("send_email",))
    assert [(one.name, one.at, one.steering, one.untrusted) for one in send.arguments] == [
        ("to", "to", True, Untrusted.HOLD),
        ("text", "text", False, Untrusted.HOLD),
    ]
    assert tools["tickets.*"].match == (McpMatch(host="mcp.internal", tool="*"),)


def test_the_other_sections_are_read():
    found = rules(FULL)

    assert found.models["openai"].prices == {"gpt-4o": Price(input=Decimal("2.50"), output=Decimal("10.00"))}
    assert found.sources[0].match.host == "*.wikipedia.org"
    assert (found.memory[0].tool, found.memory[0].item, found.memory[0].id) == ("notes.write", "text", "id")
    assert found.risk.sequences[0].escalation == Decimal("1.2")
    assert found.egress.max_body_bytes == 10 * 1024 * 1024
    assert [(rule.entities, rule.to, rule.action) for rule in found.egress.detectors][1:] == [
        (("SECRET",), "any", FindingAction.BLOCK),
        (("EMAIL_ADDRESS",), "model", FindingAction.MASK),
    ]
    assert found.egress.labels == {"confidential": ("internal", "model")}
    assert found.firewall.block_at == Decimal("0.9")
    assert found.policy.cedar == ("policy/*.cedar",)
    assert found.policy.opa is not None
    assert found.policy.opa.path == "aisecops/allow"


def test_what_is_not_written_is_the_harder_choice():
    tool = rules("tools: {t: {match: {host: h.test}}}").tools["t"]

    assert (tool.effect, tool.base_risk, tool.trust) == (ToolEffect.WRITE, Decimal(1), Decimal(2))
    assert tool.returns.tier is TrustTier.EXTERNAL


def test_an_agent_may_be_known_in_several_ways():
    found = rules(
        'agents: {a: {authenticate: {secret: "file:/run/a", client_cert: {san: a.test}, source: [10.1.0.0/16]}}}'
    )

    assert found.agents["a"].authenticate == (
        SecretAuthentication(source="file:/run/a"),
        CertificateAuthentication(san="a.test"),
        SourceAuthentication(networks=("10.1.0.0/16",)),
    )


def test_no_files_are_an_empty_rule_set():
    found = parse({})

    assert isinstance(found, RuleSet)
    assert not found.agents
    assert not found.tools


def test_several_files_are_one_set():
    found = rules(
        "egress: {detectors: [{entity: SECRET, to: any, action: block}]}",
        other="egress: {max_body: 1MiB, detectors: [{entity: IBAN_CODE, to: any, action: count}]}",
    )

    assert found.egress.max_body_bytes == 1024 * 1024
    assert {rule.entities for rule in found.egress.detectors} == {("SECRET",), ("IBAN_CODE",)}


def test_a_section_that_is_empty_in_one_file_is_that_of_the_other():
    for one, other in (("egress:", "egress: {max_body: 1B}"), ("egress: {max_body: 1B}", "egress:")):
        assert rules(one, zzz=other).egress.max_body_bytes == 1


def test_money_is_exact():
    price = rules("models: {m: {match: {host: h.test}, dialect: openai, prices: {x: {input: 0.1, output: 0.000001}}}}")

    assert price.models["m"].prices["x"] == Price(input=Decimal("0.1"), output=Decimal("0.000001"))


def test_the_policy_version_is_of_names_and_bytes_in_any_order():
    one = policy_version({"a": b"1", "b": b"2"})

    assert one == policy_version({"b": b"2", "a": b"1"})
    assert one.startswith("sha256:")
    assert policy_version({"a": b"1", "b": b"2"}) != policy_version({"a": b"1b2"})
    assert len({one, policy_version({"a": b"12", "b": b""}), policy_version({"a": b"2", "b": b"1"})}) == 3


def test_all_mistakes_are_said_at_once_and_in_reading_order():
    found = problems(
        """
        agents:
          a: {authenticate: {secret: x}, rol: y}
        tools:
          t: {match: {host: h.test, method: get}, effect: red}
        """,
        broken="a: b: c",
        other="sources: [{match: {host: 'a b'}}]",
    )

    assert [(problem.place.file, problem.place.line) for problem in found] == [
        ("broken.yaml", 2),
        ("other.yaml", 2),
        ("rules.yaml", 3),
        ("rules.yaml", 3),
        ("rules.yaml", 5),
        ("rules.yaml", 5),
    ]


@pytest.mark.parametrize(
    ("yaml", "name"),
    [
        ('agents: {a: {authenticate: {secret: "env:A"}}}', "agents.a"),
        ("tools: {t: {match: {host: h.test}}}", "tools.t"),
        ("models: {m: {match: {host: h.test}, dialect: openai}}", "models.m"),
        ("egress: {max_body: 1MiB}", "egress.max_body"),
        ("egress: {labels: {secret: {to: [model]}}}", "egress.labels.secret"),
        ("firewall: {flag_at: 0.1}", "firewall.flag_at"),
        ("policy: {opa: {url: http://h.test, path: p}}", "policy.opa"),
    ],
)
def test_the_same_name_in_two_files_is_a_mistake(yaml, name):
    (problem,) = problems(yaml, another=yaml)

    assert problem.what == f"`{name}` is set here and in another.yaml:2"
    assert problem.place.file == "rules.yaml"


@pytest.mark.parametrize("data", [b"", b"# nothing yet\n", b"agents: {}\n", b"[]", b"version: 2\n", b"version: '1'\n"])
def test_every_file_says_its_version(data):
    found = parse({"good.yaml": b"version: 1\n", "rules.yaml": data})

    assert isinstance(found, tuple)
    assert found[0].place.file == "rules.yaml"
    assert "version: 1" in found[0].mend or "quotes" in found[0].mend


def test_too_many_files_are_refused():
    found = parse({f"{index}.yaml": b"version: 1\n" for index in range(MAX_FILES + 1)})

    assert isinstance(found, tuple)
    assert "more than" in found[0].what


def _is_answer(found: object) -> bool:
    return isinstance(found, RuleSet) or (
        isinstance(found, tuple) and bool(found) and all(isinstance(one, Problem) and one.what for one in found)
    )


@given(st.dictionaries(st.text(max_size=8), st.binary(max_size=200), max_size=3))
def test_any_bytes_are_rules_or_problems(files):
    assert _is_answer(parse(files))


@given(st.data())
def test_any_damage_to_good_rules_gives_rules_or_problems(data):
    good = text(FULL)
    at = data.draw(st.integers(0, len(good)))
    length = data.draw(st.integers(0, 12))
    bad = good[:at] + data.draw(st.binary(max_size=6)) + good[at + length :]

    assert _is_answer(parse({"rules.yaml": bad}))


_leaf = st.one_of(
    st.text(max_size=8), st.integers(-5, 5).map(str), st.sampled_from(["a.b", "*", "**", "GET", "/x", "env:A"])
)
_tree = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "agents",
                    "tools",
                    "match",
                    "host",
                    "path",
                    "grants",
                    "authenticate",
                    "secret",
                    "scope",
                    "tool",
                    "risk",
                    "models",
                    "sources",
                    "egress",
                    "detectors",
                    "entity",
                    "memory",
                    "x",
                    "mcp",
                    "model_tool",
                    "policy",
                    "opa",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(_tree)
def test_any_shape_gives_rules_or_problems(tree):
    import json

    assert _is_answer(parse({"rules.yaml": b"version: 1\nagents: " + json.dumps(tree).encode()}))
    if isinstance(tree, dict):
        assert _is_answer(parse({"rules.yaml": json.dumps({"version": 1, **tree}).encode()}))
