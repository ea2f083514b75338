"""Our HTTP layers, fed events without a socket. With sockets: `end_to_end/test_doors.py`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.addons import proxyserver
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.proxy.layers import ClientTLSLayer, ServerTLSLayer
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.layers.modes import HttpProxy
from mitmproxy.test import taddons
from support.flows import a_gate

from aisecops.adapters.mitm.layers import GovernedHttp1Server, GovernedHttpLayer, LayerChoice


def options() -> Options:
    with taddons.context(proxyserver.Proxyserver()) as host:
        return host.options


def a_context() -> Context:
    client = Client(
        peername=("192.0.2.7", 4711),
        sockname=("192.0.2.1", 8080),
        timestamp_start=0,
        state=ConnectionState.OPEN,
    )
    return Context(client, OPTIONS)


OPTIONS = Options()


@pytest.fixture(autouse=True)
async def _options():
    global OPTIONS  # noqa: PLW0603 - made once, needs a running loop
    if "connection_strategy" not in OPTIONS:
        OPTIONS = options()


def chosen(context: Context, data: bytes) -> object:
    asked = NextLayer(context)
    asked.events.append(events.DataReceived(context.client, data))
    LayerChoice(a_gate()).next_layer(asked)
    return asked.layer


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"SSH-2.0-x\r\n", b"\x00\x01", b"\x05\x01\x00", b"C"])
def test_whatever_comes_first_is_read_as_http(data):
    context = a_context()
    HttpProxy(context)
    layer = chosen(context, data)
    assert isinstance(layer, GovernedHttpLayer)
    assert layer.mode is HTTPMode.regular
    inner = chosen(context, data)
    assert isinstance(inner, GovernedHttpLayer)
    assert inner.mode is HTTPMode.transparent


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01", b"\x16"])
def test_tls_is_looked_into_once(data):
    context = a_context()
    HttpProxy(context)
    outer = chosen(context, data)
    assert isinstance(outer, ClientTLSLayer)
    assert isinstance(outer.child_layer, GovernedHttpLayer)
    inner = chosen(context, data)
    assert isinstance(inner, ServerTLSLayer)
    assert isinstance(inner.child_layer, ClientTLSLayer)
    assert isinstance(chosen(context, data), GovernedHttpLayer)


def sent_by(data: bytes) -> tuple[bytes, bool, bool]:
    """What the server sends by itself on `data`, whether it closes, whether a request went on."""
    context = a_context()
    server = GovernedHttp1Server(context, a_gate())
    list(server.handle_event(events.Start()))
    said = list(server.handle_event(events.DataReceived(context.client, data)))
    sent = b"".join(command.data for command in said if isinstance(command, commands.SendData))
    closes = any(isinstance(command, commands.CloseConnection) for command in said)
    return sent, closes, any(type(command).__name__ == "ReceiveHttp" for command in said)


def test_a_readable_head_goes_on():
    assert sent_by(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n") == (b"", False, True)


def test_an_unreadable_head_is_told_as_a_problem():
    sent, closes, _ = sent_by(b"\x00\x01\x02\r\n\r\n")
    assert sent.startswith(b"HTTP/1.1 403 protocol_denied\r\n")
    assert b"mitmproxy" not in sent
    assert closes


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n" + b"a" * 70_000, b"a" * 70_000])
def test_a_head_without_end_is_refused(data):
    sent, closes, went_on = sent_by(data)
    assert sent.startswith(b"HTTP/1.1 413 too_large\r\n")
    assert closes
    assert not went_on


@given(st.binary(max_size=60))
def test_any_bytes_are_waited_for_read_or_refused(data):
    sent, closes, _ = sent_by(data + b"\r\n\r\n")
    assert not sent or (closes and sent.startswith((b"HTTP/1.1 403 protocol_denied", b"HTTP/1.1 413")))
