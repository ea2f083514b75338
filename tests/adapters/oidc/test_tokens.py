"""Tokens of an OpenID provider, made by attackers."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from aisecops.adapters.oidc.tokens import MAX_TOKEN, Unverified, key_id, verified
from support.provider import CLIENT_ID, PlayedProvider

NOW = 1_800_000_000


@pytest.fixture(scope="module")
def provider():
    one = PlayedProvider(443, Path())
    one.now_s = NOW
    return one


def read(provider, token, *, audience=CLIENT_ID, nonce=None, now_s=NOW, extra=()):
    keys = [*(key.as_dict(private=False) for key in provider.keys), *extra]
    return verified(token, keys, issuer=provider.issuer, audience=audience, now_s=now_s, nonce=nonce)


def encoded(part):
    return (
        base64.urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode()).rstrip(b"=").decode()
    )


def claims(provider, **more):
    return {"iss": provider.issuer, "aud": CLIENT_ID, "sub": "u-1", "iat": NOW, "exp": NOW + 300, **more}


def test_a_token_of_the_provider_for_us_gives_its_claims(provider):
    assert read(provider, provider.token())["sub"] == "u-1"


@pytest.mark.parametrize("make", [
    lambda: RSAKey.generate_key(2048, {"kid": "x", "alg": "PS256"}),
    lambda: ECKey.generate_key("P-256", {"kid": "x", "alg": "ES256"}),
    lambda: OKPKey.generate_key("Ed25519", {"kid": "x", "alg": "Ed25519"}),
])  # fmt: skip
def test_each_kind_of_public_key_verifies(provider, make):
    key = make()
    assert read(provider, provider.token(key=key), extra=[key.as_dict(private=False)])["sub"] == "u-1"


@pytest.mark.parametrize(
    "said",
    [
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": None},
        {"aud": [CLIENT_ID, "another-client"]},
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
        {"iss": "https://evil.test"},
        {"iss": None},
        {"sub": None},
        {"exp": None},
        {"exp": NOW - 61},
        {"exp": "soon"},
        {"nbf": NOW + 61},
        {"iat": NOW + 61},
        {"iat": None},
        {"iat": NOW - 25 * 3600, "exp": NOW + 10**9},
    ],
)
def test_a_token_that_is_not_for_us_now_from_there_is_nothing(provider, said):
    with pytest.raises(Unverified):
        read(provider, provider.token(**said))


@pytest.mark.parametrize("said", [{"exp": NOW - 59}, {"nbf": NOW + 59}, {"aud": [CLIENT_ID, "x"], "azp": CLIENT_ID}])
def test_clocks_may_be_a_minute_apart_and_others_may_be_told_too(provider, said):
    assert read(provider, provider.token(**said))


def test_nobody_signs_with_nothing(provider):
    for alg in ("none", "None", "NONE", ""):
        token = f"{encoded({'alg': alg, 'kid': 'one'})}.{encoded(claims(provider))}."
        with pytest.raises(Unverified, match="signed in a way"):
            read(provider, token)


@pytest.mark.parametrize("form", ["pem", "der", "jwk"])
def test_the_public_key_is_not_a_shared_secret(provider, form):
    key = provider.keys[0]
    public = {
        "pem": key.as_pem(private=False),
        "der": key.as_der(private=False),
        "jwk": json.dumps(key.as_dict(private=False)).encode(),
    }[form]
    head = f"{encoded({'alg': 'HS256', 'kid': 'one'})}.{encoded(claims(provider))}"
    token = f"{head}.{encoded(hmac.new(public, head.encode(), hashlib.sha256).digest())}"
    with pytest.raises(Unverified, match="signed in a way"):
        read(provider, token)


def test_a_shared_secret_among_the_keys_signs_nothing(provider):
    shared = OctKey.generate_key(256, {"kid": "shared"})
    token = provider.token(key=shared, header={"alg": "HS256"})
    with pytest.raises(Unverified):
        read(provider, token, extra=[shared.as_dict(private=True)])


@pytest.mark.parametrize("planted", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_token_brings_along_is_not_the_providers(provider, planted):
    own = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256"})
    value = (
        own.as_dict(private=False) if planted == "jwk" else ["AAAA"] if planted == "x5c" else "https://evil.test/keys"
    )
    head = f"{encoded({'alg': 'RS256', 'kid': 'one', planted: value})}.{encoded(claims(provider))}"
    from joserfc import jws

    signature = jws.serialize_compact({"alg": "RS256"}, b"x", own).rsplit(".", 1)[1]
    with pytest.raises(Unverified):
        read(provider, f"{head}.{signature}")


def test_another_key_under_the_same_name_is_not_the_providers(provider):
    own = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256"})
    with pytest.raises(Unverified, match="does not hold"):
        read(provider, provider.token(key=own))


def test_a_key_is_used_for_the_one_kind_of_signature_that_it_is_for(provider):
    same = RSAKey.import_key({**provider.keys[0].as_dict(private=True), "alg": "PS256"})
    with pytest.raises(Unverified, match="does not hold"):
        read(provider, provider.token(key=same))  # the published one says RS256


@pytest.mark.parametrize("kid", ["unknown", "../../dev/null", "one' OR '1'='1"])
def test_a_token_that_names_no_key_of_the_provider_is_nothing(provider, kid):
    with pytest.raises(Unverified, match="no key"):
        read(provider, provider.token(header={"kid": kid}))


def test_a_token_without_a_key_name_is_taken_when_there_is_one_key_only(provider):
    token = provider.token(header={"kid": None})
    assert read(provider, token)
    other = RSAKey.generate_key(2048, {"kid": "other"})
    with pytest.raises(Unverified, match="no key"):
        read(provider, token, extra=[other.as_dict(private=False)])


def test_a_key_for_encryption_signs_nothing(provider):
    own = RSAKey.generate_key(2048, {"kid": "enc", "use": "enc", "alg": "RS256"})
    with pytest.raises(Unverified, match="no key"):
        signing = RSAKey.import_key({**own.as_dict(private=True), "use": "sig"})
        read(provider, provider.token(key=signing), extra=[own.as_dict(private=False)])


@pytest.mark.parametrize("header", [{"typ": "logout+jwt"}, {"typ": "dpop+jwt"}, {"typ": "aisecops-cap+jwt"}])
def test_a_token_for_something_else_is_not_taken_for_a_person(provider, header):
    with pytest.raises(Unverified, match="something else"):
        read(provider, provider.token(header=header))


def test_what_a_token_calls_critical_is_not_skipped(provider):
    token = f"{encoded({'alg': 'RS256', 'kid': 'one', 'crit': ['exp'], 'exp': 1})}.{encoded(claims(provider))}.AAAA"
    with pytest.raises(Unverified, match="signed in a way"):
        read(provider, token)


def test_a_changed_claim_breaks_the_signature(provider):
    head, _, signature = provider.token().split(".")
    with pytest.raises(Unverified, match="does not hold"):
        read(provider, f"{head}.{encoded(claims(provider, groups=['platform']))}.{signature}")


@pytest.mark.parametrize("nonce", [None, "another", 5])
def test_an_answer_to_another_sign_in_is_not_taken(provider, nonce):
    with pytest.raises(Unverified, match="another sign-in"):
        read(provider, provider.token(nonce=nonce), nonce="ours")


@pytest.mark.parametrize("text", ["", "..", "a.b", "a.b.c.d.e", "é.b.c", "a" * MAX_TOKEN + "..", "e30.e30.e30"])
def test_what_is_no_token_is_said_to_be_none(text):
    with pytest.raises(Unverified):
        key_id(text)


@given(st.one_of(st.text(max_size=100), st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64"]), st.one_of(
    st.none(), st.integers(), st.text(max_size=10), st.sampled_from(["RS256", "JWT"]), st.lists(st.text(max_size=3), max_size=2)))
    .map(lambda head: f"{encoded(head)}.e30.AAAA")))  # fmt: skip
def test_any_text_is_a_token_or_unverified(provider, text):
    with contextlib.suppress(Unverified):
        read(provider, text)
        raise AssertionError("nobody signed it")
