"""A WebSocket is opened whole on both sides, or not at all."""

from __future__ import annotations

import pytest
from mitmproxy import http

from aisecops.adapters.mitm.handshake import is_websocket_answer, is_websocket_handshake, keep_known_extensions
from support.flows import a_flow

ASKED = (
    (b"Upgrade", b"websocket"),
    (b"Connection", b"keep-alive, Upgrade"),
    (b"Sec-WebSocket-Version", b"13"),
    (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
)
ANSWERED = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",  # RFC 6455 1.3, for this key
}


def request(*more: tuple[bytes, bytes]) -> http.Request:
    return a_flow(*ASKED, *more).request


def answers(asked: http.Request, **changed: str) -> bool:
    headers = {name: value for name, value in (ANSWERED | changed).items() if value}
    return is_websocket_answer(asked, http.Response.make(101, b"", headers))


def test_a_whole_handshake_is_one():
    assert is_websocket_handshake(request())


@pytest.mark.parametrize("left_out", range(len(ASKED)))
def test_a_handshake_without_one_of_its_headers_is_none(left_out):
    assert not is_websocket_handshake(a_flow(*(one for at, one in enumerate(ASKED) if at != left_out)).request)


@pytest.mark.parametrize("key", [b"", b"eA==", b"not base64 at all!!!!!", b"dGhlIHNhbXBsZSBub25jZXg="])
def test_a_key_is_sixteen_bytes(key):
    assert not is_websocket_handshake(a_flow(*ASKED[:3], (b"Sec-WebSocket-Key", key)).request)


def test_a_handshake_has_no_body():
    assert not is_websocket_handshake(request((b"Content-Length", b"1")))


def test_a_whole_answer_is_one():
    assert answers(request())
    assert answers(request((b"Sec-WebSocket-Protocol", b"a, b")), **{"Sec-WebSocket-Protocol": "b"})
    compressed = {"Sec-WebSocket-Extensions": "permessage-deflate; client_no_context_takeover"}
    assert answers(request((b"Sec-WebSocket-Extensions", b"permessage-deflate")), **compressed)


@pytest.mark.parametrize(
    "changed",
    [
        {"Sec-WebSocket-Accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"Sec-WebSocket-Accept": ""},
        {"Upgrade": "foo"},
        {"Connection": "close"},
        {"Sec-WebSocket-Protocol": "unasked"},
        {"Sec-WebSocket-Extensions": "permessage-deflate"},
        {"Sec-WebSocket-Extensions": "x-other"},
    ],
)
def test_an_answer_that_says_something_else_is_none(changed):
    assert not answers(request(), **changed)


def test_only_a_101_is_an_answer():
    assert not is_websocket_answer(request(), http.Response.make(200, b"", ANSWERED))


def test_only_what_can_be_read_is_offered_on():
    asked = request((b"Sec-WebSocket-Extensions", b"x-other; a=1, permessage-deflate; client_max_window_bits"))
    keep_known_extensions(asked)
    assert asked.headers.get_all("Sec-WebSocket-Extensions") == ["permessage-deflate; client_max_window_bits"]
    keep_known_extensions(other := request((b"Sec-WebSocket-Extensions", b"x-other")))
    assert "Sec-WebSocket-Extensions" not in other.headers
