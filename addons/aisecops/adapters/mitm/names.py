"""Hosts as everybody may write them, and one way to write them here.

Knows case, the trailing dot, IDNA and the port. Does not know which hosts are allowed.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

DEFAULT_PORTS = {"http": 80, "https": 443}

_AUTHORITY = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")


class Place(NamedTuple):
    """A host in its one form, and a port."""

    host: str
    port: int


def normal(host: str) -> str:
    """`host` in lower case, in ASCII, without the root's dot; raises ValueError when it cannot be a host."""
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    host = host.lower().removesuffix(".").removeprefix("[").removesuffix("]")
    if not host:
        raise ValueError("an empty host")
    return host


def parse_authority(text: str, *, default_port: int) -> Place | None:
    """`host[:port]` of a Host header; None when it is anything else."""
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    host, port = found.group(1), found.group(2)
    number = default_port if port is None else int(port)
    try:
        return Place(normal(host), number) if 0 < number < 65536 else None  # noqa: PLR2004 - ports end there
    except ValueError:
        return None


def is_literal(host: str) -> bool:
    """True for an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
