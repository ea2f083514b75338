"""What lies between us and a company's network: the proxy's own certificate, and the proxy before the world."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from aisecops.adapters.system.clock import SystemClock
from aisecops.model.errors import ConfigError
from aisecops.ops.doctor.diagnosis import Diagnosis, bad, well
from aisecops.ops.settings import Settings
from aisecops.ops.settings_read import environment

ENDS_SOON = dt.timedelta(days=14)
TIMEOUT_S = 2.0
_TURNS = 10
"""A handshake takes two or three."""


def _certificate(settings: Settings) -> Iterator[Diagnosis]:
    """The certificate of the proxy's own listener: in date, and believed by agents under the name they are told."""
    check, chain, key = "proxy certificate", settings.proxy.tls_certificate, settings.proxy.tls_key
    if chain is None or key is None:
        return
    try:
        leaf = x509.load_pem_x509_certificates(chain.read_bytes())[0]
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(chain, key, password="")
    except (OSError, ValueError):
        mend = "give a chain in PEM, leaf first, and its key without a password"
        yield bad(check, f"`{chain}` and `{key}` cannot serve", mend)
        return
    now = dt.datetime.fromtimestamp(SystemClock().now_ms() / 1000, dt.UTC)
    ends = leaf.not_valid_after_utc
    if not leaf.not_valid_before_utc <= now < ends:
        yield bad(check, f"it is good from {leaf.not_valid_before_utc:%Y-%m-%d} to {ends:%Y-%m-%d}", "renew it")
        return
    host = urlsplit(settings.proxy.told_url).hostname or ""
    if why := _disbelief(server, settings.client_authorities, host):
        mend = "name its authority in proxy.tls_ca, and in proxy.public_url a host that is in the certificate"
        yield bad(check, f"agents that are told `{settings.proxy.told_url}` do not believe it: {why}", mend)
    elif ends - now < ENDS_SOON:
        yield bad(check, f"ends soon, on {ends:%Y-%m-%d}", "renew it; the new file is taken up while we run")
    else:
        yield well(check, f"good until {ends:%Y-%m-%d} for `{settings.proxy.told_url}`")


def _disbelief(server: ssl.SSLContext, authorities: Sequence[Path], host: str) -> str:
    """Why a client that trusts what agents are told would not speak to `server` as `host`; empty when it would.

    As strict as the strictest client: it looks for every extension, and for a chain up to a root.
    """
    context = ssl.create_default_context()
    context.verify_flags = (context.verify_flags | ssl.VERIFY_X509_STRICT) & ~ssl.VERIFY_X509_PARTIAL_CHAIN
    for path in authorities:
        context.load_verify_locations(path)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        context.wrap_bio(back, there, server_hostname=host),
        server.wrap_bio(there, back, server_side=True),
    )
    try:
        for _ in range(_TURNS):
            for end in ends:
                with contextlib.suppress(ssl.SSLWantReadError):
                    end.do_handshake()
    except ssl.SSLCertVerificationError as wrong:
        return wrong.verify_message
    except ssl.SSLError as wrong:
        return (wrong.reason or "TLS failed").lower().replace("_", " ")
    return ""


def _upstream_proxy(settings: Settings) -> Iterator[Diagnosis]:
    """The corporate proxy: its URL is there, its name resolves, its port answers. It is asked for nothing."""
    check, url = "upstream proxy", settings.upstream.proxy
    if url is None:
        return
    try:
        proxy = url.resolved(environment())
    except ConfigError as wrong:
        yield bad(check, str(wrong), wrong.mend)
        return
    try:
        with socket.create_connection((proxy.host, proxy.port), TIMEOUT_S):
            yield well(check, f"`{proxy.place}` answers")
    except OSError as failed:
        yield bad(check, f"`{proxy.place}` does not answer: {failed.strerror or failed}", "check upstream.proxy")


CHECKS = (_certificate, _upstream_proxy)
