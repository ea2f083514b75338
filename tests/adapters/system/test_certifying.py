"""What certificates that are made here have in common."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography.hazmat.primitives import hashes, serialization

from aisecops.adapters.system.certifying import begun, named, new_key, pair_in, private_pem, usage
from aisecops.model.errors import ConfigError

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "pair.pem"
    path.touch(mode=0o600)
    return path


def test_a_pair_is_read_as_it_was_kept(file):
    key = new_key()
    made = begun(named("one"), named("other"), key, begins=NOW, ends=NOW + dt.timedelta(days=1))
    certificate = made.sign(key, hashes.SHA256())
    file.write_bytes(private_pem(key) + certificate.public_bytes(serialization.Encoding.PEM))

    read, its_key = pair_in(file, "the pair", "mend it")

    assert read == certificate
    assert its_key.public_key() == key.public_key()
    assert (read.subject, read.issuer) == (named("one"), named("other"))
    assert (read.not_valid_before_utc, read.not_valid_after_utc) == (NOW, NOW + dt.timedelta(days=1))


@pytest.mark.parametrize("content", [b"", b"no PEM", private_pem(new_key())])
def test_half_a_pair_is_none(file, content):
    file.write_bytes(content)

    with pytest.raises(ConfigError, match=r"the pair `.*` cannot be read"):
        pair_in(file, "the pair", "mend it")


def test_who_signs_certificates_signs_nothing_else():
    assert usage(signs_certificates=True).key_cert_sign
    assert not usage(signs_certificates=True).digital_signature
    assert not usage(signs_certificates=False).key_cert_sign
