"""Which layers a connection gets. With sockets: `end_to_end/test_doors.py`."""

from __future__ import annotations

import pytest
from mitmproxy.proxy import events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.proxy.layers import ClientTLSLayer, ServerTLSLayer
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.layers.modes import HttpProxy

from aisecops.adapters.mitm.layers import GovernedHttpLayer, LayerChoice
from support.contexts import a_context
from support.flows import a_gate


def chosen(context: Context, data: bytes) -> object:
    asked = NextLayer(context)
    asked.events.append(events.DataReceived(context.client, data))
    LayerChoice(a_gate()).next_layer(asked)
    return asked.layer


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"SSH-2.0-x\r\n", b"\x00\x01", b"\x05\x01\x00", b"C"])
async def test_whatever_comes_first_is_read_as_http(data):
    context = a_context()
    HttpProxy(context)
    layer = chosen(context, data)
    assert isinstance(layer, GovernedHttpLayer)
    assert layer.mode is HTTPMode.regular
    inner = chosen(context, data)
    assert isinstance(inner, GovernedHttpLayer)
    assert inner.mode is HTTPMode.transparent


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01", b"\x16"])
async def test_tls_is_looked_into_once(data):
    context = a_context()
    HttpProxy(context)
    outer = chosen(context, data)
    assert isinstance(outer, ClientTLSLayer)
    assert isinstance(outer.child_layer, GovernedHttpLayer)
    inner = chosen(context, data)
    assert isinstance(inner, ServerTLSLayer)
    assert isinstance(inner.child_layer, ClientTLSLayer)
    assert isinstance(chosen(context, data), GovernedHttpLayer)
