"""A hostile client's WebSocket against a real server: what was said and heard, and why it ended."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest

from aisecops.ops.evaluation.channel import Channel
from support.websockets import WITHIN_S, raw_socket, talking


@pytest.fixture
def talk():
    with talking() as talk:
        yield talk


def opened(talk):
    channel = Channel(raw_socket(talk.port))
    assert channel.opened("feed.test", "/feed?x=1", [("X-Note", "hello")]) is None
    return channel


def test_each_message_is_said_and_heard_and_a_peaceful_end_has_no_code(talk):
    channel = opened(talk)
    said = ["hello", "é" * 70_000, "again"]
    for one in said:
        channel.say(one)
        assert channel.hear() == one
    channel.say("as bytes", binary=True)
    assert channel.hear() == "as bytes"
    channel.close()

    assert (channel.heard, channel.code, talk.paths) == ([*said, "as bytes"], "", ["/feed?x=1"])
    assert talk.got == [*said, b"as bytes"]


def test_why_the_other_end_has_ended_it_is_kept_and_what_it_said_before(talk):
    heard, said = Event(), Event()

    def refuses(conn, _message):
        conn.send('{"code": "egress_blocked"}')
        heard.wait(WITHIN_S)
        with conn.protocol_mutex:
            conn.protocol.send_close(1008, "egress_blocked")
            conn.send_data()
        said.set()

    talk.says = refuses
    channel = opened(talk)
    channel.say("a secret")
    assert channel.hear() is not None
    heard.set()
    assert said.wait(WITHIN_S)
    channel.close()  # crosses the other's goodbye, which is on its way and not read yet
    channel.say("nobody hears this")

    assert channel.hear() is None
    assert (channel.heard, channel.code) == (['{"code": "egress_blocked"}'], "egress_blocked")


def test_a_server_that_drops_it_is_told_apart_from_one_that_says_goodbye(talk):
    talk.says = lambda conn, _message: conn.socket.shutdown(2)
    channel = opened(talk)
    channel.say("hello")

    assert channel.hear() is None
    channel.close()
    assert channel.code


def test_a_handshake_that_is_refused_is_the_answer(talk):
    talk.close()

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(403)
            self.send_header("Content-Length", "25")
            self.end_headers()
            self.wfile.write(b'{"code": "token_missing"}')

        def log_message(self, *_): ...

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        heard = Channel(raw_socket(server.server_port)).opened("feed.test", "/feed", [])
        thread.join(WITHIN_S)

    assert heard is not None
    assert (heard.status, heard.code) == (403, "token_missing")
