"""An OpenID provider on loopback, over TLS: it says what it is, has keys that can be rotated, and gives out codes."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from support.certificates import SERVER, Authority
from support.upstream import running_upstream

CLIENT_ID = "aisecops"
CLIENT_SECRET = "client's secret"


class PlayedProvider:
    """Whoever holds it decides what it answers. `claims` are those of whoever signs in."""

    def __init__(self, port: int, ca: Path) -> None:
        self.issuer = f"https://localhost:{port}"
        self.ca = ca
        self.keys: list[Any] = [RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})]
        self.extra_keys: list[dict[str, Any]] = []
        self.claims: dict[str, Any] = {"sub": "u-1", "groups": ["oncall"]}
        self.now_s = 0
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.discovery: dict[str, Any] = {}
        self.seen_secret = ""

    def rotate(self, kid: str = "two") -> None:
        self.keys = [ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})]

    def token(self, *, header: dict[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        key = key or self.keys[0]
        said = {
            "iss": self.issuer, "aud": CLIENT_ID, "iat": self.now_s, "exp": self.now_s + 300, **self.claims, **claims,
        }  # fmt: skip
        said = {name: value for name, value in said.items() if value is not None}
        used = {"alg": key.alg or "RS256", "kid": key.kid, "typ": "JWT", **(header or {})}
        return jwt.encode({n: v for n, v in used.items() if v is not None}, said, key, algorithms=[used["alg"]])

    def signs_in(self, url: str) -> dict[str, str]:
        """A browser that follows `url` and signs in: what it brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def answer(self, request: bytes, send: Callable[[bytes], None]) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        self.asked.append(path)
        status, said = 200, self._said(path, head, body)
        if said is None:
            status, said = 400, {"error": "invalid_grant"}
        text = json.dumps(said).encode()
        send(
            b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(text))
            + text
        )

    def _said(self, path: str, head: bytes, body: bytes) -> dict[str, Any] | None:
        if path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
            told = {name: f"{self.issuer}{place}" for name, place in places.items()}
            return {"issuer": self.issuer, **told, **self.discovery}
        if path == "/keys":
            return {"keys": [*(key.as_dict(private=False) for key in self.keys), *self.extra_keys]}
        return self._changed(head, {name: values[0] for name, values in parse_qs(body.decode()).items()})

    def _changed(self, head: bytes, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self.codes.pop(form.get("code", ""), None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        if asked is None or proof.decode() != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b": ")
            if name.lower() == b"authorization":
                self.seen_secret = base64.b64decode(value.removeprefix(b"Basic ")).decode()
        return {"id_token": self.token(nonce=asked["nonce"]), "access_token": "opaque", "token_type": "Bearer"}


@contextlib.contextmanager
def played_provider(folder: Path, *, name: str = "localhost") -> Iterator[PlayedProvider]:
    """A provider that answers until the end."""
    authority = Authority(folder, "provider test CA")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.certified(name, use=SERVER).pair)
    with running_upstream(tls) as upstream:
        provider = PlayedProvider(upstream.port, authority.file)
        upstream.answer = provider.answer
        yield provider
