"""DNS queries as bytes, said by hand."""

from __future__ import annotations

import struct

EDNS = bytes.fromhex("00002904d0000000000000")
A, AAAA, TXT, AXFR, ANY = 1, 28, 16, 252, 255


def query(
    host: str,
    kind: int = A,
    *,
    kind_class: int = 1,
    ident: int = 7,
    flags: int = 0x0100,
    counts: tuple[int, int, int, int] | None = None,
    name: bytes | None = None,
    extra: bytes = b"",
) -> bytes:
    """A query for `host`, or for the raw `name`; `extra` follows the question."""
    if name is None:
        name = b"".join(bytes([len(label)]) + label.encode() for label in host.split(".")) + b"\0"
    numbers = counts or (1, 0, 0, int(bool(extra)))
    return struct.pack("!HHHHHH", ident, flags, *numbers) + name + struct.pack("!HH", kind, kind_class) + extra


def rcode(reply: bytes) -> int:
    """The answer's code."""
    return reply[3] & 0x0F
