"""What a forward changes on the way out, and how answers are framed."""

from __future__ import annotations

import pytest
from mitmproxy import http

from aisecops.adapters.mitm.apply import (
    add_headers,
    apply_answer,
    apply_forward,
    clean_answer,
    frame_for_stream,
    make_answer,
)
from aisecops.model.exchange import HttpResponse
from support.flows import a_flow, a_forward


def fields(message: http.Message) -> dict[str, str]:
    return {name.decode().lower(): value.decode() for name, value in message.headers.fields}


@pytest.mark.parametrize(
    "name", [b"AISecOps-Run", b"aisecops-anything", b"DPoP", b"Proxy-Authorization", b"proxy-connection", b"TE"]
)
def test_what_is_for_us_never_leaves(name):
    request = a_flow((name, b"x"), (b"X-Kept", b"y")).request
    apply_forward(request, a_forward())
    assert fields(request) == {"host": "api.test", "x-kept": "y"}


def test_headers_are_removed_and_set():
    request = a_flow((b"Cookie", b"a"), (b"Authorization", b"theirs"), (b"authorization", b"twice")).request
    apply_forward(request, a_forward(remove_headers=("cookie",), set_headers=(("Authorization", "ours"),)))
    assert fields(request) == {"host": "api.test", "authorization": "ours"}
    assert len(request.headers.fields) == 2


def test_a_replaced_body_is_framed_and_decoded_anew():
    request = a_flow((b"Content-Encoding", b"gzip"), (b"Transfer-Encoding", b"chunked"), content=b"old").request
    apply_forward(request, a_forward(body=b"new body"))
    assert fields(request) == {"host": "api.test", "content-length": "8"}
    assert request.raw_content == b"new body"


def test_path_and_query_leave_as_the_forward_says():
    request = a_flow().request
    apply_forward(request, a_forward(path="/a%2Fb?to=%3CEMAIL_ADDRESS%3E&x=%2b"))
    assert request.data.path == b"/a%2Fb?to=%3CEMAIL_ADDRESS%3E&x=%2b"


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "http://other.test/", "", "/\u00e9", "/a\0"])
def test_what_is_no_path_does_not_leave_as_one(path):
    request = a_flow().request
    before = request.data.path
    with pytest.raises(ValueError, match="request line"):
        apply_forward(request, a_forward(path=path))
    assert request.data.path == before


def test_the_next_hop_is_not_told_to_drop_headers():
    request = a_flow((b"Connection", b"keep-alive, X-Audit"), (b"X-Audit", b"1")).request
    apply_forward(request, a_forward())
    assert fields(request) == {"host": "api.test", "connection": "keep-alive", "x-audit": "1"}


def test_a_header_that_cannot_be_written_is_refused():
    with pytest.raises(ValueError, match="line break"):
        apply_forward(a_flow().request, a_forward(set_headers=(("X-Note", "a\r\nb"),)))


def test_an_upstream_cannot_speak_in_our_name_or_lead_away():
    response = http.Response.make(200, b"", {"AISecOps-Risk": "0", "Alt-Svc": "h3", "Proxy-Authenticate": "Basic"})
    clean_answer(response)
    assert fields(response) == {"content-length": "0"}


def test_added_headers_take_the_place_of_others():
    response = http.Response.make(200, b"", {"X-One": "theirs"})
    add_headers(response, (("x-one", "ours"),))
    assert fields(response) == {"content-length": "0", "x-one": "ours"}


def test_a_changed_answer_has_its_length_right():
    response = http.Response.make(200, b"long body", {"Content-Type": "text/plain"})
    apply_answer(response, HttpResponse(status=202, headers=(("Content-Length", "9"), ("X-New", "1")), body=b"short"))
    assert (response.status_code, response.reason, response.raw_content) == (202, "Accepted", b"short")
    assert fields(response) == {"content-length": "5", "x-new": "1"}


def test_an_unchanged_answer_keeps_its_framing():
    response = http.Response.make(200, b"", {"Content-Length": "500"})
    apply_answer(response, HttpResponse(status=200, headers=(("Content-Length", "500"),), body=b""))
    assert fields(response) == {"content-length": "500"}


def test_a_refusal_for_want_of_identity_says_how():
    answer = make_answer(HttpResponse(status=407, headers=(), body=b"{}"), reason="identity_required")
    assert fields(answer) == {"proxy-authenticate": 'Basic realm="aisecops"', "content-length": "2"}
    assert answer.reason == "identity_required"


def test_a_stream_promises_no_length():
    response = http.Response.make(200, b"", {"Content-Length": "9"})
    frame_for_stream(response, http_version="HTTP/1.1")
    assert fields(response) == {"transfer-encoding": "chunked"}
    frame_for_stream(response, http_version="HTTP/1.0")
    assert fields(response) == {}
