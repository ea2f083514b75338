"""ID and access tokens of an OpenID provider, held against its keys (OpenID Connect Core 3.1.3.7, RFC 9068, RFC 8725).

Knows signatures and the claims that say for whom and until when. Whom the claims are of is `controls/policy/logins.py`.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Signatures with a private half that the provider alone has; no other is ever tried."""
SKEW_S = 60
"""How far the provider's clock may be from ours."""
MAX_TOKEN = 16 * 1024
MAX_AGE_S = 24 * 3600
"""A token that says it was made longer ago is not taken, however long it wants to live."""
_TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
_PUBLIC: Mapping[str, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_PRIVATE_PARTS = frozenset({"d", "k", "p", "q"})


class Unverified(Exception):
    """A token that is not to be believed; the words say why, and repeat nothing of it."""


def key_id(token: str) -> str:
    """The `kid` that a token names, empty when it names none. Raises `Unverified` for what is no token of these kinds.

    1. three parts, within bounds
    2. an algorithm of ours, and no `crit`
    3. a type that is a person's or an application's, so not a logout or a proof
    """
    # 1
    if len(token) > MAX_TOKEN or token.count(".") != 2:  # noqa: PLR2004 - the dots of a compact JWS
        raise Unverified("it is no signed token")
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError) as error:
        raise Unverified("it is no signed token") from error
    # 2
    if header.get("alg") not in ALGORITHMS or "crit" in header:
        raise Unverified("it is signed in a way that is not taken")
    # 3
    if str(header.get("typ", "")).lower() not in _TYPES:
        raise Unverified("it is a token for something else")
    return str(header.get("kid", ""))


def verified(
    token: str, keys: Iterable[Mapping[str, Any]], *, issuer: str, audience: str, now_s: int, nonce: str | None = None
) -> dict[str, Any]:
    """The claims of `token`. Raises `Unverified`.

    1. the one key that it names, of the right kind; without a name the provider has one key only
    2. the signature
    3. issuer, audience, times; of several audiences `azp` names us
    4. the nonce, when one was given out
    """
    # 1
    named = key_id(token)
    fitting = [key for key in _usable(keys) if key.kid == named or not named]
    if len(fitting) != 1:
        raise Unverified("no key of the provider is the one that signed it")
    # 2
    try:
        decoded = jwt.decode(token, fitting[0], algorithms=list(ALGORITHMS))
        # 3
        jwt.JWTClaimsRegistry(
            now=now_s,
            leeway=SKEW_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(decoded.claims)
    except (JoseError, ValueError, TypeError) as error:
        raise Unverified(f"it does not hold: {_words(error)}") from error
    claims: dict[str, Any] = decoded.claims
    if claims["iat"] < now_s - MAX_AGE_S:
        raise Unverified("it does not hold: it was made too long ago")
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if len(audiences) > 1 and claims.get("azp") != audience:
        raise Unverified("it does not hold: it is for others too, and was not asked for by us")
    # 4
    if nonce is not None and not _is_same(claims.get("nonce"), nonce):
        raise Unverified("it does not hold: it answers another sign-in")
    return claims


def _usable(keys: Iterable[Mapping[str, Any]]) -> Iterable[RSAKey | ECKey | OKPKey]:
    """Public keys for signatures, each by its own kind. A shared secret in a key set is no key of anybody."""
    for one in keys:
        kind = _PUBLIC.get(str(one.get("kty")))
        if kind is None or one.get("use", "sig") != "sig" or _PRIVATE_PARTS & one.keys():
            continue
        with contextlib.suppress(JoseError, ValueError, TypeError, KeyError):
            yield kind.import_key(dict(one))


def _is_same(given: Any, wanted: str) -> bool:
    return isinstance(given, str) and secrets.compare_digest(given.encode(), wanted.encode())


def _words(error: Exception) -> str:
    return str(getattr(error, "error", "") or type(error).__name__).replace("_", " ")
