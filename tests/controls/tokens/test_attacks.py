"""Tokens from an attacker's hand: none of them is accepted, and each is refused with one code."""

from __future__ import annotations

import hashlib
import hmac
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.tokens.jwks import thumbprint
from aisecops.model.facts import TokenFacts
from aisecops.model.refusals import Code
from support.tokens import KEY, KEYS, OTHER_KEY, b64, forged, parts, presented, resaid, token, unb64

HEADER, PAYLOAD, SIGNATURE = parts(token())
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the Ed25519 group


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS256", "ES256", "RS256", "Ed25519", "eddsa", "EdDSA "])
def test_the_algorithm_is_never_the_tokens_choice(alg):
    assert presented(forged(HEADER | {"alg": alg}, PAYLOAD)).fault is Code.TOKEN_MALFORMED


@pytest.mark.parametrize("algorithms", [None, ["EdDSA"], {"EdDSA": 1}, 0, True])
def test_an_algorithm_that_is_no_text_is_malformed(algorithms):
    assert presented(forged(HEADER | {"alg": algorithms}, PAYLOAD)).fault is Code.TOKEN_MALFORMED


def test_a_token_without_a_signature_is_malformed():
    unsigned = f"{b64(json.dumps(HEADER | {'alg': 'none'}).encode())}.{token().split('.')[1]}."

    assert presented(unsigned).fault is Code.TOKEN_MALFORMED
    assert presented(token().rpartition(".")[0] + ".").fault is Code.TOKEN_MALFORMED


@pytest.mark.parametrize("secret", [KEY.public, b64(KEY.public).encode(), json.dumps(KEY.jwk).encode()])
def test_the_public_key_is_no_shared_secret(secret):
    signed = f"{b64(json.dumps(HEADER | {'alg': 'HS256'}).encode())}.{token().split('.')[1]}"
    mac = hmac.digest(secret, signed.encode(), hashlib.sha256)
    as_eddsa = f"{'.'.join(token().split('.')[:2])}.{b64(mac)}"

    assert presented(f"{signed}.{b64(mac)}").fault is Code.TOKEN_MALFORMED
    assert presented(as_eddsa).fault is Code.TOKEN_SIGNATURE_INVALID


def test_pyjwt_agrees_that_hs256_with_the_public_key_is_a_trap():
    trap = jwt.encode(PAYLOAD, b64(KEY.public), algorithm="HS256", headers=HEADER | {"alg": "HS256"})

    assert presented(trap).fault is Code.TOKEN_MALFORMED


def test_a_strangers_signature_under_our_kid_is_refused():
    assert presented(forged(HEADER, PAYLOAD, OTHER_KEY)).fault is Code.TOKEN_SIGNATURE_INVALID


def test_a_stranger_under_his_own_kid_is_refused():
    assert presented(token(OTHER_KEY)).fault is Code.TOKEN_SIGNATURE_INVALID


@pytest.mark.parametrize(
    "kid",
    [
        "",
        "../../etc/passwd",
        "/dev/null",
        "keys/../../token",
        "' OR 1=1 --",
        "x\u0000y",
        "\u202ekid",
        "k" * 3000,
        "https://evil.test/jwks.json",
        "__class__",
        KEY.key_id.lower(),
        KEY.key_id + " ",
        KEY.key_id[:-1],
    ],
)
def test_a_key_id_is_looked_up_and_never_followed(kid):
    facts = presented(forged(HEADER | {"kid": kid}, PAYLOAD))

    assert facts.fault is Code.TOKEN_SIGNATURE_INVALID
    assert not kid or kid not in facts.detail


@pytest.mark.parametrize(
    "change",
    [
        {"exp": PAYLOAD["exp"] + 1},
        {"agent_id": "admin", "sub": "admin"},
        {"tool": "**"},
        {"scope": "**"},
        {"constraints": {}},
        {"risk_score": 0},
        {"run_id": "run_other"},
    ],
)
def test_an_edited_payload_loses_its_signature(change):
    head, _, tail = token().split(".")
    edited = f"{head}.{b64(json.dumps(PAYLOAD | change).encode())}.{tail}"

    assert presented(edited).fault is Code.TOKEN_SIGNATURE_INVALID


def test_the_signature_of_another_token_does_not_fit():
    head, body, _ = token().split(".")
    other = token(jti="cap_other").split(".")[2]

    assert presented(f"{head}.{body}.{other}").fault is Code.TOKEN_SIGNATURE_INVALID


@pytest.mark.parametrize("keep", [0, 1, 10, 100, -44, -43, -2, -1])
def test_a_truncated_token_is_refused(keep):
    assert presented(token()[:keep]).fault in {Code.TOKEN_MALFORMED, Code.TOKEN_SIGNATURE_INVALID}


@pytest.mark.parametrize(
    "spoil", [" {}", "{} ", "{}\n", "{}\r\n", "\t{}", "{}=", "{}==", "{}.", "{}\x00", "Bearer {}", '"{}"', "{},{}"]
)
def test_a_token_with_anything_around_it_is_malformed(spoil):
    assert presented(spoil.replace("{}", token())).fault is Code.TOKEN_MALFORMED


def test_padding_inside_is_malformed():
    head, body, tail = token().split(".")

    assert presented(f"{head}.{body}.{tail}==").fault is Code.TOKEN_MALFORMED
    assert presented(f"{head}=.{body}.{tail}").fault is Code.TOKEN_MALFORMED


def test_stray_low_bits_make_another_text_and_no_other_token():
    """64 bytes leave four unused bits in the last character: sixteen texts, one signature, one of them ours."""
    good = token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(good[-1])
    twins = [good[:-1] + alphabet[last ^ bits] for bits in range(1, 16)]

    assert {presented(twin).fault for twin in twins} == {Code.TOKEN_MALFORMED}


def test_the_other_solution_of_the_signature_equation_is_refused():
    scalar = int.from_bytes(SIGNATURE[32:], "little") + ORDER
    twin = SIGNATURE[:32] + scalar.to_bytes(32, "little")

    assert presented(f"{token().rpartition('.')[0]}.{b64(twin)}").fault is Code.TOKEN_SIGNATURE_INVALID


@pytest.mark.parametrize("point", [bytes(32), (1).to_bytes(32, "little")])
def test_a_key_of_small_order_signs_nothing(point):
    kid = thumbprint(point)
    signed = f"{b64(json.dumps(HEADER | {'kid': kid}).encode())}.{token().split('.')[1]}"
    anything = f"{signed}.{b64(point + bytes(32))}"

    assert presented(anything, keys=KEYS | {kid: point}).fault is Code.TOKEN_SIGNATURE_INVALID


@pytest.mark.parametrize("size", [1, 63, 65, 128])
def test_a_signature_of_another_length_is_refused(size):
    assert (
        presented(f"{token().rpartition('.')[0]}.{b64(SIGNATURE.ljust(size, b'x')[:size])}").fault
        is Code.TOKEN_SIGNATURE_INVALID
    )


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps(PAYLOAD)[:-1] + ', "agent_id": "admin"}',
        json.dumps(PAYLOAD)[:-1] + f', "exp": {PAYLOAD["exp"] + 500}}}',
        json.dumps(PAYLOAD)[:-1] + ', "exp": 1e400}',
        json.dumps(PAYLOAD).replace('"tool"', '"tool": "**", "tool"'),
        json.dumps(PAYLOAD).replace('"constraints": {', '"constraints": {"max_rows": 1, "max_rows": 9, '),
    ],
)
def test_a_claim_that_stands_twice_is_malformed_even_when_signed(payload):
    assert presented(forged(HEADER, payload.encode())).fault is Code.TOKEN_MALFORMED


def test_a_header_member_that_stands_twice_is_malformed():
    twice = json.dumps(HEADER)[:-1] + ', "alg": "none"}'

    assert presented(forged(twice.encode(), PAYLOAD)).fault is Code.TOKEN_MALFORMED


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'"text"', b"\xff", b"{", b"{}", b"9" * 5000])
def test_a_signed_payload_that_is_no_object_is_malformed(payload):
    assert presented(forged(HEADER, payload)).fault is Code.TOKEN_MALFORMED


def test_a_token_inside_a_token_is_not_opened():
    assert presented(forged(HEADER | {"cty": "JWT"}, token().encode())).fault is Code.TOKEN_MALFORMED
    assert presented(forged(HEADER, token().encode())).fault is Code.TOKEN_MALFORMED


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "dpop+jwt", "application/aisecops-cap+jwt", ""])
def test_a_token_of_another_kind_by_our_own_key_is_malformed(typ):
    assert presented(forged(HEADER | {"typ": typ}, PAYLOAD)).fault is Code.TOKEN_MALFORMED


def test_an_oversized_token_is_malformed_before_any_work():
    assert presented(resaid(scope="a" * 8000)).fault is Code.TOKEN_MALFORMED
    assert presented("a" * 50_000_000).fault is Code.TOKEN_MALFORMED


def test_the_json_serialisation_is_not_read():
    head, body, tail = token().split(".")

    assert presented(json.dumps({"protected": head, "payload": body, "signature": tail})).fault is Code.TOKEN_MALFORMED


def test_the_details_repeat_nothing_of_an_unproven_token():
    spiteful = forged(HEADER | {"kid": "SPITE"}, PAYLOAD | {"jti": "SPITE", "agent_id": "SPITE"}, OTHER_KEY)

    assert "SPITE" not in presented(spiteful).detail


@given(st.text(max_size=400))
def test_any_text_gives_facts(text):
    facts = presented(text)

    assert isinstance(facts, TokenFacts)
    assert facts.claims is None


@given(st.data())
def test_no_mutation_of_a_token_says_anything_else(data):
    good = token()
    at = data.draw(st.integers(0, len(good) - 1))
    width = data.draw(st.integers(0, 3))
    put = data.draw(st.text(alphabet="ABCabc019-_.=", max_size=3))
    mutant = good[:at] + put + good[at + width :]

    assert presented(mutant).claims in ((None, presented(good).claims) if mutant == good else (None,))


@given(st.integers(0, 63), st.integers(1, 255))
def test_no_flipped_bit_of_the_signature_passes(at, mask):
    flipped = bytearray(SIGNATURE)
    flipped[at] ^= mask

    assert presented(f"{token().rpartition('.')[0]}.{b64(bytes(flipped))}").fault is Code.TOKEN_SIGNATURE_INVALID


@given(
    st.dictionaries(
        st.sampled_from(sorted(PAYLOAD)),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        min_size=1,
    )
)
def test_any_signed_nonsense_gives_facts(changes):
    assert isinstance(presented(resaid(**changes)), TokenFacts)


def test_the_samples_here_are_what_they_claim():
    assert presented(token()).fault is None
    assert presented(forged(HEADER, PAYLOAD)).fault is None
    assert unb64(b64(b"abc")) == b"abc"
