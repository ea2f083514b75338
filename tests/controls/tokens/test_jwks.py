"""JWK Sets: public keys out and in, and nothing private with them."""

from __future__ import annotations

import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.tokens.jwks import PublicKey, from_jwks, public_key, read_jwk, thumbprint, to_jwks
from aisecops.model.errors import WireError
from support.tokens import AUDIENCE, KEY, NOW_S, OTHER_KEY, b64, token, unb64

BOTH = (public_key(KEY.public, iat=NOW_S), public_key(OTHER_KEY.public, iat=NOW_S - 60, exp=NOW_S + 900))


def written(*changes):
    keys = to_jwks(BOTH)["keys"]
    return json.dumps({"keys": [key | change for key, change in zip(keys, changes or ({}, {}), strict=True)]}).encode()


def test_the_thumbprint_is_that_of_rfc_8037_appendix_a_3():
    x = unb64("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")

    assert thumbprint(x) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_key_set_is_read_back_in_its_order():
    assert from_jwks(written()) == BOTH


def test_any_jwt_library_finds_the_key_for_a_token_in_the_set():
    known = jwt.PyJWKSet.from_dict(to_jwks(BOTH))
    options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}

    key = known[jwt.get_unverified_header(token())["kid"]]

    assert jwt.decode(token(), key, algorithms=["EdDSA"], audience=AUDIENCE, options=options)["jti"] == "cap_01KJQ8"


def test_a_key_counts_until_the_second_it_ends():
    ending = public_key(KEY.public, exp=NOW_S)

    assert ending.accepted(NOW_S - 1)
    assert not ending.accepted(NOW_S)
    assert public_key(KEY.public).accepted(10**12)


@pytest.mark.parametrize(
    "change",
    [
        {"d": b64(bytes(KEY.private))},
        {"kid": OTHER_KEY.key_id},
        {"kid": "mine"},
        {"kty": "oct"},
        {"crv": "Ed448"},
        {"alg": "HS256"},
        {"use": "enc"},
        {"x": ""},
        {"x": b64(b"short")},
        {"x": 7},
        {"exp": "tomorrow"},
        {"exp": None, "iat": None},
        {"retired": True},
    ],
)
def test_one_unsound_key_spoils_the_set(change):
    with pytest.raises(WireError):
        from_jwks(written(change, {}))


def test_a_key_stands_in_a_set_once():
    with pytest.raises(WireError, match="twice"):
        from_jwks(json.dumps(to_jwks([BOTH[0], BOTH[0]])).encode())


def test_a_set_may_be_empty():
    assert from_jwks(b'{"keys":[]}') == ()


@given(st.binary(max_size=100) | st.sampled_from([b"[]", b"{}", b'{"keys":{}}', b'{"keys":[{}]}', b'{"keys":[1]}']))
def test_any_bytes_are_keys_or_an_error(data):
    try:
        keys = from_jwks(data)
    except WireError:
        return
    assert all(isinstance(key, PublicKey) for key in keys)


@pytest.mark.parametrize("members", [None, 1, [], {}, KEY.jwk | {"d": "x"}, KEY.jwk | {"x": "AAAA"}])
def test_what_is_no_public_key_is_not_read_as_one(members):
    with pytest.raises(WireError):
        read_jwk(members)
