"""Flows as our exchanges, and headers there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from aisecops.adapters.mitm.translate import byte_headers, request_of, response_of, text_headers
from support.flows import a_flow


def test_a_request_is_copied_with_its_raw_body():
    flow = a_flow((b"X-Byte", b"\xff"), host="API.test.", content=b"\x1f\x8braw", path=b"/a%20b?c")
    request = request_of(flow.request, whole=True)
    assert (request.method, request.scheme, request.host, request.port) == ("GET", "https", "api.test", 443)
    assert (request.path, request.body) == ("/a%20b?c", b"\x1f\x8braw")
    assert request.headers == (("Host", "api.test"), ("X-Byte", "\xff"))


def test_a_head_has_no_body():
    assert request_of(a_flow(content=b"body").request, whole=False).body == b""
    assert response_of(http.Response.make(200, b"body"), whole=False).body == b""


def test_a_response_is_copied():
    response = response_of(http.Response.make(201, b"made", {"X-One": "1"}), whole=True)
    assert (response.status, response.body) == (201, b"made")


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=8), st.binary(max_size=8))))
def test_headers_come_back_as_they_were_or_are_refused(pairs):
    text = text_headers(http.Headers(pairs))
    unclean = any(set(name + value) & set(b"\r\n\0") for name, value in pairs)
    if unclean:
        with pytest.raises(ValueError, match="line break"):
            byte_headers(text)
    else:
        assert byte_headers(text) == tuple(pairs)


def test_a_header_that_is_no_latin1_is_refused():
    with pytest.raises(ValueError):
        byte_headers((("X-Note", "€"),))
