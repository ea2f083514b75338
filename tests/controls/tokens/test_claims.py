"""Claims by their outward names, and what of them is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.tokens.claims import as_carried, read_claims, rfc3339, write_claims
from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from support.tokens import HOLDER, KEY, NOW_S, claims, grant, parts, presented, resaid, token


def test_a_token_carries_the_fields_of_the_specification_by_their_names():
    limited = claims(grant=grant(max_rows=100, max_cost_micros=500_000))

    said = json.loads(write_claims(limited))

    assert {
        name: said[name] for name in ("agent_id", "tool", "scope", "constraints", "risk_score", "policy_version")
    } == {
        "agent_id": "support-bot",
        "tool": "crm.read",
        "scope": "crm.customers.*",
        "constraints": {"expiry": "2026-03-02T17:05:00Z", "max_rows": 100, "max_cost": 0.5},
        "risk_score": 0.42,
        "policy_version": "rules-1",
    }


def test_sub_repeats_the_agent_for_readers_that_know_jwt_only():
    assert json.loads(write_claims(claims()))["sub"] == "support-bot"


def test_what_is_not_limited_is_not_said():
    said = json.loads(write_claims(claims()))

    assert said["constraints"] == {"expiry": "2026-03-02T17:05:00Z"}
    assert not {"uses", "cnf", "parent"} & said.keys()


@pytest.mark.parametrize("whole", [claims(uses=1), claims(grant=grant(uses=1))])
def test_uses_count_wherever_they_were_said(whole):
    read = read_claims(write_claims(whole), KEY.key_id)

    assert (read.uses, read.grant.constraints.uses) == (1, 1)


def test_of_two_uses_the_smaller_counts():
    assert presented(resaid(uses=5, constraints={"expiry": rfc3339(NOW_S + 300), "uses": 2})).claims.uses == 2


def test_the_lifetime_is_read_back_as_the_grants_own_limit():
    read = read_claims(write_claims(claims(exp=NOW_S + 90)), KEY.key_id)

    assert read.grant.constraints.max_ttl_s == 90
    assert read.grant.constraints.within(grant(max_ttl_s=120).constraints)


def test_a_binding_is_read_back():
    bound = claims(cnf={"jkt": HOLDER.key_id}, parent="cap_0")

    assert read_claims(write_claims(bound), KEY.key_id).cnf == {"jkt": HOLDER.key_id}
    assert read_claims(write_claims(bound), KEY.key_id).parent == "cap_0"


@pytest.mark.parametrize("cnf", [{}, {"jkt": "short"}, {"jwk": {}}, {"jkt": HOLDER.key_id, "x": 1}, {"jkt": 1}])
def test_a_binding_is_a_thumbprint_and_nothing_else(cnf):
    with pytest.raises(ValueError, match="`cnf` must be `jkt`"):
        write_claims(claims(cnf=cnf))
    assert presented(resaid(cnf=cnf)).fault is Code.TOKEN_MALFORMED


@pytest.mark.parametrize("name", ["iat", "nbf", "exp"])
@pytest.mark.parametrize(
    "value", [True, None, "1772470800", 1772470800.0, 1772470800.5, 1e300, -1, 2**53, 10**40, [], {}]
)
def test_a_time_is_a_whole_number_of_seconds(name, value):
    assert presented(resaid(**{name: value})).fault is Code.TOKEN_MALFORMED


@pytest.mark.parametrize(
    "limits",
    [
        {"max_rows": -1},
        {"max_rows": 1.5},
        {"max_rows": True},
        {"max_rows": "100"},
        {"max_rows": None},
        {"max_rows": 10**30},
        {"max_cost": -0.01},
        {"max_cost": "0.5"},
        {"max_cost": True},
        {"max_cost": 1e300},
        {"uses": 0},
        {"uses": -1},
        {"hours": "9-17"},
    ],
)
def test_a_limit_that_is_not_understood_is_not_ignored(limits):
    said = resaid(constraints={"expiry": rfc3339(NOW_S + 300)} | limits)

    assert presented(said).fault is Code.TOKEN_MALFORMED


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "other-bot"},
        {"constraints": {}},
        {"constraints": {"expiry": "2026-03-02T18:00:00Z"}},
        {"constraints": {"expiry": "2026-03-02 17:05:00Z"}},
        {"constraints": []},
        {"tool": ""},
        {"tool": ["crm.read"]},
        {"aud": ["gateway.test"]},
        {"agent_id": 7, "sub": 7},
        {"risk_score": None},
        {"risk_score": -1},
        {"extra": 1},
        {"uses": 0},
        {"uses": None},
        {"jti": "x" * 513},
    ],
)
def test_claims_that_are_incomplete_strange_or_at_odds_are_malformed(changes):
    assert presented(resaid(**changes)).fault is Code.TOKEN_MALFORMED


@pytest.mark.parametrize("name", sorted(set(parts(token())[1])))
def test_no_claim_may_be_missing(name):
    said = parts(token())[1]
    del said[name]

    with pytest.raises(WireError):
        read_claims(json.dumps(said).encode(), KEY.key_id)


def test_money_is_exact_to_the_millionth():
    for micros in (0, 1, 10, 333_333, 500_000, 1_000_001, 123_456_789_012_345):
        written = write_claims(claims(grant=grant(max_cost_micros=micros)))
        assert read_claims(written, KEY.key_id).grant.constraints.max_cost_micros == micros


@given(
    st.builds(
        grant,
        tool=st.sampled_from(["crm.read", "tickets.*", "**"]),
        scope=st.text(min_size=1, max_size=40, alphabet=st.characters(exclude_categories=["Cs"])),
        max_rows=st.none() | st.integers(0, 2**53 - 1),
        max_cost_micros=st.none() | st.integers(0, 10**15),
        uses=st.none() | st.integers(1, 1000),
    ),
    st.integers(1, 900),
    st.floats(0, 1e6),
    st.none() | st.integers(1, 1000),
)
def test_claims_are_read_back_as_they_were_written(given_grant, lifetime, risk, uses):
    said = claims(grant=given_grant, exp=NOW_S + lifetime, risk_score=risk, uses=uses)

    assert read_claims(write_claims(said), KEY.key_id) == as_carried(said, KEY.key_id)
