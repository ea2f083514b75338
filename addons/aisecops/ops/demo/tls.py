"""Certificates for the stand-ins: an authority and one server certificate, made when the demo starts.

Knows names and keys. Nothing here is ever trusted beyond the demo's own folder, and nothing lives longer than two days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from aisecops.adapters.system.files import PRIVATE, PUBLIC, write_whole
from aisecops.model.value import Value

_LIFETIME = dt.timedelta(days=1)


class TlsFiles(Value):
    """Where the authority's certificate is, and the server's certificate and key."""

    ca_path: Path
    certificate_path: Path
    key_path: Path


def make_tls(folder: Path, hosts: Sequence[str], *, now_ms: int) -> TlsFiles:
    """A new authority, and a certificate of its for all of `hosts`, in `folder`. The authority's key is thrown away."""
    now = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name, name = _named("aisecops demo CA"), _named("aisecops demo")
    ca = (
        _certificate(ca_name, ca_name, ca_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    certificate = (
        _certificate(name, ca_name, key.public_key(), now)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    files = TlsFiles(
        ca_path=folder / "demo-ca.pem",
        certificate_path=folder / "demo-server.pem",
        key_path=folder / "demo-server-key.pem",
    )
    write_whole(files.ca_path, ca.public_bytes(serialization.Encoding.PEM), mode=PUBLIC)
    write_whole(files.certificate_path, certificate.public_bytes(serialization.Encoding.PEM), mode=PUBLIC)
    write_whole(files.key_path, _pem(key), mode=PRIVATE)
    return files


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LIFETIME)
        .not_valid_after(now + _LIFETIME)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
