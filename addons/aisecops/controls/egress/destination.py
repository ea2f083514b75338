"""May this be dialled? Judges the name as written, then every address it resolves to (spec 5.3, 3.5).

Knows shapes of names and classes of addresses. Resolving is the port `Resolver`'s, who may go where is the rules'.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.of_short import of_short
from aisecops.model.refusals import Code

CONTROL = "destination"
SERVES = ("AIS-EXE-01",)

_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressClass(StrEnum):
    """What kind of place an address is."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"
    METADATA = "metadata"
    MULTICAST = "multicast"
    CGNAT = "cgnat"
    UNSPECIFIED = "unspecified"
    RESERVED = "reserved"
    UNREADABLE = "unreadable"


_GRAVEST = (
    AddressClass.METADATA,
    AddressClass.LINK_LOCAL,
    AddressClass.UNSPECIFIED,
    AddressClass.MULTICAST,
    AddressClass.LOOPBACK,
    AddressClass.CGNAT,
    AddressClass.PRIVATE,
    AddressClass.RESERVED,
    AddressClass.PUBLIC,
)

FIXABLE = frozenset({AddressClass.PUBLIC, AddressClass.PRIVATE, AddressClass.LOOPBACK, AddressClass.CGNAT})
"""What an operator may fix an address to. Metadata and link-local services are never an agent's business."""

_METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in (
        "169.254.169.254",  # AWS, GCP, Azure, DigitalOcean, OpenStack
        "169.254.170.2",  # AWS containers
        "169.254.170.23",  # AWS EKS pod identity
        "169.254.169.253",  # AWS resolver
        "169.254.0.23",  # Tencent
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "168.63.129.16",  # Azure host agent
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS EKS pod identity
        "fd20:ce::254",  # GCP
        "fe80::a9fe:a9fe",  # OpenStack
    )
)
_CGNAT = ipaddress.ip_network("100.64.0.0/10")
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_V4_COMPATIBLE = ipaddress.ip_network("::/96")


@lru_cache(maxsize=4096)
def address_class(ip: str) -> AddressClass:
    """The class of `ip`, a literal in its usual spelling, with or without a zone.

    Of an IPv6 address that carries an IPv4 one, the graver class of the two.
    """
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return AddressClass.UNREADABLE
    return min((_class(one) for one in (address, *_inside(address))), key=_GRAVEST.index)


def judge_addresses(
    addresses: Iterable[tuple[str, int]],
    *,
    fixed: bool,
    own: frozenset[tuple[str, int]],
    here: frozenset[str] = frozenset(),
) -> Judgment:
    """May these be dialled? Only if each one may: which of them would be, nobody knows beforehand.

    `fixed`: the operator wrote the addresses down, so they may be private. `own` are the gateway's and the control
    plane's listeners; they are never reached through the gateway, nor when they listen on every address: then by
    no address of this machine. Which of `addresses` those are, besides loopback, `here` says.
    """
    allowed = FIXABLE if fixed else frozenset({AddressClass.PUBLIC})
    listed = tuple(addresses)
    if not listed:
        return _denied("the name has no address; check the name")
    for ip, port in listed:
        kind = address_class(ip)
        if _is_own(ip, port, own, here):
            return _denied(f"`{ip}:{port}` is the gateway's own; ask it under its own name, not through the proxy")
        if not 0 < port <= _MAX_PORT:
            return _denied(f"`{port}` is no port; use one from 1 to {_MAX_PORT}")
        if kind not in allowed:
            mend = "dial a public address" if fixed else "fix it under `upstream.resolve` if it is meant"
            return _denied(f"`{ip}` is a {kind.value} address; {mend}")
    return Judgment(control=CONTROL, verdict=Verdict.ALLOW, serves=SERVES)


@of_short(most=1024)
def host_shape(host: str) -> Judgment:
    """Is `host`, as the client wrote it, a plain DNS name? Addresses in any spelling are not.

    Lower or upper case, no port, no trailing dot; other scripts in their ASCII (`xn--`) form.
    """
    fault = _shape_fault(host)
    if fault:
        return _denied(fault)
    return Judgment(control=CONTROL, verdict=Verdict.ALLOW, serves=SERVES)


_MAX_PORT = 65535
_MAX_NAME = 253
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")


def _shape_fault(host: str) -> str:
    """What is wrong with `host`, in words; empty when nothing is. The order is from the vaguest to the finest."""
    shown = host[:80].encode("ascii", "backslashreplace").decode()
    if not host or len(host) > _MAX_NAME:
        return f"a host has 1 to {_MAX_NAME} characters; send a full name"
    if not host.isascii():
        return f"`{shown}` is not ASCII; write it in its `xn--` form"
    if host.endswith("."):
        return f"`{shown}` ends in a dot; leave the dot away"
    labels = host.split(".")
    # a resolver reads a name whose last label is a number as an address: decimal, octal, hexadecimal, short or long
    if host.startswith("[") or ":" in host or _NUMBER.fullmatch(labels[-1]):
        return f"`{shown}` is an address, not a name; use a name, and fix its address under `upstream.resolve`"
    if not all(_LABEL.fullmatch(label) for label in labels) or "_" in labels[-1]:
        return f"`{shown}` is no DNS name; use letters, digits and inner hyphens"
    return ""


def _inside(address: _Ip) -> list[_Ip]:
    """IPv4 addresses that an IPv6 one carries: mapped, compatible, NAT64, 6to4, Teredo (server and client)."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inside: list[_Ip] = [one for one in (address.ipv4_mapped, address.sixtofour) if one is not None]
    inside += address.teredo or ()
    if any(address in network for network in _NAT64) or (address in _V4_COMPATIBLE and int(address) > 1):
        inside.append(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return inside


def _class(address: _Ip) -> AddressClass:
    """One address as it stands; the order is from the most telling to the least."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = mapped or address
    if address in _METADATA:
        return AddressClass.METADATA
    questions = (
        (address.is_unspecified, AddressClass.UNSPECIFIED),
        (address.is_loopback, AddressClass.LOOPBACK),
        (address.is_link_local, AddressClass.LINK_LOCAL),
        (address.is_multicast, AddressClass.MULTICAST),
        (isinstance(address, ipaddress.IPv4Address) and address in _CGNAT, AddressClass.CGNAT),
        (any(address in network for network in _NAT64), AddressClass.PUBLIC),
        (address.is_reserved, AddressClass.RESERVED),
        (isinstance(address, ipaddress.IPv6Address) and address.is_site_local, AddressClass.PRIVATE),
        (address.is_private, AddressClass.PRIVATE),
        (address.is_global, AddressClass.PUBLIC),
    )
    return next((kind for holds, kind in questions if holds), AddressClass.RESERVED)


@lru_cache(maxsize=1024)
def _is_own(ip: str, port: int, own: frozenset[tuple[str, int]], here: frozenset[str]) -> bool:
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return False
    reached = {str(one) for one in (address, *_inside(address))}
    everywhere = {listener for listener, own_port in own if own_port == port and _is_wildcard(listener)}
    if everywhere and (ip in here or address_class(ip) is AddressClass.LOOPBACK):
        return True
    return any(own_port == port and _plain(listener) in reached for listener, own_port in own)


def _is_wildcard(listener: str) -> bool:
    return address_class(listener) is AddressClass.UNSPECIFIED


def _plain(listener: str) -> str:
    try:
        return str(ipaddress.ip_address(listener.partition("%")[0]))
    except ValueError:
        return listener


def _denied(detail: str) -> Judgment:
    reason = Reason(code=Code.DESTINATION_DENIED, detail=detail)
    return Judgment(control=CONTROL, verdict=Verdict.DENY, reasons=(reason,), serves=SERVES)
