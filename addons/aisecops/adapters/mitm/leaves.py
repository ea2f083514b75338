"""Leaves that end before the process does: the core keeps each as long as it runs, clients believe it until its end.

One that ends soon is made anew, for both lanes.
"""

from __future__ import annotations

import time
from typing import override

from mitmproxy import certs
from mitmproxy.addons.tlsconfig import TlsConfig
from mitmproxy.proxy.context import Context

RENEWED_S = 30 * 24 * 3600.0
"""So long before its end a leaf is replaced."""


def serves_until(entry: certs.CertStoreEntry) -> float:
    """When a leaf has to be replaced, in seconds since 1970."""
    return entry.cert.notafter.timestamp() - RENEWED_S


class RenewingTlsConfig(TlsConfig):
    """The core's, but for leaves that end soon."""

    @override
    def get_cert(self, conn_context: Context) -> certs.CertStoreEntry:
        """As the core's, and never one that is about to end."""
        entry = super().get_cert(conn_context)
        if serves_until(entry) > time.time():  # noqa: TID251 - certificates are by this clock
            return entry
        self.certstore.certs = {name: kept for name, kept in self.certstore.certs.items() if kept is not entry}
        self.certstore.expire_queue = [kept for kept in self.certstore.expire_queue if kept is not entry]
        return super().get_cert(conn_context)
