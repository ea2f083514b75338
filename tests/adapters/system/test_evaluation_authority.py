"""The stand-ins' authority vouches for stand-ins: TLS as the gateway speaks it refuses everything else that it signs."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from aisecops.adapters.system.certifying import private_pem
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.evaluation_authority import EvaluationAuthority
from aisecops.model.errors import ConfigError

DOMAIN = "stand-ins.example"


@pytest.fixture
def authority(tmp_path):
    made = EvaluationAuthority(tmp_path, SystemClock(), domain=DOMAIN)
    made.create_if_missing()
    return made


def accepted(authority, pair, name, tmp_path):
    """Does a client that trusts the authority believe that it speaks to `name`?"""
    (tmp_path / "pair.pem").write_bytes(b"".join(reversed(pair)))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(tmp_path / "pair.pem")
    trusting = ssl.create_default_context(cafile=str(authority.certificate_path))
    ours, theirs = socket.socketpair()

    def serve():
        try:
            with served.wrap_socket(theirs, server_side=True) as wire:
                wire.recv(1)
        except OSError:
            theirs.close()

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        with trusting.wrap_socket(ours, server_hostname=name):
            return True
    except ssl.SSLCertVerificationError:
        return False
    finally:
        ours.close()
        serving.join()


def signed_by(authority, name):
    """What whoever has stolen the authority's key could make."""
    own = authority._own.read_bytes()
    signing, issuer = serialization.load_pem_private_key(own, None), x509.load_pem_x509_certificates(own)[0].subject
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        .sign(signing, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private_pem(key)


def test_stand_ins_are_believed(authority, tmp_path):
    assert accepted(authority, authority.issue([f"s0.crm.{DOMAIN}"]), f"s0.crm.{DOMAIN}", tmp_path)


@pytest.mark.parametrize(
    "name", ["api.openai.com", "crm.internal", f"{DOMAIN}.evil.test", f"not-{DOMAIN}"]
)  # fmt: skip
def test_no_other_name_is_believed_whoever_holds_its_key(authority, tmp_path, name):
    assert not accepted(authority, signed_by(authority, x509.DNSName(name)), name, tmp_path)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "192.0.2.7"])
def test_no_address_is_believed(authority, tmp_path, address):
    name = x509.IPAddress(ipaddress.ip_address(address))

    assert not accepted(authority, signed_by(authority, name), address, tmp_path)


def test_the_same_forgery_within_the_domain_would_pass_so_it_is_the_bound_that_stops_it(authority, tmp_path):
    assert accepted(authority, signed_by(authority, x509.DNSName(f"x.{DOMAIN}")), f"x.{DOMAIN}", tmp_path)


def test_an_authority_for_another_domain_is_not_taken_up(tmp_path, authority):
    with pytest.raises(ConfigError, match="vouch for more"):
        EvaluationAuthority(tmp_path, SystemClock(), domain="com").create_if_missing()


def test_its_key_is_for_us_alone_and_it_is_made_once(tmp_path, authority):
    before = authority._own.read_bytes()
    authority.create_if_missing()

    assert authority._own.stat().st_mode & 0o777 == 0o600
    assert authority._own.read_bytes() == before
    assert b"PRIVATE" not in authority.certificate_path.read_bytes()
