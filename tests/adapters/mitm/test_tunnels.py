"""What is not HTTP, on the proxy's own flows. CONNECT, TLS and identity: `end_to_end/test_doors.py`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from mitmproxy import tls
from mitmproxy.test import tflow

from aisecops.adapters.mitm.exchange import Tunnel
from aisecops.adapters.mitm.names import Place
from aisecops.adapters.mitm.tunnels import Tunnels
from support.flows import CALLER, a_gate, an_exchange


class Connected:
    """Counts how often it is dropped."""

    aborted = 0

    def abort(self) -> None:
        self.aborted += 1


def connect(gate, client) -> Connected:
    connected = gate.connected[client.id] = Connected()
    return connected


@pytest.mark.parametrize("hook", ["tcp_start", "tcp_message", "udp_start", "udp_message"])
def test_raw_bytes_are_emptied_and_their_connection_dropped(hook):
    gate = a_gate()
    flow = tflow.ttcpflow() if hook.startswith("tcp") else tflow.tudpflow()
    connected = connect(gate, flow.client_conn)
    getattr(Tunnels(gate), hook)(flow)
    assert {message.content for message in flow.messages} == {b""}
    assert connected.aborted == 1


def test_names_are_not_resolved_for_anybody():
    gate, flow = a_gate(), tflow.tdnsflow()
    connected = connect(gate, flow.client_conn)
    Tunnels(gate).dns_request(flow)
    assert connected.aborted == 1


def test_a_message_of_a_websocket_that_was_not_admitted_is_dropped():
    gate, flow = a_gate(), tflow.twebsocketflow()
    connected = connect(gate, flow.client_conn)
    Tunnels(gate).websocket_message(flow)
    assert flow.websocket.messages[-1].dropped
    assert connected.aborted == 1


def test_a_message_of_an_admitted_websocket_passes_and_only_the_newest_is_kept():
    gate, flow = a_gate(websockets=True), tflow.twebsocketflow()
    connected = connect(gate, flow.client_conn)
    gate.exchanges[flow.id] = an_exchange(flow, websocket=True)
    Tunnels(gate).websocket_message(flow)
    assert not flow.websocket.messages[-1].dropped
    assert (len(flow.websocket.messages), connected.aborted) == (1, 0)


@pytest.mark.parametrize(("sni", "drops"), [("api.test", 0), ("API.test", 0), (None, 0), ("other.test", 1)])
async def test_tls_in_a_tunnel_asks_for_the_tunnels_name(sni, drops):
    gate, client = a_gate(), tflow.tclient_conn()
    connected = connect(gate, client)
    gate.tunnels[client.id] = Tunnel(CALLER, Place("api.test", 443))
    hello = tls.ClientHelloData(SimpleNamespace(client=client), SimpleNamespace(sni=sni), ignore_connection=True)
    await Tunnels(gate).tls_clienthello(hello)
    assert connected.aborted == drops
    assert not hello.ignore_connection


def test_nobody_enters_a_closed_gate_and_tunnels_end_with_their_connection():
    gate, client = a_gate(), tflow.tclient_conn()
    tunnels = Tunnels(gate)
    tunnels.client_connected(client)
    assert not client.error
    gate.tunnels[client.id] = Tunnel(CALLER, Place("api.test", 443))
    tunnels.client_disconnected(client)
    assert not gate.tunnels
    gate.trip("a test")
    tunnels.client_connected(client)
    assert client.error
