"""How one setting is written: text from a flag or a variable, or a value from YAML, becomes a typed value.

Knows the kinds of settings, not which there are. What cannot be read raises ValueError in words for people.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NewType

from aisecops.model.value import Value
from aisecops.ops.proxy_url import ProxyUrl, read_proxy_url
from aisecops.ops.store_url import StoreUrl, read_store_url

Seconds = NewType("Seconds", float)
"""A duration: written as `30`, `30s`, `500ms`, `10m` or `1h`."""

_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_HIGHEST_PORT = 65535
_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|)")
_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class LogFormat(StrEnum):
    """How lines on stderr look."""

    PLAIN = "plain"
    JSON = "json"


class ClientCertificates(StrEnum):
    """Whether a client of the proxy may come without a certificate."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class Lane(StrEnum):
    """What carries the ordinary connection."""

    FAST = "fast"
    MITMPROXY = "mitmproxy"


class Address(Value):
    """Host and port. Written `host:port`, `[::1]:port`, or the port alone for loopback."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """True when only this machine can reach it. A name other than `localhost` may be anything: False."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def reachable(self) -> Address:
        """Where a client on this machine connects: loopback for `0.0.0.0` and `::`."""
        loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host)  # noqa: S104  (recognised, not bound)
        return Address(host=loopback, port=self.port) if loopback else self


def read_address(raw: Any) -> Address:
    """An `Address` from `host:port`; raises ValueError."""
    host, colon, port = str(raw).strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else "127.0.0.1"
    if not host or not port.isascii() or not port.isdigit() or int(port) > _HIGHEST_PORT:
        raise ValueError(f"`{raw}` is not host:port")
    return Address(host=host, port=int(port))


def is_network(text: str, *, version: int, least: int) -> bool:
    """True for an IP network of that version with `least` addresses or more."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return False
    return network.version == version and network.num_addresses >= least


def read_seconds(raw: Any) -> Seconds:
    """A duration, zero or more, from a number or text; raises ValueError."""
    found = _DURATION.fullmatch(str(raw).strip())
    if isinstance(raw, bool) or not found or not math.isfinite(seconds := float(found[1]) * _UNITS[found[2]]):
        raise ValueError(f"`{raw}` is not a duration such as 30s, 500ms or 10m")
    return Seconds(seconds)


def _integer(raw: Any) -> int:
    text = str(raw).strip()
    if isinstance(raw, bool) or not re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
        raise ValueError(f"`{raw}` is not a whole number")
    return int(text)


def _boolean(raw: Any) -> bool:
    truth = _TRUTHS.get(str(raw).strip().lower())
    if truth is None:
        raise ValueError(f"`{raw}` is not true or false")
    return truth


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError(f"`{raw}` is not text")
    return raw.strip()


def _one_of[E: StrEnum](kind: type[E], raw: Any) -> E:
    try:
        return kind(str(raw))
    except ValueError:
        raise ValueError(f"`{raw}` is not one of {', '.join(kind)}") from None


def is_host_or_below(text: str) -> bool:
    """True for a host name, and for one with a dot before it, which means every host below."""
    return _HOST.fullmatch(text.removeprefix(".")) is not None


def _texts(raw: Any) -> tuple[str, ...]:
    items = raw if isinstance(raw, list | tuple) else _text(raw).split(",")
    return tuple(_text(item).lower() for item in items)


def _paths(raw: Any, folder: Path) -> tuple[Path, ...]:
    items = raw if isinstance(raw, list | tuple) else _text(raw).split(",")
    return tuple(_path(item, folder) for item in items)


def _path(raw: Any, folder: Path) -> Path:
    return (folder / Path(_text(raw)).expanduser()).absolute()


def _mapping(raw: Any) -> dict[str, str]:
    if not isinstance(raw, Mapping):
        items = raw if isinstance(raw, list | tuple) else _text(raw).split(",")
        pairs = [str(item).partition("=") for item in items]
        if wrong := [name for name, equals, _ in pairs if not equals]:
            raise ValueError(f"`{wrong[0]}` is not name:port=address:port")
        raw = {name: value for name, _, value in pairs}
    return {_endpoint(name): _endpoint(value) for name, value in raw.items()}


def _endpoint(raw: Any) -> str:
    if not isinstance(raw, str) or ":" not in raw:
        raise ValueError(f"`{raw}` is not host:port")
    return str(read_address(raw.lower()))


def reader(kind: Any) -> Callable[[Any, Path], Any]:
    """What reads a value of type `kind`; the second argument is the folder that paths are relative to.

    An optional kind also takes None and the empty text, both meaning none.
    """
    optional = {Path | None: Path, str | None: str, ProxyUrl | None: ProxyUrl, Address | None: Address}.get(kind)
    if optional is not None:
        inner = reader(optional)
        return lambda raw, folder: None if raw in (None, "") else inner(raw, folder)
    return _READERS[kind]


_READERS: dict[Any, Callable[[Any, Path], Any]] = {
    Address: lambda raw, _: read_address(raw),
    Seconds: lambda raw, _: read_seconds(raw),
    int: lambda raw, _: _integer(raw),
    bool: lambda raw, _: _boolean(raw),
    str: lambda raw, _: _text(raw),
    LogFormat: lambda raw, _: _one_of(LogFormat, raw),
    ClientCertificates: lambda raw, _: _one_of(ClientCertificates, raw),
    Lane: lambda raw, _: _one_of(Lane, raw),
    ProxyUrl: read_proxy_url,
    StoreUrl: read_store_url,
    tuple[str, ...]: lambda raw, _: _texts(raw),
    Path: _path,
    tuple[Path, ...]: _paths,
    dict[str, str]: lambda raw, _: _mapping(raw),
}
