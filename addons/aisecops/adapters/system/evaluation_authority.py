"""The authority of the stand-ins that a running gateway is evaluated against.

The gateway trusts it beside the others, so its certificate says itself what it may vouch for: names below one domain
that does not exist, and no address. That is a critical name constraint, which TLS libraries enforce.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from aisecops.adapters.system.certifying import begun, named, new_key, pair_in, private_pem, usage
from aisecops.adapters.system.files import PRIVATE, PUBLIC, locked, made_folder, write_whole
from aisecops.gateway.ports import Clock
from aisecops.model.errors import ConfigError

_LIFETIME = dt.timedelta(days=3 * 365)
_OF_A_ROUND = dt.timedelta(hours=2)
_BACKDATED = dt.timedelta(hours=1)
_EVERYWHERE = ("0.0.0.0/0", "::/0")


class EvaluationAuthority:
    """Key and certificate in `certs/evaluation-ca.pem` (0600), the certificate alone in `evaluation-ca-cert.pem`."""

    def __init__(self, folder: Path, clock: Clock, *, domain: str) -> None:
        self._own = folder / "evaluation-ca.pem"
        self.certificate_path = folder / "evaluation-ca-cert.pem"
        self._clock = clock
        self._domain = domain

    def create_if_missing(self) -> Path:
        """Make it once; the file of its certificate. Raises `ConfigError` for one that vouches for more."""
        with locked(made_folder(self._own.parent)):
            if not self._own.exists():
                write_whole(self._own, self._new(), mode=PRIVATE)
        certificate, _ = self._read()
        write_whole(self.certificate_path, certificate.public_bytes(serialization.Encoding.PEM), mode=PUBLIC)
        return self.certificate_path

    def issue(self, hosts: Sequence[str]) -> tuple[bytes, bytes]:
        """A certificate for `hosts`, for two hours, and its key; both PEM."""
        authority, signing = self._read()
        key, now = new_key(), self._now()
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
        certificate = (
            begun(named("aisecops stand-ins"), authority.subject, key, begins=now - _BACKDATED, ends=now + _OF_A_ROUND)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(issuer, critical=False)
            .sign(signing, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM), private_pem(key)

    def _read(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        mend = f"remove `{self._own}` to have it made anew"
        certificate, key = pair_in(self._own, "the evaluation's authority", mend)
        # INVARIANT: what is trusted beside the world's authorities can vouch for nothing but the stand-ins
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not self._is_bound(certificate):
            raise ConfigError(f"`{self._own}` would vouch for more than stand-ins", mend)
        return certificate, key

    def _is_bound(self, certificate: x509.Certificate) -> bool:
        try:
            found = certificate.extensions.get_extension_for_class(x509.NameConstraints)
        except x509.ExtensionNotFound:
            return False
        return found.critical and found.value == self._constraints()

    def _constraints(self) -> x509.NameConstraints:
        nowhere = [x509.IPAddress(ipaddress.ip_network(network)) for network in _EVERYWHERE]
        return x509.NameConstraints(permitted_subtrees=[x509.DNSName(self._domain)], excluded_subtrees=nowhere)

    def _new(self) -> bytes:
        key, now, name = new_key(), self._now(), named("aisecops evaluation CA")
        certificate = (
            begun(name, name, key, begins=now - _BACKDATED, ends=now + _LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(self._constraints(), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return private_pem(key) + certificate.public_bytes(serialization.Encoding.PEM)

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock.now_ms() / 1000, dt.UTC)
