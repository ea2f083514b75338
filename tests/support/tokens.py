"""Capability tokens for tests: keys made from constant seeds on the spot, claims, and a forger's tools."""

from __future__ import annotations

import base64
import json
from typing import Any

from nacl.signing import SigningKey

from aisecops.controls.tokens.jwks import thumbprint
from aisecops.controls.tokens.known import KnownTokens
from aisecops.controls.tokens.sign import issue
from aisecops.model.facts import TokenFacts
from aisecops.model.grant import Claims, Constraints, Grant
from aisecops.model.ids import AgentId, RunId, TokenId

NOW_S = 1_772_470_800  # 2026-03-02T17:00:00Z
ISSUER, AUDIENCE = "https://control.test", "gateway.test"
AGENT, RUN = AgentId("support-bot"), RunId("run_01KJQ8")


class TestKey:
    """A signing key from a constant seed; nothing outside tests accepts it."""

    __test__ = False

    def __init__(self, number: int = 1) -> None:
        self.private = SigningKey(bytes([number]) * 32)
        self.public = bytes(self.private.verify_key)
        self.key_id = thumbprint(self.public)

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message).signature

    @property
    def jwk(self) -> dict[str, str]:
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(self.public)}


KEY, OTHER_KEY, HOLDER = TestKey(1), TestKey(2), TestKey(3)
KEYS = {KEY.key_id: KEY.public}


def claims(**changes: Any) -> Claims:
    """Claims of `support-bot` on customers, good for five minutes from `NOW_S`."""
    said: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "jti": TokenId("cap_01KJQ8"),
        "iat": NOW_S,
        "nbf": NOW_S,
        "exp": NOW_S + 300,
        "agent_id": AGENT,
        "run_id": RUN,
        "grant": grant(),
        "risk_score": 0.42,
        "policy_version": "rules-1",
        "kid": KEY.key_id,
    }
    return Claims(**(said | changes))


def grant(tool: str = "crm.read", scope: str = "crm.customers.*", **limits: Any) -> Grant:
    return Grant(tool=tool, scope=scope, constraints=Constraints(**limits))


def token(key: TestKey = KEY, **changes: Any) -> str:
    return issue(claims(**changes), key)


def presented(text: str, *, issuer: str = ISSUER, audience: str = AUDIENCE, **changes: Any) -> TokenFacts:
    """What verification makes of `text` in the hands of the agent it is meant for, at `NOW_S`."""
    asked: dict[str, Any] = {"keys": KEYS, "now_s": NOW_S, "agent_id": AGENT, "run_id": RUN}
    return KnownTokens(issuer=issuer, audience=audience).verify(text, **(asked | changes))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(text: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Header, payload and signature of a token."""
    header, payload, signature = text.split(".")
    return json.loads(unb64(header)), json.loads(unb64(payload)), unb64(signature)


def forged(header: Any, payload: Any, key: TestKey = KEY) -> str:
    """Anything as a compact JWS, signed by `key`. Bytes are taken as they are, all else becomes JSON."""
    signed = f"{b64(_bytes(header))}.{b64(_bytes(payload))}"
    return f"{signed}.{b64(key.sign(signed.encode()))}"


def resaid(key: TestKey = KEY, **changes: Any) -> str:
    """A properly signed token whose payload was written by somebody with the key and other ideas."""
    header, payload, _ = parts(token())
    return forged(header, payload | changes, key)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self, now_ms: int = NOW_S * 1000) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms

    def ahead(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)
