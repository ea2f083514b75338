"""Issuing: what is signed, and what never is."""

from __future__ import annotations

import base64

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from aisecops.controls.tokens.claims import MAX_TTL_S
from aisecops.controls.tokens.sign import issue
from aisecops.model.grant import Constraints, Grant
from support.tokens import AUDIENCE, ISSUER, KEY, NOW_S, OTHER_KEY, claims, grant, parts, presented, token


def test_an_issued_token_is_accepted_and_says_what_was_granted():
    facts = presented(token(grant=grant(max_rows=100)))

    assert facts.fault is None
    assert facts.claims.grant == grant(max_rows=100, max_ttl_s=300)


def test_the_header_names_algorithm_type_and_key():
    assert parts(token())[0] == {"alg": "EdDSA", "typ": "aisecops-cap+jwt", "kid": KEY.key_id}


def test_the_key_id_is_the_signers_whatever_the_claims_say():
    assert parts(issue(claims(kid="another"), KEY))[0]["kid"] == KEY.key_id


def test_any_jwt_library_can_check_a_token():
    key = Ed25519PublicKey.from_public_bytes(KEY.public)
    options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}

    said = jwt.decode(token(), key, algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER, options=options)

    assert said["agent_id"] == "support-bot"


def test_the_same_claims_give_the_same_token():
    assert token() == token()
    assert token() != issue(claims(), OTHER_KEY)


def test_a_token_may_live_for_the_ceiling():
    assert presented(token(exp=NOW_S + MAX_TTL_S)).fault is None


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW_S + 901},
        {"exp": NOW_S + 10**6},
        {"exp": NOW_S},
        {"exp": NOW_S - 1},
        {"iat": NOW_S - 601},
        {"nbf": NOW_S - 601},
        {"nbf": NOW_S + 300},
        {"exp": 10**12},
        {"exp": -1, "iat": -300, "nbf": -300},
    ],
)
def test_no_token_is_signed_for_longer_than_the_ceiling_or_for_no_time(changes):
    with pytest.raises(ValueError, match=r"lifetime|RFC 3339|claims"):
        token(**changes)


def test_no_token_outlives_the_limit_of_its_grant():
    with pytest.raises(ValueError, match="300 s is over the grant's limit of 60 s"):
        token(grant=grant(max_ttl_s=60))


@pytest.mark.parametrize(
    "changes",
    [
        {"grant": grant(tool="crm..read")},
        {"grant": grant(scope="crm.**.x")},
        {"grant": grant(scope="")},
        {"grant": grant(scope="a." * 5000 + "b")},
        {"grant": grant(max_rows=-1)},
        {"grant": grant(max_cost_micros=-1)},
        {"grant": grant(max_cost_micros=10**16)},
        {"grant": grant(uses=0)},
        {"uses": 0},
        {"risk_score": float("nan")},
        {"risk_score": float("inf")},
        {"agent_id": ""},
        {"iss": ""},
        {"jti": "x" * 600},
    ],
)
def test_what_would_not_be_read_back_is_not_signed(changes):
    with pytest.raises(ValueError):
        token(**changes)


def test_a_limit_that_cannot_be_written_is_not_dropped_in_silence():
    class NewerConstraints(Constraints):
        hours: str = ""

    newer = Grant(tool="crm.read", scope="crm.customers.*", constraints=NewerConstraints(hours="9-17"))

    with pytest.raises(ValueError, match="without a change"):
        token(grant=newer)


def test_a_token_that_would_be_too_large_is_not_signed():
    long = dict.fromkeys(("iss", "aud", "policy_version", "jti"), "é" * 500)

    with pytest.raises(ValueError, match="over 8192 characters"):
        token(**long, grant=grant(scope="é" * 1500))


def test_a_signature_has_64_bytes():
    assert len(base64.urlsafe_b64decode(token().split(".")[2] + "==")) == 64
