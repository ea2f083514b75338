"""The grants, asked."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.policy.evaluate import covering_grant, evaluate, still_granted
from aisecops.model.decision import Verdict
from aisecops.model.grant import Claims, Constraints, Grant
from aisecops.model.ids import AgentId, RunId, TokenId
from aisecops.model.refusals import Code
from aisecops.model.scope import covers
from support.rules_text import FULL, rules

RULES = rules(FULL)
BOT = AgentId("support-bot")
FREE = Constraints()


def test_a_grant_that_covers_the_request_allows_it():
    judgment, grant = evaluate(RULES, BOT, tool="crm.read", scope="crm.customers.42", constraints=FREE)

    assert judgment.verdict is Verdict.ALLOW
    assert grant == Grant(tool="crm.read", scope="crm.customers.42", constraints=Constraints(max_rows=100))


def test_what_is_asked_narrower_stays_narrower():
    asked = Constraints(max_rows=5, uses=1)

    _, grant = evaluate(RULES, BOT, tool="crm.read", scope="crm.customers.*", constraints=asked)

    assert grant is not None
    assert grant.constraints == Constraints(max_rows=5, uses=1)


def test_what_is_asked_wider_is_narrowed():
    _, grant = evaluate(RULES, BOT, tool="crm.read", scope="crm.customers.*", constraints=Constraints(max_rows=5000))

    assert grant is not None
    assert grant.constraints == Constraints(max_rows=100)


@pytest.mark.parametrize(
    ("tool", "scope"),
    [
        ("crm.read", "crm.orders.1"),
        ("crm.read", "crm.customers.1.notes"),
        ("crm.read", "crm.**"),
        ("crm.write", "crm.customers.1"),
        ("**", "crm.customers.1"),
        ("crm.*", "crm.customers.1"),
        ("mail.send", "crm.customers.1"),
        ("", ""),
    ],
)
def test_silence_denies_and_names_the_agent_and_the_nearest_grant(tool, scope):
    judgment, grant = evaluate(RULES, BOT, tool=tool, scope=scope, constraints=FREE)

    assert grant is None
    assert judgment.verdict is Verdict.DENY
    assert judgment.reasons[0].code is Code.POLICY_DENIED
    assert "`support-bot`" in judgment.reasons[0].detail
    assert "support-bot.grants[" in judgment.reasons[0].detail
    assert judgment.reasons[0].rule == "rules.yaml:3"


def test_the_nearest_grant_is_the_one_of_the_same_or_a_like_tool():
    judgment, _ = evaluate(RULES, BOT, tool="mail.sent", scope="mail.x", constraints=FREE)

    assert "support-bot.grants[1]" in judgment.reasons[0].detail


def test_an_unknown_agent_has_nothing():
    judgment, grant = evaluate(RULES, AgentId("suport-bot"), tool="crm.read", scope="crm.customers.1", constraints=FREE)

    assert grant is None
    assert judgment.reasons[0].code is Code.POLICY_DENIED
    assert "the nearest declared one is `support-bot`" in judgment.reasons[0].detail


def test_an_agent_without_grants_has_nothing():
    bare = rules('agents: {a: {authenticate: {secret: "env:A"}}}')

    judgment, _ = evaluate(bare, AgentId("a"), tool="t", scope="s", constraints=FREE)

    assert "it has no grants" in judgment.reasons[0].detail


def test_the_first_grant_written_decides():
    agent = rules(
        """
        agents:
          a:
            authenticate: {secret: "env:A"}
            grants: [{tool: t, scope: t, constraints: {uses: 1}}, {tool: "**", scope: "**"}]
        tools: {t: {match: {host: h.test}}}
        """
    ).agents[AgentId("a")]

    found = covering_grant(agent, tool="t", scope="t")

    assert found is not None
    assert found.name == "a.grants[0]"


def claims(**changes: object) -> Claims:
    grant = Grant(tool="crm.read", scope="crm.customers.42", constraints=Constraints(max_rows=100))
    known = Claims(
        iss="i", aud="a", jti=TokenId("cap_1"), iat=1000, nbf=1000, exp=1300, agent_id=BOT, run_id=RunId("run_1"),
        grant=grant, risk_score=0.0, policy_version="sha256:old", kid="k",
    )  # fmt: skip
    return msgspec.structs.replace(known, **changes)


def test_a_token_of_the_rules_in_force_is_not_judged_again():
    token = claims(policy_version=RULES.policy_version, grant=Grant(tool="no.longer", scope="x"))

    assert still_granted(RULES, token).verdict is Verdict.ALLOW


def test_an_older_token_that_is_still_covered_stays_good():
    assert still_granted(RULES, claims()).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    "token",
    [
        claims(agent_id=AgentId("gone")),
        claims(grant=Grant(tool="crm.write", scope="crm.customers.42", constraints=Constraints(max_rows=1))),
        claims(grant=Grant(tool="crm.read", scope="crm.orders.42", constraints=Constraints(max_rows=1))),
        claims(grant=Grant(tool="crm.read", scope="crm.customers.42", constraints=Constraints(max_rows=101))),
        claims(grant=Grant(tool="crm.read", scope="crm.customers.42")),
        claims(
            grant=Grant(tool="mail.send", scope="mail.contacts.x", constraints=Constraints(max_cost_micros=1)), uses=2
        ),
    ],
)
def test_an_older_token_that_is_wider_than_the_rules_now_is_outdated(token):
    judgment = still_granted(RULES, token)

    assert judgment.verdict is Verdict.DENY
    assert judgment.reasons[0].code is Code.TOKEN_POLICY_OUTDATED


def test_an_older_token_that_lives_longer_than_the_rules_now_say_is_outdated():
    shorter = rules(FULL.replace("{max_rows: 100}", "{max_rows: 100, expiry: 299s}"))
    as_long = rules(FULL.replace("{max_rows: 100}", "{max_rows: 100, expiry: 5m}"))

    assert still_granted(shorter, claims()).verdict is Verdict.DENY
    assert still_granted(as_long, claims()).verdict is Verdict.ALLOW


_limit = st.none() | st.integers(0, 9)
_constraints = st.builds(Constraints, max_rows=_limit, max_cost_micros=_limit, uses=_limit, max_ttl_s=_limit)
_pattern = st.lists(st.sampled_from(["crm", "customers", "1", "*"]), min_size=1, max_size=3).map(".".join)


@given(st.sampled_from(["crm.read", "mail.send", "crm.*"]), _pattern | _pattern.map(lambda p: p + ".**"), _constraints)
def test_nothing_is_ever_granted_beyond_a_rule_or_beyond_what_was_asked(tool, scope, asked):
    judgment, grant = evaluate(RULES, BOT, tool=tool, scope=scope, constraints=asked)

    assert (grant is None) is (judgment.verdict is Verdict.DENY)
    if grant is not None:
        assert grant.constraints.within(asked)
        assert any(
            covers(rule.grant.tool, tool)
            and covers(rule.grant.scope, grant.scope)
            and grant.constraints.within(rule.grant.constraints)
            for rule in RULES.agents[BOT].grants
        )
