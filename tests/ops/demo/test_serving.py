"""What comes to a stand-in is kept as it came: requests, and each message of a WebSocket."""

from __future__ import annotations

import socket
import ssl
import time

from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.sync.client import connect

from aisecops.ops.demo.serving import serve


async def echoing(scope, receive, send):
    talk = WebSocket(scope, receive, send)
    await talk.accept(subprotocol=scope["subprotocols"][0])
    try:
        while True:
            await talk.send_text(await talk.receive_text())
    except WebSocketDisconnect:
        return


def test_the_handshake_and_each_message_of_a_websocket_are_kept(tmp_path):
    with serve(tmp_path, {"a.test": echoing}, now_ms=int(time.time() * 1000)) as served:
        context = ssl.create_default_context(cafile=served.ca_path)
        conn = socket.create_connection(("127.0.0.1", served.port))
        with connect("wss://a.test/feed?x=1", sock=conn, ssl=context, subprotocols=["notes"], proxy=None) as client:  # type: ignore[list-item]
            for said in ("hello", "again"):
                client.send(said)
                assert client.recv(10) == said
        came = served.received("a.test")

    assert [(one.method, one.target, one.body) for one in came] == [
        ("WEBSOCKET", "/feed?x=1", b""), ("WEBSOCKET", "/feed?x=1", b"hello"), ("WEBSOCKET", "/feed?x=1", b"again"),
    ]  # fmt: skip
    assert ("sec-websocket-protocol", "notes") in came[0].headers
