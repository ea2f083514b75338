"""Only pinned addresses are dialled, by the client they were pinned for."""

from __future__ import annotations

import asyncio
import socket

import pytest
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test import tflow

from aisecops.adapters.mitm.dial import Dial, dialling_for
from aisecops.adapters.mitm.names import Place
from aisecops.model.errors import ConfigError
from support.flows import ADDRESS, a_flow, a_forward, a_gate, admitted, an_exchange

PLACE = Place("api.test", 443)


def wants(flow, address=("api.test", 443), **parts) -> ServerConnectionHookData:
    server = tflow.tserver_conn()
    server.state = type(server.state).CLOSED
    server.address, server.error, server.via, server.peername = address, None, None, None
    for name, value in parts.items():
        setattr(server, name, value)
    return ServerConnectionHookData(server, flow.client_conn)


def test_an_admitted_request_pins_its_addresses():
    gate = a_gate()
    flow = admitted(gate)
    assert Dial(gate).pinned(flow.client_conn.id, PLACE) == (ADDRESS,)
    assert Dial(gate).pinned("somebody else", PLACE) == ()
    assert Dial(gate).pinned(flow.client_conn.id, Place("api.test", 80)) == ()


@pytest.mark.parametrize("change", [{"permit": None}, {"gone": True}, {"forward": None}])
def test_what_is_over_pins_nothing(change):
    gate, flow = a_gate(), a_flow()
    gate.exchanges[flow.id] = an_exchange(flow, **change)
    assert Dial(gate).pinned(flow.client_conn.id, PLACE) == ()


def test_of_two_requests_only_what_both_pinned():
    gate, flow = a_gate(), a_flow()
    for name, addresses in (("one", (ADDRESS, ("192.0.2.2", 443))), ("two", (ADDRESS,))):
        gate.exchanges[name] = an_exchange(flow, forward=a_forward(addresses=addresses))
    assert Dial(gate).pinned(flow.client_conn.id, PLACE) == (ADDRESS,)


def test_a_needed_connection_is_let_through():
    gate = a_gate()
    data = wants(admitted(gate), ("API.test.", 443))
    Dial(gate).server_connect(data)
    assert data.server.error is None


@pytest.mark.parametrize(
    "parts",
    [
        {"address": ("other.test", 443)},
        {"address": ("api.test", 80)},
        {"address": ("192.0.2.1", 443)},
        {"address": None},
        {"transport_protocol": "udp"},
        {"via": ("http", ("proxy.test", 8080))},
    ],
)
def test_any_other_connection_is_refused(parts):
    gate = a_gate()
    data = wants(admitted(gate), **parts)
    Dial(gate).server_connect(data)
    assert data.server.error


def test_a_literal_is_dialled_only_when_it_is_pinned_as_it_stands():
    gate, flow = a_gate(), a_flow(host="192.0.2.1")
    gate.exchanges[flow.id] = an_exchange(flow, forward=a_forward(host="192.0.2.1"))
    data = wants(flow, ("192.0.2.1", 443))
    Dial(gate).server_connect(data)
    assert data.server.error is None
    gate.exchanges[flow.id].forward = a_forward(host="192.0.2.1", addresses=(("127.0.0.1", 9443),))
    Dial(gate).server_connect(data)
    assert data.server.error


@pytest.mark.parametrize(("peer", "drops"), [(ADDRESS, 0), (("192.0.2.9", 443), 1), (("192.0.2.1", 80), 1), (None, 1)])
def test_a_peer_that_was_not_pinned_is_dropped(peer, drops):
    class Connected:
        def __init__(self):
            self.dropped = []

        def abort_server(self, server):
            self.dropped.append(server)

    gate, connected = a_gate(), Connected()
    flow = admitted(gate)
    gate.connected[flow.client_conn.id] = connected
    data = wants(flow, peername=peer)
    Dial(gate).server_connected(data)
    assert connected.dropped == [data.server] * drops


def test_of_parallel_requests_a_connection_goes_where_the_one_it_is_for_was_pinned():
    gate = a_gate()
    flow = admitted(gate)
    beside = a_flow()
    beside.client_conn = flow.client_conn
    gate.exchanges[beside.id] = an_exchange(beside, forward=a_forward(addresses=(("192.0.2.77", 443),)))
    data = wants(flow)
    Dial(gate).server_connect(data)
    assert data.server.error  # whose it is is not known, and they agree on no address
    data = wants(flow)
    gate.dials[flow.client_conn.id] = {data.server.id: flow.id}
    Dial(gate).server_connect(data)
    assert data.server.error is None
    assert Dial(gate).pinned(flow.client_conn.id, Place("api.test", 443), data.server.id) == (ADDRESS,)


def test_upstreams_are_offered_http1_alone():
    gate = a_gate()
    data = wants(admitted(gate))
    Dial(gate).server_connect(data)
    assert data.server.alpn_offers == [b"http/1.1"]


async def test_the_loop_answers_with_the_pinned_addresses_alone():
    gate = a_gate()
    flow = admitted(gate)
    loop = asyncio.get_running_loop()
    with Dial(gate).guarding(loop):
        with pytest.raises(OSError, match="refused"):
            await loop.getaddrinfo("api.test", 443)
        reset = dialling_for.set(flow.client_conn.id)
        infos = await loop.getaddrinfo("api.test", 443, type=socket.SOCK_STREAM)
        with pytest.raises(OSError, match="refused"):
            await loop.getaddrinfo("localhost", 443)
        dialling_for.reset(reset)
    assert [info[4] for info in infos] == [ADDRESS]
    assert await loop.getaddrinfo("localhost", 443)


async def test_the_hosts_own_places_are_still_found():
    loop = asyncio.get_running_loop()
    with Dial(a_gate(), own_places=frozenset({("localhost", 8081)})).guarding(loop):
        assert await loop.getaddrinfo("localhost", 8081)
        with pytest.raises(OSError, match="refused"):
            await loop.getaddrinfo("localhost", 8082)


def test_an_event_loop_that_resolves_past_the_guard_is_refused():
    class Other(asyncio.AbstractEventLoop):
        """Not the standard library's, as uvloop's is not."""

    with (
        pytest.raises(ConfigError, match=r"cannot be guarded on the event loop `.*Other`"),
        Dial(a_gate()).guarding(Other()),
    ):
        pass
