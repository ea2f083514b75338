"""Public keys as documents: JWK, JWK Set and thumbprint for Ed25519 (RFC 7517, 7638, 8037).

Knows the public half only; a document that carries a private one is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from aisecops.controls.tokens.codec import ALGORITHM, from_base64url, read_object, to_base64url
from aisecops.model.errors import WireError
from aisecops.model.value import Value

KEY_BYTES = 32


class PublicKey(Value):
    """One Ed25519 key. `iat` is when it was made, `exp` from when on it verifies nothing; seconds, None for never."""

    kid: str
    x: bytes
    iat: int = 0
    exp: int | None = None

    def accepted(self, now_s: int) -> bool:
        """True while signatures of this key count."""
        return self.exp is None or now_s < self.exp


def thumbprint(x: bytes) -> str:
    """The name of an Ed25519 key: the SHA-256 of its required members in this exact form (RFC 7638 3)."""
    members = f'{{"crv":"Ed25519","kty":"OKP","x":"{to_base64url(x)}"}}'
    return to_base64url(hashlib.sha256(members.encode()).digest())


def public_key(x: bytes, *, iat: int = 0, exp: int | None = None) -> PublicKey:
    """The key `x` under its own thumbprint."""
    return PublicKey(kid=thumbprint(x), x=x, iat=iat, exp=exp)


def to_jwks(keys: Iterable[PublicKey]) -> dict[str, Any]:
    """The JWK Set of `keys`, in their order. `iat` and `exp` are members other readers may ignore."""
    return {"keys": [_to_jwk(key) for key in keys]}


def to_jwk(x: bytes) -> dict[str, str]:
    """The members that make the public key `x`, as a header carries them."""
    return {"kty": "OKP", "crv": "Ed25519", "x": to_base64url(x)}


def _to_jwk(key: PublicKey) -> dict[str, Any]:
    members: dict[str, Any] = {**to_jwk(key.x), "kid": key.kid}
    members |= {"use": "sig", "alg": ALGORITHM, "iat": key.iat}
    return members if key.exp is None else members | {"exp": key.exp}


def from_jwks(data: bytes) -> tuple[PublicKey, ...]:
    """The keys of a JWK Set as `to_jwks` writes it; raises WireError unless every key in it is sound.

    One broken key spoils the set: skipping it could skip the one that was retired.
    """
    try:
        document = msgspec.convert(read_object(data), _Jwks)
    except msgspec.ValidationError:
        raise WireError("the document is not a JWK Set of Ed25519 signing keys") from None
    keys = tuple(PublicKey(kid=jwk.kid, x=_point(jwk), iat=jwk.iat, exp=jwk.exp) for jwk in document.keys)
    if any(key.kid != thumbprint(key.x) for key in keys):
        raise WireError("a key does not go by its thumbprint")
    if len({key.kid for key in keys}) != len(keys):
        raise WireError("a key stands twice in the JWK Set")
    return keys


def read_jwk(members: object) -> bytes:
    """The raw Ed25519 key of one JWK, as in a proof's header; raises WireError for anything else."""
    try:
        return _point(msgspec.convert(members, _ProofJwk))
    except msgspec.ValidationError:
        raise WireError("the key is not a public Ed25519 JWK") from None


class _ProofJwk(Value):
    """The members that make the key, and those that say nothing against it. `d` is not among them."""

    kty: str
    crv: str
    x: str
    kid: str = ""
    use: str = "sig"
    alg: str = ALGORITHM


class _Jwk(_ProofJwk):
    kid: str
    iat: int = 0
    exp: int | None = None


class _Jwks(Value):
    keys: list[_Jwk]


def _point(jwk: _ProofJwk) -> bytes:
    if (jwk.kty, jwk.crv, jwk.use, jwk.alg) != ("OKP", "Ed25519", "sig", ALGORITHM):
        raise WireError("the key is not an Ed25519 signing key")
    x = from_base64url(jwk.x)
    if len(x) != KEY_BYTES:
        raise WireError(f"an Ed25519 key has {KEY_BYTES} bytes")
    return x
