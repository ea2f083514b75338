"""Ways for an agent to come by a capability token: asked for as it should be, or forged, borrowed, worn out.

Knows compact JWS as bytes, written here once more so that nothing of the gateway's own reader is trusted. Asking the
control plane is the actor's part (`actor.py`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from nacl.signing import SigningKey

type Parts = tuple[dict[str, Any], dict[str, Any], bytes]
"""Header, claims, signature."""

ATTACKERS_KEY = SigningKey(hashlib.sha256(b"a key that no control plane has ever heard of").digest())


def parts(token: str) -> Parts:
    """A token that the control plane issued, opened."""
    header, claims, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split("."))
    return json.loads(header), json.loads(claims), signature


def joined(header: dict[str, Any], claims: dict[str, Any], signature: bytes | None = None) -> str:
    """A token of these parts; without a signature, one that the attacker makes."""
    said = ".".join(_b64(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    made = ATTACKERS_KEY.sign(said.encode()).signature if signature is None else signature
    return f"{said}.{_b64(made)}"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _changed(**claims: Any) -> Callable[[str, dict[str, Any]], str]:
    """The good signature over other claims."""

    def forge(token: str, _: dict[str, Any]) -> str:
        header, good, signature = parts(token)
        return joined(header, good | claims, signature)

    return forge


def _header(**members: Any) -> Callable[[str, dict[str, Any]], str]:
    """The attacker's own signature, under a header that helps it to be believed."""

    def forge(token: str, _: dict[str, Any]) -> str:
        header, good, _signature = parts(token)
        return joined(header | members, good)

    return forge


def _with_public_key_as_secret(token: str, jwks: dict[str, Any]) -> str:
    header, claims, _ = parts(token)
    said = joined(header | {"alg": "HS256"}, claims).rpartition(".")[0]
    key = base64.urlsafe_b64decode(jwks["keys"][0]["x"] + "==")
    return f"{said}.{_b64(hmac.digest(key, said.encode(), 'sha256'))}"


def _own_jwk() -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _b64(bytes(ATTACKERS_KEY.verify_key))}


FORGED: dict[str, Callable[[str, dict[str, Any]], str]] = {
    "no-signature": lambda token, _: token.rpartition(".")[0] + ".",
    "zero-signature": lambda token, _: f"{token.rpartition('.')[0]}.{_b64(bytes(64))}",
    "short-signature": lambda token, _: token[:-4],
    "flipped-signature": lambda token, _: token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB"),
    "alg-none": lambda token, _: joined(parts(token)[0] | {"alg": "none"}, parts(token)[1], b""),
    "alg-none-in-capitals": lambda token, _: joined(parts(token)[0] | {"alg": "NoNe"}, parts(token)[1], b""),
    "alg-hs256-with-the-public-key": _with_public_key_as_secret,
    "widened-scope": _changed(scope="**"),
    "other-tool": _changed(tool="evaluated.crm.delete"),
    "longer-life": _changed(exp=4102444800),
    "no-constraints": _changed(constraints={}),
    "other-agent": _changed(sub="somebody", agent_id="somebody"),
    "other-run": _changed(run_id="run_00000000000000000000000000"),
    "lower-risk": _changed(risk_score=0),
    "own-signature": _header(),
    "own-signature-unknown-kid": _header(kid="attacker"),
    "own-key-in-the-header": _header(jwk=_own_jwk()),
    "own-key-by-url": _header(jku="https://drop.attacker.example/keys", x5u="https://drop.attacker.example/x5"),
    "kid-that-is-a-path": _header(kid="../../../../dev/null"),
    "kid-that-is-a-query": _header(kid="x' UNION SELECT 'x"),
    "critical-extension": _header(crit=["exp"], b64=False),
    "other-type": lambda token, _: joined(parts(token)[0] | {"typ": "JWT"}, parts(token)[1], parts(token)[2]),
    "claims-named-twice": lambda token, _: _twice(token),
    "padded": lambda token, _: token + "==",
    "with-a-blank": lambda token, _: token.replace(".", ". ", 1),
    "as-json": lambda token, _: json.dumps(
        dict(zip(("protected", "payload", "signature"), token.split("."), strict=True))
    ),
    "five-parts": lambda token, _: f"{token}.AAAA.AAAA",
    "garbage": lambda _token, _: "not-a-token-at-all",
    "empty": lambda _token, _: "",
    "very-long": lambda token, _: token + "A" * 6000,
}


def _twice(token: str) -> str:
    header, _, signature = token.split(".")
    claims = json.dumps(parts(token)[1])[:-1] + ', "scope": "**"}'
    return f"{header}.{_b64(claims.encode())}.{signature}"


BORROWED = ("of-another-agent", "of-another-run", "of-another-tool", "of-another-scope")
"""Good tokens of somebody, or for something, else."""

WORN = ("expired", "revoked")
"""Good tokens whose time is over."""

PLACED = ("in-authorization", "in-the-query", "twice", "in-a-cookie")
"""Tokens shown where none is looked for, or two at once."""

TOKENS = ("asked", "kept", "none", *FORGED, *BORROWED, *WORN, *PLACED)
"""`asked`: a new one from the control plane. `kept`: the one that the last call showed. `none`: no token."""
