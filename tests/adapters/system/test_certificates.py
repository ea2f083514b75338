"""The local authority: made once, taken by the host program, trusted by clients, never by the gateway itself."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, localcontext

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mitmproxy.certs import CertStore

from aisecops.adapters.system.certificates import NAME, CertificateAuthority
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.pem import certificates_in
from aisecops.model.errors import ConfigError
from support.tokens import SetClock


@pytest.fixture(autouse=True)
def as_the_system_has_it(monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "certs"


@pytest.fixture
def authority(folder):
    made = CertificateAuthority(folder, SystemClock())
    made.create_if_missing()
    return made


@pytest.fixture
def extra(tmp_path):
    """An authority of somebody else, with its key in the same file."""
    made = CertificateAuthority(tmp_path / "extra", SystemClock())
    made.create_if_missing()
    return tmp_path / "extra" / "mitmproxy-ca.pem"


def leaf(folder, host="crm.test"):
    store = CertStore.from_store(folder, "mitmproxy", 2048)
    return store.get_cert(host, [x509.DNSName(host)])


def handshake(folder, trusted, host="crm.test"):
    """A TLS handshake in memory: a client that trusts `trusted`, a server with a certificate by the host program."""
    entry = leaf(folder)
    chain = folder / "leaf.pem"
    key = entry.privatekey.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(key + entry.cert.to_pem())
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(chain)
    client_side = ssl.create_default_context(cafile=trusted)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_side.wrap_bio(back, there, server_hostname=host)
    server = server_side.wrap_bio(there, back, server_side=True)
    for _ in range(4):
        for end in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return client.getpeercert()["subjectAltName"]


def test_a_client_with_the_bundle_trusts_what_the_host_program_signs_with_our_authority(authority, folder):
    assert handshake(folder, authority.bundle()) == (("DNS", "crm.test"),)


def test_a_client_without_it_does_not(authority, folder, extra):
    authority.bundle()
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(folder, extra.with_name("mitmproxy-ca-cert.pem"))


def test_the_gateway_itself_does_not_trust_our_authority(authority, folder):
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(folder, authority.upstream_bundle())


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_openssl_verifies_a_leaf_strictly(authority, folder, tmp_path):
    (tmp_path / "leaf.pem").write_bytes(leaf(folder).cert.to_pem())

    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", authority.certificate_path]
    done = subprocess.run([*command, tmp_path / "leaf.pem"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'leaf.pem'}: OK\n")


def test_the_host_program_takes_our_authority_and_makes_nothing(authority, folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    store = CertStore.from_store(folder, "mitmproxy", 2048)

    assert store.default_ca.cn == NAME
    assert isinstance(store.default_privatekey, ec.EllipticCurvePrivateKey)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_it_is_an_authority_for_servers_only_and_for_none_below(authority):
    made = authority.certificate()

    assert made.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(
        ca=True, path_length=0
    )
    assert made.extensions.get_extension_for_class(x509.KeyUsage).critical
    assert made.subject.rfc4514_string() == f"O=aisecops,CN={NAME}"


def test_it_lives_three_years_from_yesterday_on(authority):
    made, now = authority.certificate(), dt.datetime.now(dt.UTC)

    assert made.not_valid_after_utc - made.not_valid_before_utc == dt.timedelta(days=3 * 365)
    assert dt.timedelta(days=1) <= now - made.not_valid_before_utc < dt.timedelta(days=1, minutes=5)


def test_modes_are_as_they_must_be(authority, folder):
    authority.bundle()
    authority.upstream_bundle()

    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        ".lock": 0o600,
        "mitmproxy-ca.pem": 0o600,
        "mitmproxy-ca-cert.pem": 0o644,
        "mitmproxy-dhparam.pem": 0o644,
        "bundle.pem": 0o644,
        "upstream.pem": 0o644,
    }


def test_no_key_is_in_any_public_file(authority, folder, extra):
    public = [authority.bundle([extra]), authority.upstream_bundle([extra]), authority.certificate_path]

    assert not any(b"PRIVATE" in path.read_bytes() for path in public)


def test_many_who_start_at_once_make_one(folder):
    def start(_):
        made = CertificateAuthority(folder, SystemClock())
        made.create_if_missing()
        made.bundle()
        return made.certificate().serial_number

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(16)))) == 1


def test_an_authority_that_is_there_is_kept_and_its_public_half_mended(authority, folder):
    before = (folder / "mitmproxy-ca.pem").read_bytes()
    authority.certificate_path.write_text("something else")

    authority.create_if_missing()

    assert (folder / "mitmproxy-ca.pem").read_bytes() == before
    assert authority.certificate_path.read_bytes() in before


def test_a_folder_that_cannot_be_written_serves_when_everything_is_there(authority, folder, monkeypatch):
    def read_only(*_, **__):
        raise AssertionError("nothing is to be written")

    monkeypatch.setattr("aisecops.adapters.system.certificates.write_whole", read_only)
    monkeypatch.setattr("aisecops.adapters.system.certificates.locked", read_only)

    authority.create_if_missing()


def test_an_authority_open_to_others_is_not_used(authority, folder):
    (folder / "mitmproxy-ca.pem").chmod(0o644)

    with pytest.raises(ConfigError, match="open to others"):
        authority.create_if_missing()


@pytest.mark.parametrize("days", [-2, 3 * 365])
def test_an_authority_whose_time_is_over_or_has_not_come_is_not_used(authority, folder, days):
    clock = SetClock(SystemClock().now_ms() + days * 86_400_000)

    with pytest.raises(ConfigError, match="is over, or not valid yet"):
        CertificateAuthority(folder, clock).create_if_missing()


def test_two_halves_that_do_not_belong_together_are_not_used(authority, folder, extra):
    key, _, _ = (folder / "mitmproxy-ca.pem").read_bytes().partition(b"-----BEGIN CERT")
    (folder / "mitmproxy-ca.pem").write_bytes(key + certificates_in(extra.read_bytes())[0])

    with pytest.raises(ConfigError, match="do not belong together"):
        authority.create_if_missing()


def test_a_servers_certificate_is_no_authority(authority, folder):
    entry = leaf(folder)
    key, _, _ = (folder / "mitmproxy-ca.pem").read_bytes().partition(b"-----BEGIN CERT")
    (folder / "mitmproxy-ca.pem").write_bytes(key + entry.cert.to_pem())

    with pytest.raises(ConfigError, match="not an authority's"):
        authority.create_if_missing()


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_an_authority_that_cannot_be_read_is_told_with_the_mend(authority, folder, content):
    (folder / "mitmproxy-ca.pem").write_bytes(content)

    with pytest.raises(ConfigError, match="cannot be read") as raised:
        authority.create_if_missing()

    assert "remove it to have a new one made" in raised.value.mend


def test_the_bundle_holds_the_systems_authorities_the_extra_ones_and_ours_last(authority, extra):
    blocks = certificates_in(authority.bundle([extra]).read_bytes())

    ours = certificates_in(authority.certificate_path.read_bytes())
    assert blocks[-2:] == certificates_in(extra.read_bytes()) + ours
    assert len(blocks) > 50


def test_the_upstream_bundle_is_the_same_without_ours(authority, extra):
    whole = certificates_in(authority.bundle([extra]).read_bytes())

    assert certificates_in(authority.upstream_bundle([extra]).read_bytes()) == whole[:-1]


def test_our_own_authority_named_as_an_extra_one_is_still_not_trusted_upstream(authority):
    ours = certificates_in(authority.certificate_path.read_bytes())

    assert ours[0] not in certificates_in(authority.upstream_bundle([authority.certificate_path]).read_bytes())


def test_a_bundle_is_written_when_it_changes_and_not_otherwise(authority, extra):
    first = authority.bundle().stat().st_ino

    assert authority.bundle().stat().st_ino == first
    assert authority.bundle([extra]).stat().st_ino != first


def test_started_under_its_own_variables_the_gateway_does_not_come_to_trust_itself(authority, folder, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle()))
    ours = certificates_in(authority.certificate_path.read_bytes())

    blocks = certificates_in(authority.upstream_bundle().read_bytes())

    assert ours[0] not in blocks
    assert len(blocks) > 50


def test_an_extra_authority_that_is_taken_back_does_not_stay_by_way_of_our_own_bundle(authority, extra, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle([extra])))

    assert certificates_in(extra.read_bytes())[0] not in certificates_in(authority.bundle().read_bytes())


def test_a_users_own_set_of_authorities_is_honoured(authority, extra, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(extra))

    assert authority.upstream_bundle().read_bytes() == certificates_in(extra.read_bytes())[0]


@pytest.mark.parametrize(
    "content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_an_extra_authority_without_certificates_is_told(authority, tmp_path, content):
    if content is not None:
        (tmp_path / "x.pem").write_bytes(content)

    with pytest.raises(ConfigError, match="the extra authority") as raised:
        authority.bundle([tmp_path / "x.pem"])

    assert "upstream.ca" in raised.value.mend


def test_the_group_laid_down_is_ffdhe2048(authority, folder):
    with localcontext() as context:
        context.prec = 700
        e = Decimal(1).exp()
        prime = 2**2048 - 2**1984 + ((int(2**1918 * e) + 560316) * 2**64) - 1  # RFC 7919 A.1

    read = serialization.load_pem_parameters((folder / "mitmproxy-dhparam.pem").read_bytes()).parameter_numbers()

    assert (read.p, read.g) == (prime, 2)
