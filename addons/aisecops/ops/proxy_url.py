"""The setting `upstream.proxy`: a URL that may hold a password, or the place of one, as secrets in rules have.

Knows how it is read, and that it is never shown whole: not by `aisecops config`, not in files that we write, not in
a word about what is wrong with it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from aisecops.model.errors import ConfigError
from aisecops.model.upstream import UpstreamProxy
from aisecops.model.value import Value

PASSED_ON = "AISECOPS_UPSTREAM_PROXY_SECRET"
"""The variable by which a supervisor hands a URL with a password to its processes; their settings file names it."""

_PLACES = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:\S.*")
_PORTS = {"http": 80, "https": 443}
_MOST_BYTES = 4096
_MEND = "write `http://user:password@proxy.corp:3128`, or where it is: `env:NAME`, `file:PATH`"


class ProxyUrl(Value):
    """`source` is `env:NAME`, `file:PATH`, or the URL itself."""

    source: str

    def __str__(self) -> str:
        if _PLACES.fullmatch(self.source):
            return self.source
        parts = urlsplit(self.source)
        who, at, place = parts.netloc.rpartition("@")
        return f"{parts.scheme}://{who.partition(':')[0]}{':...' if ':' in who else ''}{at}{place}"

    def __repr__(self) -> str:
        return f"ProxyUrl({str(self)!r})"

    def passed_on(self) -> dict[str, str]:
        """What a process of ours must be given beside its settings file, where this is shortened."""
        return {} if str(self) == self.source else {PASSED_ON: self.source}

    def resolved(self, environment: Mapping[str, str]) -> UpstreamProxy:
        """The proxy itself. Raises ConfigError, which names the source and not what is in it."""
        text = self.source
        if _PLACES.fullmatch(text):
            kind, _, name = text.partition(":")
            text = (environment.get(name, "") if kind == "env" else _content(Path(name))).strip()
            if not text:
                raise ConfigError(f"upstream.proxy names `{self.source}`, where nothing is", _MEND)
        try:
            return _proxy(text)
        except ValueError as wrong:
            raise ConfigError(f"upstream.proxy ({self}) {wrong}", _MEND) from None


def read_proxy_url(raw: Any, folder: Path) -> ProxyUrl:
    """A `ProxyUrl` from text; a relative file is relative to `folder`. Raises ValueError without repeating the text."""
    text = raw.strip() if isinstance(raw, str) else ""
    if _PLACES.fullmatch(text):
        kind, _, name = text.partition(":")
        return ProxyUrl(source=text if kind == "env" else f"file:{(folder / Path(name).expanduser()).absolute()}")
    _proxy(text)
    return ProxyUrl(source=text)


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


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError):
        return ""
