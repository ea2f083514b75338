"""The gate inside `mitmdump`, before it runs. Running: `end_to_end/test_as_a_script.py`."""

from __future__ import annotations

import contextlib

import pytest
from mitmproxy.test import taddons

from aisecops.adapters.mitm.embedded import Embedded
from aisecops.adapters.mitm.host import HostSettings
from aisecops.adapters.mitm.host_refusals import STARTING
from aisecops.model.errors import ConfigError
from support.proxy import Lets, problem


@contextlib.asynccontextmanager
async def enforcer():
    yield Lets({})


async def test_it_is_closed_until_it_runs_and_for_good_when_it_ends(tmp_path):
    (tmp_path / "mitmproxy-ca.pem").touch()
    embedded = Embedded(HostSettings(confdir=tmp_path), enforcer, problem)
    assert embedded.gate.closed is STARTING
    with taddons.context() as host:
        embedded.done()
        assert host.master.should_exit is not None
    assert "the gateway script has ended" in embedded.gate.closed.detail


def test_without_an_authority_it_does_not_load(tmp_path):
    with pytest.raises(ConfigError):
        Embedded(HostSettings(confdir=tmp_path), enforcer, problem)
