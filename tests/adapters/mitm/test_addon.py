"""The governance hooks, called as the host calls them. Over sockets: `end_to_end/test_doors.py`."""

from __future__ import annotations

import pytest
from mitmproxy import http

from aisecops.adapters.mitm.addon import GovernanceAddon
from aisecops.adapters.mitm.exchange import Tunnel
from aisecops.adapters.mitm.names import Place
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from support.flows import CALLER, a_flow, a_gate, admitted
from support.proxy import Echo, Lets


class Case:
    """An addon, its gate and its enforcer, with a tunnel for the flow."""

    def __init__(self) -> None:
        self.enforcer = Lets({("api.test", 443): ("192.0.2.1", 443)})
        self.gate = a_gate(self.enforcer)
        self.addon = GovernanceAddon(self.gate)

    def flow(self, *headers: tuple[bytes, bytes], **parts) -> http.HTTPFlow:
        flow = a_flow(*headers, **parts)
        flow.error = None
        self.gate.tunnels[flow.client_conn.id] = Tunnel(CALLER, Place("api.test", 443))
        return flow


@pytest.fixture
def case() -> Case:
    return Case()


async def test_a_request_stands_refused_until_it_is_admitted(case):
    flow = case.flow()
    await case.addon.requestheaders(flow)
    assert case.gate.unjudged(flow)
    assert not case.gate.may_leave(flow)
    await case.addon.request(flow)
    assert flow.response is None
    assert case.gate.may_leave(flow)


async def test_a_request_that_skipped_the_head_is_not_judged(case):
    flow = case.flow()
    await case.addon.request(flow)
    assert case.enforcer.calls == []
    assert not case.gate.may_leave(flow)


async def test_a_refused_head_is_not_admitted(case):
    case.enforcer.refuses, case.enforcer.refuses_in = Refuse(code=Code.POLICY_DENIED, detail="no"), "head"
    flow = case.flow((b"Expect", b"100-continue"))
    await case.addon.requestheaders(flow)
    await case.addon.request(flow)
    assert case.enforcer.calls == ["head"]
    assert flow.response.status_code == 403
    assert "expect" not in flow.request.headers


async def test_a_body_over_the_limit_is_refused_by_its_length(case):
    case.enforcer.limit = 4
    flow = case.flow((b"Content-Length", b"5"))
    await case.addon.requestheaders(flow)
    assert flow.response.status_code == 413


async def test_trailers_are_refused(case):
    flow = case.flow()
    await case.addon.requestheaders(flow)
    flow.request.trailers = http.Headers(x="1")
    await case.addon.request(flow)
    assert flow.response.status_code == 403


async def test_a_client_that_left_gives_its_permit_back(case):
    flow = case.flow()
    await case.addon.requestheaders(flow)
    await case.addon.request(flow)
    await case.addon.client_disconnected(flow.client_conn)
    await case.addon.error(flow)
    assert case.enforcer.abandoned == [("permit-1", False)]
    assert not case.gate.may_leave(flow)


async def test_what_was_sent_counts_as_having_left(case):
    flow = admitted(case.gate)
    case.gate.exchanges[flow.id].sent = True
    await case.addon.error(flow)
    await case.addon.error(flow)
    assert case.enforcer.abandoned == [("permit-1", True)]


async def test_a_stream_ends_in_one_way(case):
    flow = admitted(case.gate)
    exchange = case.gate.exchanges[flow.id]
    exchange.sent, case.enforcer.stream = True, Echo()
    flow.response = http.Response.make(200, b"hello")
    case.addon.responseheaders(flow)
    assert flow.response.stream is exchange.stream
    await case.addon.response(flow)
    await case.addon.error(flow)
    assert (case.enforcer.finished, case.enforcer.abandoned) == (["permit-1"], [])


@pytest.mark.parametrize("parts", [{"method": b"HEAD"}, {}])
async def test_an_answer_without_a_body_is_not_streamed(case, parts):
    flow = admitted(case.gate, **parts)
    case.gate.exchanges[flow.id].sent, case.enforcer.stream = True, Echo()
    flow.response = http.Response.make(200 if parts else 204, b"")
    case.addon.responseheaders(flow)
    await case.addon.response(flow)
    assert "tap" not in case.enforcer.calls
    assert len(case.enforcer.settled) == 1
