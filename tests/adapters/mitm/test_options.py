"""Pinned options. On a running host: `end_to_end/test_host_life.py`."""

from __future__ import annotations

import pytest
from mitmproxy import exceptions
from mitmproxy.addons import next_layer, proxyserver, tlsconfig
from mitmproxy.test import taddons

from aisecops.adapters.mitm.options import PINNED, PinnedOptions
from support.flows import a_gate


@pytest.fixture
async def host():
    with taddons.context(proxyserver.Proxyserver(), next_layer.NextLayer(), tlsconfig.TlsConfig()) as host:
        yield host


async def test_every_pinned_option_is_one_the_core_knows(host):
    assert not [name for name in PINNED if name not in host.options]


async def test_a_start_with_another_value_is_refused(host):
    gate = a_gate()
    with pytest.raises(exceptions.OptionsError, match="`connection_strategy` is pinned"):
        PinnedOptions(gate, PINNED).watch()
    assert gate.closed is not None


async def test_a_start_with_the_pinned_values_passes(host):
    gate = a_gate()
    host.options.update(**PINNED)
    PinnedOptions(gate, PINNED).watch()
    assert gate.closed is None
