"""Posts announcements to where people are. Once, within a time; whoever asks tries again."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

WITHIN_S = 5.0


class Hooks:
    """A client of webhooks. `trust` are PEM files believed beside the system's authorities."""

    def __init__(self, *, trust: Sequence[Path] = ()) -> None:
        context = ssl.create_default_context()
        for file in trust:
            context.load_verify_locations(file)
        # nothing that is announced is sent on elsewhere, nor through a proxy that happens to be set
        self._http = httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False, timeout=WITHIN_S)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
        """Empty when it was taken, else why not, without repeating the place: its path may be a secret."""
        try:
            async with self._http.stream("POST", url, content=body, headers=dict(headers)) as answer:
                return "" if answer.is_success else f"it answered {answer.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"it cannot be reached ({type(error).__name__})"

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()
