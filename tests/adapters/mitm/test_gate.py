"""Closed until opened: nothing may leave that was not admitted exactly so."""

from __future__ import annotations

import pytest

from aisecops.adapters.mitm.exchange import Tunnel
from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.host_refusals import STARTING, UNJUDGED
from aisecops.adapters.mitm.names import Place
from aisecops.adapters.mitm.seal import sealed
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from support.flows import a_flow, a_gate, admitted, an_exchange
from support.proxy import Lets, problem

NO = Refuse(code=Code.POLICY_DENIED, detail="no")


def test_what_was_admitted_may_leave():
    gate = a_gate()
    assert gate.may_leave(admitted(gate))


def test_what_is_unknown_may_not_leave():
    assert not a_gate().may_leave(a_flow())


def test_a_gate_is_closed_until_it_is_opened():
    gate = Gate(problem, max_body_bytes=10)
    flow = admitted(gate)
    assert gate.closed is STARTING
    assert not gate.may_leave(flow)
    gate.open(Lets({}))
    assert gate.may_leave(flow)


def test_a_tripped_gate_is_never_opened_again():
    gate = a_gate()
    flow = admitted(gate)
    gate.trip("a test")
    gate.open(Lets({}))
    assert not gate.may_leave(flow)
    assert gate.closed is not None
    assert "a test" in gate.closed.detail


def test_a_stopping_gate_lets_out_what_was_admitted():
    gate = a_gate()
    flow = admitted(gate)
    gate.stop_admitting()
    assert gate.may_leave(flow)
    gate.trip("a test")
    assert not gate.may_leave(flow)


@pytest.mark.parametrize("flag", ["gone", "failed"])
def test_an_exchange_whose_client_or_connection_is_lost_may_not_leave(flag):
    gate = a_gate()
    flow = admitted(gate)
    setattr(gate.exchanges[flow.id], flag, True)
    assert not gate.may_leave(flow)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("path", "/other"),
        ("method", "POST"),
        ("host", "other.test"),
        ("port", 80),
        ("scheme", "http"),
        ("content", b"more"),
        ("stream", True),
        ("authority", "other.test"),
        ("http_version", "HTTP/1.0"),
    ],
)
def test_what_was_changed_may_not_leave(part, value):
    gate = a_gate()
    flow = admitted(gate)
    setattr(flow.request, part, value)
    assert not gate.may_leave(flow)


def test_a_changed_header_may_not_leave():
    gate = a_gate()
    flow = admitted(gate)
    flow.request.headers["X-Late"] = "1"
    assert not gate.may_leave(flow)


def test_a_refusal_stands_in_the_place_of_any_other_answer():
    gate = a_gate()
    flow = admitted(gate)
    gate.refuse(flow, NO)
    flow.response = None
    assert not gate.may_leave(flow)
    gate.write_refusal(flow)
    assert flow.response is not None
    assert (flow.response.status_code, flow.response.reason) == (403, "policy_denied")


def test_only_the_refusal_before_judging_counts_as_unjudged():
    gate, flow = a_gate(), a_flow()
    gate.refuse(flow, UNJUDGED)
    assert gate.unjudged(flow)
    gate.refuse(flow, NO)
    assert not gate.unjudged(flow)


def test_what_is_held_may_not_leave_though_nothing_stands_in_the_place_of_its_answer():
    gate, flow = a_gate(), a_flow()
    gate.exchanges[flow.id] = an_exchange(flow)
    gate.hold(flow)
    gate.exchanges[flow.id].seal = sealed(flow)
    assert flow.response is None
    assert gate.unjudged(flow)
    assert not gate.may_leave(flow)


def test_what_is_held_to_the_end_is_told_that_it_was_not_judged():
    gate, flow = a_gate(), a_flow()
    gate.exchanges[flow.id] = an_exchange(flow)
    gate.hold(flow)
    gate.refuse_changed(flow)
    assert gate.unjudged(flow)
    assert flow.response is not None
    assert flow.response.status_code == UNJUDGED.status


def test_a_tunnel_belongs_to_its_client():
    gate, flow = a_gate(), a_flow()
    gate.refuse(flow, UNJUDGED)
    tunnel = Tunnel(an_exchange(flow).caller, Place("api.test", 443))
    gate.let_connect(flow, tunnel)
    assert gate.tunnels == {flow.client_conn.id: tunnel}
    assert flow.response is None


def test_a_permit_is_taken_once():
    exchange = an_exchange(a_flow())
    assert [exchange.take_permit(), exchange.take_permit()] == ["permit-1", None]


def test_a_client_may_send_what_the_largest_rule_allows():
    gate = a_gate()
    flow = admitted(gate)
    assert gate.bound(flow.client_conn) == 1000
    gate.exchanges[flow.id].allowed = 5000
    assert gate.bound(flow.client_conn) == 5000


def test_what_is_over_is_forgotten():
    gate = a_gate()
    flow = admitted(gate)
    assert gate.forget(flow) is not None
    assert not gate.exchanges
    assert not gate.may_leave(flow)
