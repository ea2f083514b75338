"""Upstream failures in words that repeat nothing."""

from __future__ import annotations

import json

import pytest
from mitmproxy.proxy.layers.http._events import ErrorCode, ResponseProtocolError

from aisecops.adapters.mitm.bounds import Bound, Bounds
from aisecops.adapters.mitm.failures import DIAL_REFUSED, NO_ROOM, in_time, refused_connection, upstream_failure
from aisecops.model.refusals import Code
from support.flows import a_flow, a_forward, an_exchange


@pytest.mark.parametrize(
    ("code", "message", "status", "word"),
    [
        (ErrorCode.CONNECT_FAILED, "Certificate verify failed: self-signed", 502, "add its CA to `upstream.ca`"),
        (ErrorCode.CONNECT_FAILED, "Certificate verify failed: certificate has expired", 502, "that has expired"),
        (ErrorCode.CONNECT_FAILED, "certificate verify failed: certificate is not yet valid", 502, "look at its clock"),
        (ErrorCode.CONNECT_FAILED, "Certificate verify failed: hostname mismatch", 502, "for another name"),
        (
            ErrorCode.CONNECT_FAILED,
            "certificate verify failed: Hostname mismatch, certificate is not valid for '10.1.2.3'.",
            502,
            "for another name",
        ),
        (ErrorCode.CONNECT_FAILED, "[Errno 111] Connect call failed ('10.1.2.3', 443)", 502, "reached"),
        (ErrorCode.GENERIC_SERVER_ERROR, NO_ROOM, 503, "limits.buffered_bytes"),
        (ErrorCode.GENERIC_SERVER_ERROR, "unexpected server response: b'10.1.2.3'", 502, "closed"),
    ],
)
def test_a_failure_says_what_to_look_at_and_nothing_of_what_was_sent(code, message, status, word):
    exchange = an_exchange(a_flow(), forward=a_forward(response_headers=(("AISecOps-Run", "run_1"),)))
    response = upstream_failure(ResponseProtocolError(1, message, code), exchange)
    body = json.loads(response.content)
    assert (response.status_code, body["status"], body["type"]) == (status, status, "about:blank")
    assert word in body["detail"]
    assert "10.1.2.3" not in response.text
    assert response.headers["aisecops-run"] == "run_1"


@pytest.mark.parametrize("bound", Bound)
def test_what_came_too_late_says_how_late_and_which_setting_says_so(bound):
    exchange = an_exchange(a_flow())
    exchange.clock.cross(bound)
    response = upstream_failure(ResponseProtocolError(1, "closed", ErrorCode.GENERIC_SERVER_ERROR), exchange)
    detail = json.loads(response.content)["detail"]
    assert response.status_code == 504
    assert f"`limits.{bound.value}_seconds`" in detail
    assert f"{getattr(Bounds(), bound.value + '_s'):g} s" in detail
    assert in_time(bound, Bounds()) in detail


def test_a_dial_that_we_forbade_is_a_refusal():
    event = ResponseProtocolError(1, f"Connection killed: {DIAL_REFUSED}", ErrorCode.CONNECT_FAILED)
    assert refused_connection(event, None).code is Code.DESTINATION_DENIED
    assert refused_connection(event, an_exchange(a_flow(), failed=True)).code is Code.INTERNAL
    assert refused_connection(ResponseProtocolError(1, "other", ErrorCode.CONNECT_FAILED), None) is None
