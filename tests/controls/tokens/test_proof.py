"""DPoP proofs: for this request, this token, this key, now."""

from __future__ import annotations

import hashlib
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.tokens.proof import ProofFacts, check_proof
from aisecops.model.refusals import Code
from support.tokens import HOLDER, NOW_S, OTHER_KEY, b64, forged, presented, token

TOKEN = token(cnf={"jkt": HOLDER.key_id})
URL = "https://crm.test/v1/customers/42"
HEADER = {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": HOLDER.jwk}
SAID = {
    "jti": "p1",
    "htm": "GET",
    "htu": URL,
    "iat": NOW_S,
    "ath": b64(hashlib.sha256(TOKEN.encode()).digest()),
}


def checked(text, **changes):
    asked = {"method": "GET", "url": URL, "token": TOKEN, "now_s": NOW_S}
    return check_proof(text, **(asked | changes))


def proof(header=(), said=(), key=HOLDER):
    return forged(HEADER | dict(header), SAID | dict(said), key)


def refused(facts):
    return facts.fault is Code.TOKEN_PROOF_INVALID and not facts.jkt and not facts.jti


def test_a_good_proof_gives_its_key_and_its_id():
    assert checked(proof()) == ProofFacts(jkt=HOLDER.key_id, jti="p1")


def test_a_good_proof_lets_its_bound_token_pass():
    assert presented(TOKEN, proof=checked(proof())).fault is None


def test_a_proof_made_by_another_library_is_read():
    key = Ed25519PrivateKey.from_private_bytes(bytes(HOLDER.private))
    text = jwt.encode(SAID, key, algorithm="EdDSA", headers={"typ": "dpop+jwt", "jwk": HOLDER.jwk})

    assert checked(text).fault is None


def test_another_holders_proof_is_good_and_fits_no_token_of_ours():
    others = forged(HEADER | {"jwk": OTHER_KEY.jwk}, SAID, OTHER_KEY)

    assert checked(others).jkt == OTHER_KEY.key_id
    assert presented(TOKEN, proof=checked(others)).fault is Code.TOKEN_PROOF_INVALID


def test_a_proof_signed_by_another_key_than_it_names_is_refused():
    assert refused(checked(proof(key=OTHER_KEY)))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "aisecops-cap+jwt"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES256"},
        {"jwk": None},
        {"jwk": {}},
        {"jwk": HOLDER.jwk | {"d": b64(b"1" * 32)}},
        {"jwk": HOLDER.jwk | {"crv": "X25519"}},
        {"jwk": HOLDER.jwk | {"kty": "EC"}},
        {"jwk": HOLDER.jwk | {"x": "AAAA"}},
        {"jwk": HOLDER.jwk | {"x": HOLDER.jwk["x"] + "="}},
        {"jwk": HOLDER.jwk | {"use": "enc"}},
        {"crit": ["b64"]},
        {"jku": "https://evil.test"},
    ],
)
def test_a_header_of_another_kind_is_refused(header):
    assert refused(checked(proof(header=header)))


@pytest.mark.parametrize("name", sorted(SAID))
@pytest.mark.parametrize("value", [None, 1.5, True, "", [], "x" * 5000])
def test_a_claim_of_another_kind_is_refused(name, value):
    assert refused(checked(proof(said={name: value})))


@pytest.mark.parametrize("name", sorted(SAID))
def test_no_claim_may_be_missing(name):
    assert refused(checked(forged(HEADER, {key: value for key, value in SAID.items() if key != name}, HOLDER)))


def test_other_claims_may_be_there():
    assert checked(proof(said={"nonce": "n"})).fault is None


def test_a_claim_that_stands_twice_is_refused():
    twice = json.dumps(SAID)[:-1] + ', "htm": "POST"}'

    assert refused(checked(forged(HEADER, twice.encode(), HOLDER)))


@pytest.mark.parametrize("method", ["POST", "get", ""])
def test_a_proof_for_another_method_is_refused(method):
    assert refused(checked(proof(), method=method))


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.test/v1/customers/42?fields=all",
        "https://crm.test/v1/customers/42#top",
        "https://crm.test:443/v1/customers/42",
        "HTTPS://CRM.test/v1/customers/42",
    ],
)
def test_query_case_and_default_port_make_no_other_url(url):
    assert checked(proof(), url=url).fault is None
    assert checked(proof(said={"htu": url})).fault is None


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.test/v1/customers/42",
        "https://crm.test:8443/v1/customers/42",
        "https://crm.test.evil.test/v1/customers/42",
        "https://crm.test@evil.test/v1/customers/42",
        "https://crm.test/v1/customers/43",
        "https://crm.test/v1/customers/42/",
        "https://crm.test/V1/customers/42",
        "https://crm.test:99999/v1/customers/42",
        "https://[::1/v1",
        "/v1/customers/42",
        "",
    ],
)
def test_a_proof_for_another_url_is_refused(url):
    assert refused(checked(proof(said={"htu": url or " "})))
    assert refused(checked(proof(), url=url))


def test_a_request_without_a_host_matches_no_proof():
    assert refused(checked(proof(said={"htu": "/x"}), url="/x"))


@pytest.mark.parametrize(
    ("age_s", "good"), [(-6, False), (-5, True), (0, True), (60, True), (61, False), (10**9, False)]
)
def test_a_proof_is_good_for_a_minute(age_s, good):
    assert (checked(proof(), now_s=NOW_S + age_s).fault is None) is good


def test_a_proof_for_another_token_is_refused():
    assert refused(checked(proof(), token=token()))


@given(st.text(max_size=200) | st.text(alphabet="eyJ0123.-_", max_size=100))
def test_any_text_is_refused(text):
    assert refused(checked(text))
