"""Answers are heard as they are, refusals by their code, and silence as silence."""

import socket
import ssl
import threading

import pytest

from aisecops.ops.evaluation.line import Heard, Lines, basic, exchange, request


@pytest.fixture
def proxy():
    """A proxy that answers each connection with the bytes it was given for it, and keeps what it was told."""
    listener = socket.create_server(("127.0.0.1", 0))
    told, answers = [], []

    def serve():
        for answer in answers:
            conn, _ = listener.accept()
            with conn:
                told.append(conn.recv(65536))
                conn.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    lines = Lines(f"http://127.0.0.1:{listener.getsockname()[1]}", ssl.create_default_context(), basic("a", "b"))

    def begin(*given):
        answers.extend(given)
        thread.start()
        return lines, told

    yield begin
    thread.join(5)
    listener.close()


REFUSED = b'HTTP/1.1 403 No\r\nContent-Length: 29\r\n\r\n{"code":"destination_denied"}'


def test_a_refused_tunnel_is_an_answer_with_its_code(proxy):
    lines, told = proxy(REFUSED)

    heard = lines.ask("drop.example", b"GET / HTTP/1.1\r\n\r\n")

    assert (heard.status, heard.code) == (403, "destination_denied")
    assert told[0].startswith(b"CONNECT drop.example:443 HTTP/1.1\r\nHost: drop.example:443\r\n")
    assert b"Proxy-Authorization: Basic YTpi\r\n" in told[0]


def test_everything_that_comes_after_the_first_answer_is_heard_too(proxy):
    lines, told = proxy(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nmore")

    heard = lines.raw(b"GET / HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", inside="")

    assert (heard.body, heard.code) == (b"ok", "")
    assert told == [b"GET / HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"]


def test_a_connection_that_ends_without_an_answer_is_closed(proxy):
    lines, _ = proxy(b"")

    assert lines.raw(b"GET / HTTP/1.1\r\n\r\n", inside="").code == "closed"


def test_an_error_that_is_no_refusal_has_its_status_for_a_code():
    assert Heard(502, {}, b"<html>").code == "502"
    assert Heard(500, {}, b'["code"]').code == "500"
    assert Heard(200, {}, b'{"code": "no refusal"}').code == ""


def test_a_request_is_said_as_it_stands():
    assert request("GET", "/a", [("Host", "h")], b"x") == b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nx"
    one, other = socket.socketpair()
    with one, other:
        other.sendall(b"not http\r\n\r\n")
        other.close()
        assert exchange(one, b"x", "GET") == (Heard(), False)
