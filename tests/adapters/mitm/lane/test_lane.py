"""When there is a lane at all: only where everything that it leans on is there."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from mitmproxy import certs
from mitmproxy.certs import CertStore

from aisecops.adapters.mitm.lane.lane import open_lane
from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.adapters.system.clock import SystemClock
from support.flows import a_gate


class Tls:
    """Makes leaves as the core does."""

    def __init__(self, folder) -> None:
        CertificateAuthority(folder, SystemClock()).create_if_missing()
        self._store = CertStore.from_store(folder, "mitmproxy", 2048)

    def get_cert(self, context) -> certs.CertStoreEntry:
        name = context.client.sni
        return self._store.get_cert(name, [certs.x509.DNSName(name)])


MANAGER = SimpleNamespace(master=SimpleNamespace(options=None))


async def test_there_is_a_lane_where_leaves_can_be_made(tmp_path):
    lane = open_lane(a_gate(), MANAGER, Tls(tmp_path), None)
    assert lane is not None
    assert lane.leaves.context("api.test") is not None


async def test_without_a_file_that_has_no_name_there_is_none(tmp_path, monkeypatch, caplog):
    monkeypatch.delattr(os, "memfd_create")
    assert open_lane(a_gate(), MANAGER, Tls(tmp_path), None) is None
    assert "there is no fast lane" in caplog.text


@pytest.mark.parametrize("trust", ["absent.pem"])
async def test_without_authorities_of_upstreams_there_is_none(tmp_path, trust):
    assert open_lane(a_gate(), MANAGER, Tls(tmp_path), tmp_path / trust) is None
