"""The names a client certificate proves, each with its kind, in the one form in which they are compared.

Knows how names are written, not certificates: reading one and verifying its chain is the listener's.
"""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum

from aisecops.model.value import Value

_DNS = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[\x21-\x7e]+")
_EMAIL = re.compile(r"([\x21-\x3f\x41-\x7e]+)@([A-Za-z0-9.-]+)")


class NameKind(StrEnum):
    """Kinds of subject alternative names; a name of one kind is never equal to one of another."""

    DNS = "dns"
    URI = "uri"
    EMAIL = "email"
    IP = "ip"


class CertificateName(Value):
    """One subject alternative name. Made by `name_of`, so that equal names are equal values."""

    kind: NameKind
    text: str


Names = frozenset[CertificateName]
"""Everything that one verified certificate proves."""


def name_of(kind: NameKind, text: str) -> CertificateName | None:
    """`text` as a name of `kind`; None when it cannot be one.

    Host names are compared without case, URIs byte by byte, the part of an email before the `@` with case, addresses
    by value. A wildcard names nobody: whoever holds one would be many.
    """
    match kind:
        case NameKind.DNS:
            plain = text.lower().removesuffix(".")
            return CertificateName(kind=kind, text=plain) if _DNS.fullmatch(plain) else None
        case NameKind.URI:
            return CertificateName(kind=kind, text=text) if _URI.fullmatch(text) else None
        case NameKind.EMAIL:
            found = _EMAIL.fullmatch(text)
            return CertificateName(kind=kind, text=f"{found[1]}@{found[2].lower()}") if found else None
        case NameKind.IP:
            try:
                return CertificateName(kind=kind, text=str(ipaddress.ip_address(text)))
            except ValueError:
                return None


def written_name(text: str) -> CertificateName | None:
    """The name that a rule means by `text`, whose form says its kind; None when it has none of the forms."""
    for kind in (NameKind.IP, NameKind.URI, NameKind.EMAIL, NameKind.DNS):
        if (name := name_of(kind, text)) is not None:
            return name
    return None
