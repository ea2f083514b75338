"""Certificates for the stand-ins: an authority and one server certificate, made when the demo starts.

Knows names and keys. Nothing here is ever trusted beyond the demo's own folder, and nothing lives longer than two days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from aisecops.adapters.system.certifying import begun, named, new_key, private_pem, usage
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
    ca_key, key = new_key(), new_key()
    ca_name, name = named("aisecops demo CA"), named("aisecops demo")
    begins, ends = now - _LIFETIME, now + _LIFETIME
    ca = (
        begun(ca_name, ca_name, ca_key, begins=begins, ends=ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .add_extension(usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    certificate = (
        begun(name, ca_name, key, begins=begins, ends=ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .add_extension(usage(signs_certificates=False), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    files = TlsFiles(
        ca_path=folder / "demo-ca.pem",
        certificate_path=folder / "demo-server.pem",
        key_path=folder / "demo-server-key.pem",
    )
    write_whole(files.ca_path, ca.public_bytes(serialization.Encoding.PEM), mode=PUBLIC)
    write_whole(files.certificate_path, certificate.public_bytes(serialization.Encoding.PEM), mode=PUBLIC)
    write_whole(files.key_path, private_pem(key), mode=PRIVATE)
    return files
