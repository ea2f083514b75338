"""The last addon: what stands unsealed at the end is refused."""

from __future__ import annotations

from types import SimpleNamespace

from mitmproxy.options import Options
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import TCPLayer
from mitmproxy.test import tflow

from aisecops.adapters.mitm.seal import sealed
from aisecops.adapters.mitm.sealing import Seal
from support.flows import a_flow, a_gate, admitted


def test_an_admitted_request_keeps_its_way():
    gate = a_gate()
    flow = admitted(gate)
    Seal(gate).request(flow)
    assert flow.response is None


def test_a_changed_request_is_refused():
    gate = a_gate()
    flow = admitted(gate)
    flow.request.path = "/elsewhere"
    Seal(gate).request(flow)
    assert flow.response.status_code == 503
    assert gate.refused(flow).detail.startswith("the request was changed")


def test_a_request_that_nobody_judged_is_refused():
    flow = a_flow()
    Seal(a_gate()).request(flow)
    assert flow.response.status_code == 503


def test_a_layer_that_would_relay_bytes_ends_the_connection():
    class Connected:
        aborted = False

        def abort(self):
            self.aborted = True

    gate, client, connected = a_gate(), tflow.tclient_conn(), Connected()
    gate.connected[client.id] = connected
    context = Context(client, Options())
    Seal(gate).next_layer(SimpleNamespace(layer=TCPLayer(context), context=context))
    assert connected.aborted


def test_a_seal_is_the_same_for_the_same_request():
    assert sealed(a_flow()) == sealed(a_flow())
