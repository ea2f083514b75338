"""Where a Redis or Valkey server is and what is asked of it, read from the URL in the setting `store`.

Knows the form of the URL. What is wrong with one is said without repeating it: it may hold a password.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec.structs import replace

from aisecops.model.value import Value

_TLS = {"redis": False, "valkey": False, "rediss": True, "valkeys": True}
_DATABASE = re.compile(r"/?(\d{1,4})?")
_SECONDS = re.compile(r"\d{1,2}(\.\d{1,3})?")
_MOST_REPLICAS = 9
TIMEOUT_S = 3.0
"""How long a server may take to answer, unless the URL says otherwise."""


class Durability(StrEnum):
    """What a server must at least do before it says that a write is done."""

    ALWAYS = "always"  # synced to its disk
    EVERYSEC = "everysec"  # written, and synced to its disk within a second
    NONE = "none"  # kept in memory


class Place(Value):
    """A server, and how it is spoken to. `replicas` is how many must have each write before it counts."""

    host: str
    port: int = 6379
    database: int = 0
    tls: bool = False
    username: str | None = None
    password: str | None = None
    timeout_s: float = TIMEOUT_S
    replicas: int = 0
    durability: Durability = Durability.EVERYSEC
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None

    @property
    def is_here(self) -> bool:
        """True when what is said to it does not leave this machine. A name other than `localhost` may be anything."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.tls else 'redis'}://{host}:{self.port}/{self.database}"

    def __repr__(self) -> str:
        return f"Place({str(self)!r})"


def read_place(text: str) -> Place:
    """A `Place` from `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?OPTIONS]`; `rediss` speaks TLS.

    Raises ValueError, in words that go on from what it is about.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in _TLS or not parts.hostname or not text.isprintable() or " " in text:
        raise ValueError("is neither `sqlite` nor a `redis://`, `rediss://` or `valkey://` URL with a host")
    database = _DATABASE.fullmatch(parts.path)
    if database is None or parts.fragment:
        raise ValueError("has more than a host, a port and the number of a database before its options")
    place = Place(
        host=parts.hostname,
        port=port or 6379,
        database=int(database[1] or 0),
        tls=_TLS[parts.scheme],
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
    return replace(place, **_options(dict(parse_qsl(parts.query, keep_blank_values=True)), tls=place.tls))


def _options(given: Mapping[str, str], *, tls: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name == "timeout" and _SECONDS.fullmatch(value) and float(value) > 0:
            found["timeout_s"] = float(value)
        elif name == "replicas" and value.isascii() and value.isdigit() and int(value) <= _MOST_REPLICAS:
            found["replicas"] = int(value)
        elif name == "durability" and value in set(Durability):
            found["durability"] = Durability(value)
        elif name in {"ca", "cert", "key"} and tls and value:
            found["certificate" if name == "cert" else name] = value
        else:
            raise ValueError(
                "has an option that is not understood; there are `timeout` (seconds), `replicas` (a number), "
                "`durability` (always, everysec or none), and with TLS `ca`, `cert` and `key` (files)"
            )
    if ("certificate" in found) != ("key" in found):
        raise ValueError("has half of a TLS pair: give both `cert` and `key`, or none")
    return found
