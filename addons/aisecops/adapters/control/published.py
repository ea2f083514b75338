"""The public token keys as the control plane publishes them, for a gateway on another machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path

import httpx

from aisecops.controls.tokens.jwks import PublicKey, from_jwks
from aisecops.model.errors import PolicyError, WireError

WITHIN_S = 5.0
MAX_BYTES = 65536


class PublishedKeys:
    """A client of `/.well-known/jwks.json`. `trust` are PEM files believed beside the system's authorities."""

    def __init__(self, control_url: str, *, trust: Sequence[Path] = ()) -> None:
        context = ssl.create_default_context()
        for file in trust:
            context.load_verify_locations(file)
        # trust_env=False: the gateway must not be sent through a proxy, least of all through itself
        self._client = httpx.Client(base_url=control_url, timeout=WITHIN_S, trust_env=False, verify=context)

    async def get(self) -> tuple[PublicKey, ...]:
        """The keys, at least one. Raises `PolicyError`: it cannot be reached, or what it says is no key set."""
        return await asyncio.to_thread(self._got)

    async def close(self) -> None:
        """Let go of the connections."""
        await asyncio.to_thread(self._client.close)

    def _got(self) -> tuple[PublicKey, ...]:
        try:
            with self._client.stream("GET", "/.well-known/jwks.json") as answer:
                if answer.status_code != httpx.codes.OK:
                    raise PolicyError(f"the control plane answered {answer.status_code} to a request for its keys")
                data = b""
                for piece in answer.iter_bytes():
                    data += piece
                    if len(data) > MAX_BYTES:
                        raise PolicyError("the control plane's key set is too large")
            keys = from_jwks(data)
        except httpx.HTTPError as error:
            raise PolicyError("the control plane cannot be asked for its keys") from error
        except WireError as error:
            raise PolicyError(f"what the control plane gives as its keys is none: {error.detail}") from error
        if not keys:
            raise PolicyError("the control plane has no keys")
        return keys
