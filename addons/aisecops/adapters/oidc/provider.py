"""An OpenID provider, asked over HTTPS: what it says of itself, its keys, and a code for tokens.

What it says is kept for a while and read anew when a token names a key that is not known, though not for every such
token: whoever makes tokens up does not get us to ask.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson

from aisecops.gateway.ports import Clock
from aisecops.model.errors import PolicyError
from aisecops.model.value import Value

KEYS_MS = 300_000
"""A key that the provider takes back is believed for no longer."""
ANEW_MS = 10_000
WITHIN_S = 5.0
MAX_ANSWER_BYTES = 512 * 1024
MAX_KEYS = 64
_WELL_KNOWN = "/.well-known/openid-configuration"


class Provider(Value):
    """What a provider says of itself, with its keys. `read_ms` is when."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    keys: tuple[dict[str, Any], ...]
    read_ms: int


class Providers:
    """Asks providers, each by its issuer. `trust` are PEM files believed beside the system's authorities."""

    def __init__(self, clock: Clock, *, trust: Sequence[Path] = ()) -> None:
        context = ssl.create_default_context()
        for file in trust:
            context.load_verify_locations(file)
        self._clock = clock
        self._http = httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False, timeout=WITHIN_S)
        self._known: dict[str, Provider] = {}
        self._turn = asyncio.Lock()

    async def of(self, issuer: str, *, key: str = "") -> Provider:
        """The provider, read again when it is old or does not know `key`. Raises `PolicyError` when it cannot be."""
        async with self._turn:
            known = self._known.get(issuer)
            age_ms = self._clock.now_ms() - known.read_ms if known else KEYS_MS
            missing = known is not None and bool(key) and all(one.get("kid") != key for one in known.keys)
            if known is None or age_ms >= KEYS_MS or (missing and age_ms >= ANEW_MS):
                known = await self._read(issuer)
                self._known = {issuer: known}  # the rules name one; another one is forgotten
            return known

    async def exchanged(
        self, provider: Provider, form: Mapping[str, str], *, client_id: str, secret: str | None
    ) -> dict[str, Any]:
        """What the token endpoint answers to `form`. Raises `PolicyError`; its words are not the provider's."""
        auth = httpx.BasicAuth(_quoted(client_id), _quoted(secret)) if secret is not None else None
        body = dict(form) if secret is not None else {**form, "client_id": client_id}
        return await self._said("POST", provider.token_endpoint, data=body, auth=auth)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def _read(self, issuer: str) -> Provider:
        said = await self._said("GET", f"{issuer.rstrip('/')}{_WELL_KNOWN}")
        # OpenID Connect Discovery 4.3: what it calls itself is what we call it
        if said.get("issuer") != issuer:
            raise PolicyError("the OpenID provider calls itself by another name than the rules do")
        places = {name: said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        if not all(isinstance(one, str) and one.startswith("https://") for one in places.values()):
            raise PolicyError("the OpenID provider names no places with `https`")
        keys = (await self._said("GET", str(places["jwks_uri"]))).get("keys")
        if not isinstance(keys, list) or len(keys) > MAX_KEYS:
            raise PolicyError("the OpenID provider's keys cannot be read")
        return Provider(
            issuer=issuer,
            authorization_endpoint=str(places["authorization_endpoint"]),
            token_endpoint=str(places["token_endpoint"]),
            keys=tuple(one for one in keys if isinstance(one, dict)),
            read_ms=self._clock.now_ms(),
        )

    async def _said(self, method: str, url: str, **how: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(WITHIN_S), self._http.stream(method, url, **how) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise PolicyError(f"the OpenID provider answered {answer.status_code}")
                read = bytearray()
                async for piece in answer.aiter_bytes():
                    read += piece
                    if len(read) > MAX_ANSWER_BYTES:
                        raise PolicyError("the OpenID provider's answer is too long")
            said = orjson.loads(bytes(read))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, orjson.JSONDecodeError) as error:
            raise PolicyError("the OpenID provider cannot be asked") from error
        if not isinstance(said, dict):
            raise PolicyError("the OpenID provider's answer cannot be read")
        return said


def _quoted(text: str) -> str:
    """RFC 6749 2.3.1: a name and a secret are form-encoded before they are Basic credentials."""
    from urllib.parse import quote_plus

    return quote_plus(text)
