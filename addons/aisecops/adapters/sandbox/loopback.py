"""The network inside: a loopback interface, and listeners on it where the gateway is expected."""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from collections.abc import Iterable

from aisecops.adapters.sandbox.plan import Door
from aisecops.adapters.sandbox.steps import step

BACKLOG = 256
_SET_FLAGS, _UP = 0x8914, 0x1
_NEW_ADDRESS, _REQUEST, _ACKNOWLEDGE, _CREATE = 20, 0x1, 0x4, 0x400
_HEADER, _INTERFACE, _LOCAL, _ADDRESS = "=IHHII", 1, 2, 1
_ERROR_MESSAGE = 2
_USABLE_AT_ONCE = 0x02
"""Nobody else is on loopback who could have the address already."""


def listeners(doors: Iterable[Door]) -> tuple[socket.socket, ...]:
    """Bring loopback up and listen at each door. A kernel without IPv6 has no door there. Raises Refused."""
    with step("loopback"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
    with step("listener"):
        return tuple(_listening(door) for door in doors if ":" not in door.host or _speaks_six())


def _listening(door: Door) -> socket.socket:
    address = ipaddress.ip_address(door.host)
    if not address.is_loopback:
        _add(address)
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004
    return socket.create_server((door.host, door.port), family=family, backlog=BACKLOG)


def _speaks_six() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def _add(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """Give loopback one more address: the gateway's own, when it does not listen on loopback outside."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004
    attributes = b"".join(
        struct.pack("=HH", 4 + len(address.packed), kind) + address.packed for kind in (_LOCAL, _ADDRESS)
    )
    body = struct.pack("=BBBBI", family, address.max_prefixlen, _USABLE_AT_ONCE, 0, _INTERFACE) + attributes
    flags = _REQUEST | _ACKNOWLEDGE | _CREATE
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.send(struct.pack(_HEADER, 16 + len(body), _NEW_ADDRESS, flags, 1, 0) + body)
        _refuse_error(netlink.recv(4096), str(address))


def _refuse_error(answer: bytes, address: str) -> None:
    kind, error = struct.unpack_from("=4xH10xi", answer)
    if kind == _ERROR_MESSAGE and error:
        raise OSError(-error, "the address cannot be had", address)
