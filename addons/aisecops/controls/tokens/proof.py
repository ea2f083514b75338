"""DPoP proofs: that the sender holds the key a capability token is bound to (RFC 9449).

Knows one proof, one request, one token. Whether the proof's `jti` was seen before is remembered by the
caller; whether the token asks for a proof at all, and of which key, is `verify.py`'s business.
"""

from __future__ import annotations

import hashlib
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from aisecops.controls.tokens.claims import Name, Seconds
from aisecops.controls.tokens.codec import ALGORITHM, Jws, read_object, split, to_base64url
from aisecops.controls.tokens.ed25519 import signed_by
from aisecops.controls.tokens.jwks import read_jwk, thumbprint
from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.model.value import Value

PROOF_TYPE = "dpop+jwt"
WINDOW_S = 60
"""How old a proof may be; the caller remembers its `jti` for as long, and `LEEWAY_S` more."""
LEEWAY_S = 5
"""How far ahead of ours the clock may be of whoever signs."""

_DEFAULT_PORTS = {"https": 443, "http": 80}


class ProofFacts(Value):
    """What came of one proof: the thumbprint of the key that made it and its `jti`, or the fault."""

    jkt: str = ""
    jti: str = ""
    fault: Code | None = None
    detail: str = ""


class _Header(Value):
    typ: str
    alg: str
    jwk: dict[str, str]


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """The claims that are checked; RFC 9449 4.2 lets a proof carry others."""

    jti: Annotated[str, Meta(min_length=1, max_length=256)]
    htm: Name
    htu: Annotated[str, Meta(min_length=1, max_length=4096)]
    iat: Seconds
    ath: Name


def check_proof(text: str, *, method: str, url: str, token: str, now_s: int) -> ProofFacts:
    """Check the proof `text` against the request and the token it came with (RFC 9449 4.3).

    1. It is one compact JWS, typ `dpop+jwt`, alg EdDSA, with a public Ed25519 key in its header.
    2. That key signed it.
    3. Its claims are all there; method and URL (without query) are those of the request.
    4. It is at most 60 s old, and at most `LEEWAY_S` from the future.
    5. It was made for exactly this token.

    The first that fails is the fault, always `token_proof_invalid`.
    """
    try:
        # 1
        jws = split(text)
        public = _key(jws)
        # 2
        if not signed_by(public, jws.signed, jws.signature):
            return _invalid("the proof is not signed by the key it names")
        # 3
        said = msgspec.convert(read_object(jws.payload), _Said)
    except (WireError, msgspec.ValidationError):
        return _invalid("the proof is not a DPoP proof signed with Ed25519")
    wanted = _normal(url)
    if wanted is None or said.htm != method or _normal(said.htu) != wanted:
        return _invalid("the proof is for another method or URL")
    # 4
    if not -LEEWAY_S <= now_s - said.iat <= WINDOW_S:
        return _invalid(f"the proof is older than {WINDOW_S} s, or from the future")
    # 5
    if said.ath != to_base64url(hashlib.sha256(token.encode()).digest()):
        return _invalid("the proof is for another capability token")
    return ProofFacts(jkt=thumbprint(public), jti=said.jti)


def _key(jws: Jws) -> bytes:
    header = msgspec.convert(jws.header, _Header)
    if (header.typ, header.alg) != (PROOF_TYPE, ALGORITHM):
        raise WireError("the proof has another type or algorithm")
    return read_jwk(header.jwk)


def _normal(url: str) -> tuple[str, str, int | None, str] | None:
    """Scheme, host, port and path of `url`; None when it has no host (RFC 9449 4.3, 9)."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port, parts.path or "/") if parts.hostname else None


def _invalid(detail: str) -> ProofFacts:
    return ProofFacts(fault=Code.TOKEN_PROOF_INVALID, detail=detail)
