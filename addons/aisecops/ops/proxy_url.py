"""The setting `upstream.proxy`: how it is read, and what a proxy may be."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from aisecops.model.errors import ConfigError
from aisecops.model.upstream import UpstreamProxy
from aisecops.ops.secret_url import SecretUrl, source_of

PASSED_ON = "AISECOPS_UPSTREAM_PROXY_SECRET"
"""The variable by which a supervisor hands a URL with a password to its processes; their settings file names it."""

_PORTS = {"http": 80, "https": 443}
_MEND = "write `http://user:password@proxy.corp:3128`, or where it is: `env:NAME`, `file:PATH`"


class ProxyUrl(SecretUrl):
    """`source` is `env:NAME`, `file:PATH`, or the URL itself."""

    def resolved(self, environment: Mapping[str, str]) -> UpstreamProxy:
        """The proxy itself. Raises ConfigError, which names the source and not what is in it."""
        text = self.held(environment, setting="upstream.proxy", mend=_MEND)
        try:
            return _proxy(text)
        except ValueError as wrong:
            raise ConfigError(f"upstream.proxy ({self}) {wrong}", _MEND) from None


def read_proxy_url(raw: Any, folder: Path) -> ProxyUrl:
    """A `ProxyUrl` from text; a relative file is relative to `folder`. Raises ValueError without repeating the text."""
    url = ProxyUrl(source=source_of(raw, folder))
    if not url.is_elsewhere:
        _proxy(url.source)
    return url


def _proxy(text: str) -> UpstreamProxy:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if (
        parts.scheme not in _PORTS
        or not parts.hostname
        or any(char.isspace() or not char.isprintable() for char in text)
    ):
        raise ValueError("is not an `http://` or `https://` URL with a host")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("has more than a host and a port")
    return UpstreamProxy(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        authorization=_authorization(parts),
    )


def _authorization(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
