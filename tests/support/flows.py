"""Flows, gates and forwards as small as a test of the host's parts needs them."""

from __future__ import annotations

from typing import Any

from mitmproxy import http
from mitmproxy.test import tflow, tutils

from aisecops.adapters.mitm.exchange import Exchange
from aisecops.adapters.mitm.gate import Gate
from aisecops.gateway.enforcer import Caller
from aisecops.model.exchange import HttpRequest
from aisecops.model.ids import AgentId, DecisionId, RunId
from aisecops.model.outcome import Forward
from support.proxy import Lets, problem

CALLER = Caller(agent_id=AgentId("agent"))
ADDRESS = ("192.0.2.1", 443)


def a_gate(enforcer: Any = None, **settings: Any) -> Gate:
    """An open gate."""
    gate = Gate(problem, **({"max_body_bytes": 1000} | settings))
    gate.open(enforcer or Lets({("api.test", 443): ADDRESS}))
    return gate


def a_flow(*headers: tuple[bytes, bytes], **parts: Any) -> http.HTTPFlow:
    """`GET https://api.test/hello` with a Host and `headers`."""
    values = {
        "host": "api.test",
        "port": 443,
        "scheme": b"https",
        "authority": b"",
        "path": b"/hello",
        "content": b"",
        "headers": http.Headers([(b"Host", b"api.test"), *headers]),
    } | parts
    flow = tflow.tflow(req=tutils.treq(**values))
    flow.client_conn.sni = None
    return flow


def a_forward(**parts: Any) -> Forward:
    """Lets the request of `a_flow` out as it is."""
    values: dict[str, Any] = {
        "permit": "permit-1",
        "decision_id": DecisionId("dec_1"),
        "run_id": RunId("run_1"),
        "host": "api.test",
        "port": 443,
        "addresses": (ADDRESS,),
    }
    return Forward(**(values | parts))


def an_exchange(flow: http.HTTPFlow, **parts: Any) -> Exchange:
    """The exchange of `flow`, admitted."""
    request = HttpRequest(method="GET", scheme="https", host="api.test", port=443, path="/hello", headers=())
    values: dict[str, Any] = {
        "client_id": flow.client_conn.id,
        "caller": CALLER,
        "request": request,
        "forward": a_forward(),
        "permit": "permit-1",
    }
    return Exchange(**(values | parts))


def admitted(gate: Gate, **parts: Any) -> http.HTTPFlow:
    """A flow that `gate` would let out."""
    from aisecops.adapters.mitm.host_refusals import UNJUDGED

    flow = a_flow(**parts)
    exchange = gate.exchanges[flow.id] = an_exchange(flow)
    gate.refuse(flow, UNJUDGED)
    gate.admit(flow, exchange)
    return flow
