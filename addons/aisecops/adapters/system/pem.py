"""Certificates in PEM text: taken out, and put together without doubles. Keys and remarks are left behind."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_BLOCK = re.compile(_BEGIN + b"([A-Za-z0-9+/=\\s]+)" + _END)
_LINE = 64


def certificates_in(pem: bytes) -> list[bytes]:
    """Every certificate in `pem`, each written one way, so that equal ones are equal bytes."""
    return [_written(b"".join(body.split())) for body in _BLOCK.findall(pem)]


def joined(certificates: Iterable[bytes]) -> bytes:
    """`certificates` in their order as one PEM file, each once."""
    return b"".join(dict.fromkeys(certificates))


def _written(body: bytes) -> bytes:
    lines = [body[at : at + _LINE] for at in range(0, len(body), _LINE)]
    return b"\n".join([_BEGIN, *lines, _END, b""])
