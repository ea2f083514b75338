"""The demo's certificates are good for its own names, for a day, and for nothing else."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from aisecops.ops.demo.tls import make_tls

NOON_MS = 1_800_000_000_000


def test_the_certificate_names_all_hosts_and_is_signed_by_the_authority(tmp_path: Path) -> None:
    files = make_tls(tmp_path, ["api.openai.com", "crm.internal"], now_ms=NOON_MS)
    ca = x509.load_pem_x509_certificate(files.ca_path.read_bytes())
    certificate = x509.load_pem_x509_certificate(files.certificate_path.read_bytes())
    names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert isinstance(names, x509.SubjectAlternativeName)
    assert names.get_values_for_type(x509.DNSName) == ["api.openai.com", "crm.internal"]
    certificate.verify_directly_issued_by(ca)


def test_nothing_lives_longer_than_two_days(tmp_path: Path) -> None:
    files = make_tls(tmp_path, ["a.example"], now_ms=NOON_MS)
    for path in (files.ca_path, files.certificate_path):
        made = x509.load_pem_x509_certificate(path.read_bytes())
        assert made.not_valid_after_utc - made.not_valid_before_utc == dt.timedelta(days=2)


def test_the_key_is_for_its_owner_alone_and_the_authoritys_is_gone(tmp_path: Path) -> None:
    files = make_tls(tmp_path, ["a.example"], now_ms=NOON_MS)
    assert files.key_path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if b"PRIVATE KEY" in path.read_bytes()] == [files.key_path.name]
