"""TLS in the lane: one context for each host towards clients, one for all upstreams.

The authority and the leaf are the core's own. A leaf's key is in memory alone: OpenSSL in the standard library loads a
key from a path only, so it gets the path of a file that lies in no folder. Where there is none such, there is no
context, and the connection is the core's.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mitmproxy.addons.tlsconfig import _DEFAULT_CIPHERS
from mitmproxy.certs import CertStoreEntry

from aisecops.adapters.mitm.faults import describe
from aisecops.adapters.mitm.leaves import serves_until
from aisecops.adapters.mitm.names import normal

logger = logging.getLogger(__name__)

CONTEXTS_KEPT = 500

_CIPHERS = ":".join(_DEFAULT_CIPHERS)


class Shaken(ssl.SSLObject):
    """TLS of one client. `named` is the server name that it asked for, if it did; `is_misnamed` when it may not."""

    named: str | None = None
    is_misnamed: bool = False


class Leaves:
    """Contexts by host, for those whom a leaf can be made for. `leaf` makes the core's."""

    def __init__(self, leaf: Callable[[str], CertStoreEntry], *, http2: bool, kept: int = CONTEXTS_KEPT) -> None:
        self._leaf = leaf
        self._alpn = ["h2", "http/1.1"] if http2 else ["http/1.1"]
        self._kept = kept
        self._contexts: OrderedDict[str, tuple[ssl.SSLContext, float]] = OrderedDict()

    def context(self, host: str) -> ssl.SSLContext | None:
        """The context for a tunnel to `host`, whose client may ask for that name or for none; None: there is none."""
        found, until = self._contexts.get(host, (None, 0.0))
        if found is not None and until > time.time():  # noqa: TID251 - certificates are by this clock
            self._contexts.move_to_end(host)
            return found
        try:
            made, until = self._make(host)
        except Exception as fault:  # noqa: BLE001 - the core can still try
            logger.warning("there is no context of the lane for a host: %s", describe(fault))
            return None
        self._contexts[host] = made, until
        if len(self._contexts) > self._kept:
            self._contexts.popitem(last=False)
        return made

    def _make(self, host: str) -> tuple[ssl.SSLContext, float]:
        """The context, and when it has to be made anew."""
        entry = self._leaf(host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_CIPHERS)
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
        context.num_tickets = 1
        context.set_alpn_protocols(self._alpn)
        context.sslobject_class = Shaken
        context.sni_callback = _only(host)
        key = entry.privatekey.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _load(context, b"".join([key, entry.cert.to_pem(), *(chained.to_pem() for chained in entry.chain_certs)]))
        return context, serves_until(entry)


def _load(context: ssl.SSLContext, pem: bytes) -> None:
    """Key and chain out of a file that only this process can name, and that is gone when this returns."""
    descriptor = os.memfd_create("leaf", os.MFD_CLOEXEC)
    try:
        rest = memoryview(pem)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _only(host: str) -> Callable[[Any, str | None, ssl.SSLContext], int | None]:
    def named(tls: Shaken, name: str | None, _context: ssl.SSLContext) -> int | None:
        if name is None:
            return None
        tls.named = name
        try:
            tls.is_misnamed = normal(name) != host
        except ValueError:
            tls.is_misnamed = True
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if tls.is_misnamed else None

    return named


def upstream_context(trust: Path | None) -> ssl.SSLContext:
    """Verifies chain and host name, from TLS 1.2 on, by the authorities in `trust` or the usual ones."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which verifies both, and fails without
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.load_verify_locations(cafile=str(trust) if trust is not None else certifi.where())
    return context
