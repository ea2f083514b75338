"""Compact JWS, read in one way only (RFC 7515).

Knows bytes, base64url and JSON: whatever could be read in two ways is refused, so that one signature
belongs to one text. Does not know what the members mean, nor whether any signature is good.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Self

import msgspec
import orjson

from aisecops.model.errors import WireError
from aisecops.model.facts import TokenFacts
from aisecops.model.ids import TokenId
from aisecops.model.refusals import Code
from aisecops.model.value import Value

MAX_CHARACTERS = 8 * 1024
"""Of a whole token or proof. Ours have about 900; this leaves room for long scopes, not for work."""

ALGORITHM = "EdDSA"
TOKEN_TYPE = "aisecops-cap+jwt"


class Jws(Value):
    """The parts of a compact JWS. `signed` is what the signature is over; nothing here is proven."""

    header: dict[str, Any]
    payload: bytes
    signed: bytes
    signature: bytes


class TokenHeader(Value):
    """The three members a capability token's header has; a fourth is refused with the token."""

    alg: str
    typ: str
    kid: str


class UnverifiedToken(Value):
    """A capability token of the right form whose signature nobody has looked at.

    No function that acts takes one: `verify` turns its text into `TokenFacts`.
    """

    kid: str
    payload: bytes
    signed: bytes
    signature: bytes

    @classmethod
    def parse(cls, text: str) -> Self | TokenFacts:
        """Read `text`; of a wrong form, oversized, or not EdDSA: the fault `token_malformed`."""
        try:
            jws = split(text)
            header = msgspec.convert(jws.header, TokenHeader)
        except WireError as error:
            return malformed(error.detail)
        except msgspec.ValidationError:
            return malformed("the header must have alg, typ and kid, and nothing else")
        # RFC 8725 3.1: the algorithm is ours to choose, never the token's
        if header.alg != ALGORITHM:
            return malformed(f"the algorithm must be {ALGORITHM}")
        if header.typ != TOKEN_TYPE:
            return malformed(f"the type must be {TOKEN_TYPE}")
        return cls(kid=header.kid, payload=jws.payload, signed=jws.signed, signature=jws.signature)

    @property
    def jti(self) -> TokenId | None:
        """The id the token gives itself, unproven: good for looking it up, for nothing else. None if unreadable."""
        try:
            said = read_object(self.payload).get("jti")
        except WireError:
            return None
        return TokenId(said) if isinstance(said, str) else None

    def __repr__(self) -> str:
        """Without the token: it must not end up in a log."""
        return "UnverifiedToken(...)"


def malformed(detail: str) -> TokenFacts:
    """The fault of a token that cannot be read."""
    return TokenFacts(fault=Code.TOKEN_MALFORMED, detail=detail)


def split(text: str, *, most: int = MAX_CHARACTERS) -> Jws:
    """Take a compact JWS of up to `most` characters apart; raises WireError (`token_malformed`) for any other text."""
    if len(text) > most:
        raise _unreadable(f"it has over {most} characters")
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004  RFC 7515 7.1: header, payload, signature
        raise _unreadable("it must have three parts with a dot between them")
    header, payload, signature = map(from_base64url, parts)
    return Jws(header=read_object(header), payload=payload, signed=signing_input(header, payload), signature=signature)


def signing_input(header: bytes, payload: bytes) -> bytes:
    """What a signature is over (RFC 7515 5.1)."""
    return f"{to_base64url(header)}.{to_base64url(payload)}".encode()


def to_base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes of non-empty canonical base64url; raises WireError (`token_malformed`) for any other text."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise _unreadable("a part is not base64url") from None
    # INVARIANT: one text per value. Padding, spaces, `+`, `/` and stray low bits all end here.
    if not data or to_base64url(data) != text:
        raise _unreadable("a part is not base64url as it must be written, without padding")
    return data


def read_object(data: bytes) -> dict[str, Any]:
    """A JSON object without duplicate keys; raises WireError (`token_malformed`) for any other bytes."""
    try:
        orjson.loads(data)  # strict UTF-8, no lone surrogates, no NaN, bounded depth; but the last of two keys wins
        value = json.loads(data.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise _unreadable("a part is not JSON without duplicate keys") from None
    if not isinstance(value, dict):
        raise _unreadable("a part is not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate key")
    return members


def _unreadable(detail: str) -> WireError:
    return WireError(detail, Code.TOKEN_MALFORMED)
