"""Leaves of the core's own store, as time passes for them."""

from __future__ import annotations

import datetime as dt

import pytest
from mitmproxy import certs, connection
from mitmproxy.proxy.context import Context
from mitmproxy.test import taddons

from aisecops.adapters.mitm.leaves import RenewingTlsConfig
from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.adapters.system.clock import SystemClock


@pytest.fixture
def leaf(tmp_path):
    """A function that gives the leaf for a host."""
    CertificateAuthority(tmp_path, SystemClock()).create_if_missing()
    tls = RenewingTlsConfig()
    with taddons.context(tls) as context:
        context.configure(tls, confdir=str(tmp_path))

        def asked(host="api.test"):
            client = connection.Client(peername=("", 0), sockname=(host, 0), sni=host)
            return tls.get_cert(Context(client, context.options))

        yield asked


def lasting(monkeypatch, days):
    monkeypatch.setattr(certs, "CERT_EXPIRY", dt.timedelta(days=days))


def test_a_leaf_is_kept_while_it_lasts(leaf):
    assert leaf() is leaf()


def test_a_leaf_that_ends_soon_is_made_anew_and_the_new_one_is_kept(leaf, monkeypatch):
    lasting(monkeypatch, 40)
    old, other = leaf(), leaf("other.test")
    assert leaf() is old
    lasting(monkeypatch, 20)
    soon = leaf("soon.test")
    lasting(monkeypatch, 199)
    new = leaf("soon.test")
    assert new is not soon
    assert new.cert.notafter > soon.cert.notafter
    assert leaf("soon.test") is new
    assert (leaf(), leaf("other.test")) == (old, other)
