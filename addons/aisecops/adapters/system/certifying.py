"""What all certificates that are made here have in common: their keys, their first lines, and how a pair is kept."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

from aisecops.adapters.system.files import read_private
from aisecops.model.errors import ConfigError


def new_key() -> ec.EllipticCurvePrivateKey:
    """P-256, which is quick and which every client knows."""
    return ec.generate_private_key(ec.SECP256R1())


def named(common_name: str) -> x509.Name:
    """The name of whoever has no more than one."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, begins: dt.datetime, ends: dt.datetime
) -> x509.CertificateBuilder:
    """A certificate that says who has `key` by whose word and how long, and nothing yet of what it is for."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """What a key is for: certificates and lists of revoked ones, or what its holder says."""
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


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """`key` as it is kept: for whoever may read the file."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def pair_in(path: Path, what: str, mend: str) -> tuple[x509.Certificate, PrivateKeyTypes]:
    """Certificate and key of `what`, kept in one file. Raises ConfigError."""
    try:
        content = read_private(path)
        return x509.load_pem_x509_certificates(content)[0], serialization.load_pem_private_key(content, password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{what} `{path}` cannot be read", mend) from error
