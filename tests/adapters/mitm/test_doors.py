"""Heads that are refused before anybody judges them. Most are tried in `end_to_end/test_doors.py`; here, any bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from aisecops.adapters.mitm.doors import refused_connect, refused_head
from aisecops.adapters.mitm.exchange import Tunnel
from aisecops.adapters.mitm.names import Place
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from support.flows import CALLER, a_flow

TUNNEL = Tunnel(CALLER, Place("api.test", 443))
WEBSOCKET = (
    (b"Upgrade", b"websocket"),
    (b"Connection", b"keep-alive, Upgrade"),
    (b"Sec-WebSocket-Version", b"13"),
    (b"Sec-WebSocket-Key", b"AAAAAAAAAAAAAAAAAAAAAA=="),
)


def judged(flow: http.HTTPFlow, *, sni: str | None = None, websockets: bool = False) -> Refuse | None:
    return refused_head(flow.request, tunnel=TUNNEL, sni=sni, websockets=websockets)


def test_a_plain_head_passes():
    assert judged(a_flow(), sni="API.test") is None


def test_another_name_in_tls_is_refused():
    refuse = judged(a_flow(), sni="other.test")
    assert refuse is not None
    assert refuse.code is Code.PROTOCOL_DENIED


def test_a_websocket_passes_only_where_they_are_let_in_and_only_whole():
    assert judged(a_flow(*WEBSOCKET), websockets=True) is None
    assert judged(a_flow(*WEBSOCKET)) is not None


def test_a_connect_may_leave_its_host_out_but_not_name_another():
    request = a_flow(method=b"CONNECT", authority=b"api.test:443", headers=http.Headers()).request
    assert refused_connect(request) is None
    request.headers["Host"] = "api.test:443"
    assert refused_connect(request) is None
    request.headers["Host"] = "other.test:443"
    assert refused_connect(request) is not None


def test_a_connect_with_a_body_is_refused():
    request = a_flow((b"Content-Length", b"5"), method=b"CONNECT").request
    assert refused_connect(request) is not None


@given(
    path=st.binary(max_size=12),
    method=st.binary(max_size=6),
    headers=st.lists(
        st.tuples(
            st.sampled_from([b"Host", b"Transfer-Encoding", b"Upgrade", b"Content-Type", b"Expect", b"X-Any"]),
            st.binary(max_size=10),
        ),
        max_size=3,
    ),
)
def test_any_bytes_pass_clean_or_are_refused(path, method, headers):
    flow = a_flow(*headers, path=path, method=method)
    refuse = judged(flow)
    if refuse is None:
        assert path.startswith(b"/")
        assert path.isascii()
        assert not set(path) & set(b" #\r\n\t\0")
        assert not any(set(value) & set(b"\r\n\0") for _, value in flow.request.headers.fields)
    else:
        assert refuse.code is Code.PROTOCOL_DENIED
        assert "; " in refuse.detail
