"""Reading a compact JWS in one way only."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.tokens.codec import (
    MAX_CHARACTERS,
    UnverifiedToken,
    from_base64url,
    read_object,
    split,
    to_base64url,
)
from aisecops.model.errors import WireError
from aisecops.model.facts import TokenFacts
from aisecops.model.refusals import Code
from support.tokens import KEY, b64, forged, parts, token


def test_a_token_of_the_right_form_is_read_without_believing_it():
    read = UnverifiedToken.parse(token())

    assert isinstance(read, UnverifiedToken)
    assert (read.kid, read.jti) == (KEY.key_id, "cap_01KJQ8")


def test_an_unverified_token_does_not_print_itself():
    text = token()

    assert repr(UnverifiedToken.parse(text)) == "UnverifiedToken(...)"


def test_a_jti_that_is_no_text_is_none():
    header, payload, _ = parts(token())

    assert UnverifiedToken.parse(forged(header, payload | {"jti": 7})).jti is None
    assert UnverifiedToken.parse(forged(header, b"not json")).jti is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c.d",
        "e30.e30.",
        ".e30.e30",
        "e30..e30",
        "e30=.e30.e30",
        "e30.e3 0.e30",
        "e30.e30.e30\n",
        " e30.e30.e30",
        "e+0.e30.e30",
        "e30.e30.e/0",
        "e3é.e30.e30",
        "e30.e30.\udcff",
        "e31.e30.e30",  # `{}` has e30 for its one spelling; e31 differs in bits that carry nothing
        "W10.e30.e30",  # a list for a header
        "e30.e30.e",
    ],
)
def test_any_other_text_is_malformed(text):
    assert UnverifiedToken.parse(text).fault is Code.TOKEN_MALFORMED


def test_a_token_may_be_as_long_as_the_limit_and_no_longer():
    fitting = "e30." + "A" * (MAX_CHARACTERS - 8) + ".e30"
    header, _, _ = parts(token())
    longest = forged(header, b"x" * 5800)

    assert split(fitting).header == {}
    assert "over 8192 characters" in UnverifiedToken.parse(fitting + "A").detail
    assert isinstance(UnverifiedToken.parse(longest), UnverifiedToken)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "EdDSA", "typ": "aisecops-cap+jwt"},
        {"alg": "EdDSA", "kid": "k"},
        {"typ": "aisecops-cap+jwt", "kid": "k"},
        {"alg": "EdDSA", "typ": "aisecops-cap+jwt", "kid": 7},
        {"alg": "EdDSA", "typ": "aisecops-cap+jwt", "kid": None},
        {"alg": "EdDSA", "typ": "JWT", "kid": "k"},
        {"alg": "EdDSA", "typ": "AISECOPS-CAP+JWT", "kid": "k"},
        {"alg": "EdDSA", "typ": "aisecops-cap+jwt", "kid": "k", "crit": ["b64"], "b64": False},
        {"alg": "EdDSA", "typ": "aisecops-cap+jwt", "kid": "k", "jwk": KEY.jwk},
        {"alg": "EdDSA", "typ": "aisecops-cap+jwt", "kid": "k", "jku": "https://evil.test/jwks.json"},
        {"alg": "EdDSA", "typ": "aisecops-cap+jwt", "kid": "k", "zip": "DEF"},
    ],
)
def test_a_header_has_three_members_and_no_others(header):
    assert UnverifiedToken.parse(forged(header, {})).fault is Code.TOKEN_MALFORMED


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b"[" * 4000 + b"]" * 4000,
        b'{"a":' + b"9" * 5000 + b"}",
        b"{} {}",
        b"",
        b"1",
        b"null",
    ],
)
def test_json_that_two_readers_could_read_differently_is_not_read(data):
    with pytest.raises(WireError) as raised:
        read_object(data)

    assert raised.value.code is Code.TOKEN_MALFORMED


@given(st.binary(min_size=1, max_size=300))
def test_base64url_has_one_spelling(data):
    assert from_base64url(to_base64url(data)) == data
    assert to_base64url(data) == b64(data)


@given(st.text(alphabet="AQgw_-=+/ \n.é", min_size=1, max_size=12))
def test_whatever_is_read_as_base64url_is_written_back_the_same(text):
    try:
        data = from_base64url(text)
    except WireError:
        return
    assert to_base64url(data) == text


@given(st.text(max_size=200) | st.text(alphabet="eyJhbGci0123.-_", max_size=200))
def test_any_text_is_a_token_or_a_fault(text):
    assert isinstance(UnverifiedToken.parse(text), UnverifiedToken | TokenFacts)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_an_error(data):
    with suppress(WireError):
        assert isinstance(read_object(data), dict)
