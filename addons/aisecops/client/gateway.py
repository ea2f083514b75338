"""Where the gateway is, whom one speaks as, and what it says when it refuses."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit

import httpx

CONTROL = "http://aisecops.internal"
"""The control plane, as it is reached through the proxy from wherever the proxy is reached."""

TIMEOUT_S = 90.0
"""Longer than a held request waits on the line."""


class Refused(Exception):
    """The gateway or the control plane said no. `problem` is its RFC 9457 document."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{problem.get('detail', 'refused')} ({problem.get('code', problem.get('status', '?'))})")
        self.problem = dict(problem)

    @property
    def code(self) -> str:
        """The refusal's code, such as `policy_denied`."""
        return str(self.problem.get("code", ""))


@dataclass(frozen=True, slots=True)
class Gateway:
    """The proxy, without credentials, and how its certificates are believed (a PEM bundle; None: the system's)."""

    proxy: str
    name: str
    secret: str = field(repr=False)
    bundle: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """As `aisecops run` and `aisecops env` set it. Raises `LookupError` when they have not."""
        given = os.environ if environment is None else environment  # noqa: TID251 - this is the agent's own process
        url = urlsplit(given.get("HTTPS_PROXY", given.get("https_proxy", "")))
        if not url.hostname or url.username is None or url.password is None:
            what = "HTTPS_PROXY names no gateway with credentials"
            raise LookupError(f"{what}; start with `aisecops run -- ...`, or set it from `aisecops env --agent NAME`")
        host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        proxy = f"{url.scheme}://{host}:{url.port}" if url.port else f"{url.scheme}://{host}"
        bundle = given.get("SSL_CERT_FILE")
        return cls(proxy=proxy, name=unquote(url.username), secret=unquote(url.password), bundle=bundle)

    def speaking_as(self, name: str, secret: str) -> Gateway:
        """The same gateway, other credentials."""
        return Gateway(proxy=self.proxy, name=name, secret=secret, bundle=self.bundle)

    @property
    def proxy_url(self) -> str:
        """The proxy with the credentials in it, as clients take it."""
        scheme, _, place = self.proxy.partition("://")
        return f"{scheme}://{quote(self.name, safe='')}:{quote(self.secret, safe='')}@{place}"

    def transport(self) -> dict[str, Any]:
        """What an httpx client needs to go this way and no other."""
        trusted = ssl.create_default_context(cafile=self.bundle)
        return {"proxy": self.proxy_url, "verify": trusted, "trust_env": False, "timeout": TIMEOUT_S}

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What the control plane answers. Raises `Refused`, `httpx.HTTPError`."""
        return self._asked("POST", path, body)

    def get(self, path: str) -> dict[str, Any]:
        """The same for what is only read."""
        return self._asked("GET", path, None)

    def _asked(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        with httpx.Client(**self.transport()) as http:
            answer = http.request(method, f"{CONTROL}{path}", json=body)
        said = document(answer)
        if answer.is_success:
            return said
        raise Refused(said or {"status": answer.status_code, "detail": "refused without a reason"})


def document(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; empty for anything else."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
