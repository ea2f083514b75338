"""The certificate authority that clients trust: made once, on a P-256 key, readable by its owner alone.

The proxy core would make an RSA one by itself; elliptic curves make new connections a quarter cheaper. Knows files
and names, no proxy. Several processes may start at once: the first one to finish wins, the others use its work.
"""

from __future__ import annotations

import datetime
import os
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_FILE = "mitmproxy-ca.pem"
"""Key and certificate, as the proxy core expects them."""

CERTIFICATE_FILE = "mitmproxy-ca-cert.pem"
"""The certificate alone, for clients to trust."""

_VALID_FOR = datetime.timedelta(days=3650)
_EARLIER = datetime.timedelta(days=2)


def ensure_authority(folder: Path, *, now: datetime.datetime) -> Path:
    """Make the authority in `folder` unless it is there; returns the path of its certificate."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    bundle, certificate = folder / CA_FILE, folder / CERTIFICATE_FILE
    if not bundle.exists():
        _publish(bundle, _make(now))
    certs = x509.load_pem_x509_certificates(bundle.read_bytes())
    if not certificate.exists():
        _publish(certificate, certs[0].public_bytes(serialization.Encoding.PEM), mode=0o644)
    return certificate


def write_trust(folder: Path, *, system: Path, extra: tuple[Path, ...]) -> Path:
    """One file of every CA trusted upstream: the core takes either its own set or a file, never both."""
    bundle = folder / "upstream-ca-bundle.pem"
    content = b"\n".join(path.read_bytes() for path in (system, *extra))
    scratch = bundle.with_suffix(f".{secrets.token_hex(8)}")
    scratch.write_bytes(content)
    scratch.replace(bundle)
    return bundle


def _publish(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write `content` to `path` whole, unless somebody else did so first."""
    scratch = path.with_suffix(f".{secrets.token_hex(8)}")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.link(scratch, path)
    except FileExistsError:
        pass
    finally:
        scratch.unlink()


def _make(now: datetime.datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "aisecops gateway"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "aisecops"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
