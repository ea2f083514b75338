"""TLS on our own listener: its certificate, whose client certificates it believes, and what one of them proved.

OpenSSL does all the verifying, before a byte of HTTP is read: chain, dates, purpose, revocation lists. Files that
change are taken up with the next connection; those that stand keep what they have. Knows no agent: names become
agents in `gateway/runs/identity.py`.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from aisecops.adapters.mitm.gate import Gate
from aisecops.model.certificate import CertificateName, NameKind, Names, name_of
from aisecops.model.errors import ConfigError

logger = logging.getLogger(__name__)

HANDSHAKE_S = 10.0
"""How long a handshake may take from the first byte; the connection is dropped then."""
SHUTDOWN_S = 2.0
LOOK_EVERY_S = 1.0
SAID_EVERY_S = 5.0
"""A refused certificate is said so often at most; who knocks must not be able to fill the log."""

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; those of 1.3 are all as good
_REVOCATION_LIST = b"-----BEGIN X509 CRL-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerTls:
    """The files. `client_ca` holds the authorities of client certificates, and revocation lists if there are any.

    An authority may be an intermediate: then only what it signed is believed. `required`: no connection without one.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    required: bool = False


class ListenerContext(ssl.SSLContext):
    """A context that is the newest one that its files make, for each connection anew.

    Has no certificate itself: should the event loop ever stop asking it, no handshake succeeds.
    """

    files: ListenerTls
    _clock: Callable[[], float]
    _newest: ssl.SSLContext
    _stamps: tuple[Any, ...]
    _looked: float

    @classmethod
    def of(cls, files: ListenerTls, *, clock: Callable[[], float] = time.monotonic) -> ListenerContext:
        """Raises ConfigError when the files cannot serve."""
        made = cls(ssl.PROTOCOL_TLS_SERVER)
        made.files, made._clock, made._looked = files, clock, clock()
        made._stamps = _stamps(files)
        made._newest = _context(files)
        return made

    def wrap_bio(self, *arguments: Any, **how: Any) -> ssl.SSLObject:
        """For one connection, by what is in the files now."""
        self._look()
        return self._newest.wrap_bio(*arguments, **how)

    def _look(self) -> None:
        if self._clock() - self._looked < LOOK_EVERY_S:
            return
        self._looked = self._clock()
        stamps = _stamps(self.files)
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            self._newest = _context(self.files)
        except ConfigError as wrong:
            logger.error("the listener keeps its certificates: %s; %s", wrong, wrong.mend)  # noqa: TRY400 - no fault
        else:
            logger.info("the listener's certificates were taken up anew")


class _Shaken(ssl.SSLObject):
    """One connection's TLS; says why a client certificate was not believed, which the event loop keeps to itself."""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except ssl.SSLCertVerificationError as wrong:
            _said(f"a client certificate was refused: {wrong.verify_message}")
            raise
        except ssl.SSLError as wrong:
            if wrong.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
                _said("a client without a certificate was refused")
            raise


def proven_names(writer: asyncio.StreamWriter) -> Names:
    """The names of the certificate that the client of `writer` showed and OpenSSL verified; empty without one.

    Raises ConnectionError for a certificate that cannot be read, or is over: a resumed session is not verified anew.
    """
    shaken = writer.get_extra_info("ssl_object")
    # INVARIANT: a certificate that nobody verified proves nothing
    if shaken is None or shaken.context.verify_mode is ssl.CERT_NONE:
        return frozenset()
    shown = shaken.getpeercert(binary_form=True)
    if not shown:
        return frozenset()
    try:
        certificate = x509.load_der_x509_certificate(shown)
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    except (ValueError, TypeError, x509.DuplicateExtension) as unreadable:
        raise ConnectionError("a client certificate cannot be read") from unreadable
    now = time.time()  # noqa: TID251 - the dates in a certificate are those of the wall
    if not certificate.not_valid_before_utc.timestamp() <= now < certificate.not_valid_after_utc.timestamp():
        raise ConnectionError("a client certificate is over")
    return frozenset(name for general in found if (name := _name(general)) is not None)


async def shake_hands(gate: Gate, writer: asyncio.StreamWriter) -> bool:
    """Speak TLS on a connection that was just taken, where the listener does; False: it came to nothing and is closed.

    Here and not in the listener, so that a connection is counted from the moment it was taken. Must come before
    anything is awaited: what the client said first is the handshake's.
    """
    if gate.listener_tls is None:
        return True
    try:
        await writer.start_tls(gate.listener_tls, ssl_handshake_timeout=HANDSHAKE_S, ssl_shutdown_timeout=SHUTDOWN_S)
    except OSError:  # which those of TLS are too
        writer.transport.abort()
        return False
    return True


def prove(gate: Gate, client_id: str, writer: asyncio.StreamWriter) -> bool:
    """Keep what the client's certificate proves for as long as it is connected; False: it must not go on."""
    try:
        names = proven_names(writer)
    except ConnectionError as wrong:
        _said(f"a connection was dropped: {wrong}")
        return False
    if names:
        gate.names[client_id] = names
    return True


def _name(general: x509.GeneralName) -> CertificateName | None:
    match general:
        case x509.DNSName():
            return name_of(NameKind.DNS, general.value)
        case x509.UniformResourceIdentifier():
            return name_of(NameKind.URI, general.value)
        case x509.RFC822Name():
            return name_of(NameKind.EMAIL, general.value)
        case x509.IPAddress():
            return name_of(NameKind.IP, str(general.value))
        case _:
            return None


def _context(files: ListenerTls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    # a resumed session would carry a certificate past the files that have changed since
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0
    context.sslobject_class = _Shaken
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except OSError as wrong:  # which TLS's own errors are too
        raise ConfigError(
            f"`{files.certificate}` and `{files.key}` cannot serve the listener: {_words(wrong)}",
            "`proxy.tls_certificate` must be a chain in PEM, leaf first, `proxy.tls_key` its key without a password",
        ) from None
    if files.client_ca is not None:
        _believe(context, files.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED if files.required else ssl.CERT_OPTIONAL
    return context


def _believe(context: ssl.SSLContext, authorities: Path) -> None:
    mend = "`proxy.client_ca` must be a file of authorities in PEM"
    try:
        content = authorities.read_bytes()
        context.load_verify_locations(cadata=content.decode("ascii"))
        if _REVOCATION_LIST in content:
            context.load_verify_locations(authorities)
    except (OSError, ValueError) as wrong:
        why = _words(wrong) if isinstance(wrong, OSError) else "not PEM"
        raise ConfigError(f"`{authorities}` names no authority: {why}", mend) from None
    if not context.cert_store_stats()["x509"]:
        raise ConfigError(f"`{authorities}` names no authority", mend)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if _REVOCATION_LIST in content:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _no_password() -> str:
    raise OSError("the key has a password")


def _words(wrong: OSError) -> str:
    """Why, without what is in the files."""
    reason = getattr(wrong, "reason", None)
    return str(reason or wrong.strerror or wrong).lower().replace("_", " ")


def _stamps(files: ListenerTls) -> tuple[Any, ...]:
    return tuple(_stamp(path) for path in (files.certificate, files.key, files.client_ca) if path is not None)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


_last_said = [-SAID_EVERY_S]


def _said(words: str) -> None:
    now = time.monotonic()
    if now - _last_said[0] >= SAID_EVERY_S:
        _last_said[0] = now
        logger.warning("%s", words)
