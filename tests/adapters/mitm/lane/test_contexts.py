"""Leaves of a real authority, and what a client that checks makes of them."""

from __future__ import annotations

import contextlib
import datetime as dt
import ssl
from pathlib import Path

import pytest
from mitmproxy import certs
from mitmproxy.certs import CertStore

from aisecops.adapters.mitm.lane.contexts import Leaves, upstream_context
from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.adapters.system.clock import SystemClock


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("certs")
    CertificateAuthority(folder, SystemClock()).create_if_missing()
    return folder


@pytest.fixture(scope="module")
def leaves(folder) -> Leaves:
    store = CertStore.from_store(folder, "mitmproxy", 2048)

    def leaf(host: str) -> certs.CertStoreEntry:
        if host == "never.test":
            raise OSError("no")
        return store.get_cert(host, [certs.x509.DNSName(host)])

    return Leaves(leaf, http2=True, kept=2)


def shake(server: ssl.SSLContext, client: ssl.SSLContext, name: str | None) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Both ends after their handshake, without a network."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for end in (here, there):
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    here.do_handshake()
    return here, there


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "mitmproxy-ca-cert.pem"))


def test_a_client_that_checks_believes_a_leaf(leaves, folder):
    here, there = shake(leaves.context("api.test"), trusting(folder), "API.test")
    assert here.version() == "TLSv1.3"
    assert (there.named, there.is_misnamed) == ("API.test", False)


def test_another_name_than_the_tunnels_is_no_handshake(leaves, folder):
    with pytest.raises(ssl.SSLError):
        shake(leaves.context("api.test"), trusting(folder), "other.test")


def test_who_names_nobody_gets_the_tunnels_leaf(leaves, folder):
    client = trusting(folder)
    client.check_hostname = False
    here, there = shake(leaves.context("api.test"), client, None)
    assert ("DNS", "api.test") in here.getpeercert()["subjectAltName"]
    assert there.named is None


@pytest.mark.parametrize(("offered", "agreed"), [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (["x"], None)])
def test_what_is_spoken_is_agreed_on(leaves, folder, offered, agreed):
    client = trusting(folder)
    client.set_alpn_protocols(offered)
    assert shake(leaves.context("api.test"), client, "api.test")[1].selected_alpn_protocol() == agreed


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_not_spoken(leaves, folder):
    client = trusting(folder)
    client.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    client.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        shake(leaves.context("api.test"), client, "api.test")


def test_contexts_are_kept_and_no_more_than_may_be(leaves):
    first = leaves.context("one.test")
    assert leaves.context("one.test") is first
    leaves.context("two.test")
    leaves.context("three.test")
    assert leaves.context("one.test") is not first


def test_a_context_ends_before_its_leaf_does(folder, monkeypatch):
    store = CertStore.from_store(folder, "mitmproxy", 2048)
    made = Leaves(lambda host: store.get_cert(host, [certs.x509.DNSName(host)]), http2=False)
    monkeypatch.setattr(certs, "CERT_EXPIRY", dt.timedelta(days=20))
    old = made.context("api.test")
    store.certs.clear()
    monkeypatch.setattr(certs, "CERT_EXPIRY", dt.timedelta(days=199))
    new = made.context("api.test")
    assert new is not old
    assert made.context("api.test") is new


def test_where_no_leaf_can_be_made_there_is_no_context(leaves):
    assert leaves.context("never.test") is None


def test_a_key_lies_in_no_file(leaves, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(folder.iterdir())
    leaves.context("fresh.test")
    assert sorted(folder.iterdir()) == before
    assert not list(tmp_path.iterdir())


def test_an_upstream_is_checked_by_chain_and_name(leaves, folder):
    trust = folder / "mitmproxy-ca-cert.pem"
    shake(leaves.context("api.test"), upstream_context(trust), "api.test")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(leaves.context("api.test"), upstream_context(None), "api.test")
    unnamed = Leaves(lambda _host: leaves._leaf("other.test"), http2=False).context("api.test")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(unnamed, upstream_context(trust), "api.test")
