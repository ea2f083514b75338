"""HTTP/2 from clients on the real host: parallel requests with ends of their own, and bodies in one plain frame."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
import threading

import httpx
import pytest

from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from support.h2_client import h2_secure
from support.proxy import Echo, running_proxy
from support.raw import Reply, tunnel
from support.upstream import OK, say

PLACE = "api.test:443"
NO = Refuse(code=Code.POLICY_DENIED, detail="no")


def code(reply: Reply) -> str:
    assert reply.headers["content-type"] == "application/problem+json", reply
    return json.loads(reply.body)["code"]


@pytest.fixture
def wire(host):
    with h2_secure(host.port, PLACE, host.ca) as opened:
        yield opened


def received(host) -> bytes:
    return b"".join(bytes(data) for data in host.upstream.connections)


def test_a_request_arrives_as_http1_and_is_answered_in_http2(host, wire):
    reply = wire.ask("GET", "/hello?a=b", [("x-test", "1")])
    assert (reply.status, reply.body, reply.cut) == (200, b"ok", False)
    assert received(host) == b"GET /hello?a=b HTTP/1.1\r\nHost: api.test\r\nx-test: 1\r\n\r\n"


@pytest.mark.parametrize("length", [[], [("content-length", "3")]])
def test_a_body_arrives_with_exactly_one_length(host, wire, length):
    assert wire.ask("POST", "/b", length, body=b"abc").status == 200
    head, _, body = received(host).partition(b"\r\n\r\n")
    assert head.lower().count(b"content-length: 3") == 1
    assert b"transfer-encoding" not in head.lower()
    assert body == b"abc"


def test_each_stream_has_an_end_of_its_own(host, wire):
    """One is held on the line, one is refused, one fails upstream, one is answered: nobody waits for anybody."""
    gate, first = threading.Event(), {}

    def may_go_on():
        return first.setdefault("task", asyncio.current_task()) is not asyncio.current_task() or gate.is_set()

    host.enforcer.go_on = may_go_on
    held = wire.start(wire.head("POST", "/held"))
    wire.data(held, b"x", end=True)
    assert host.enforcer.admitting.wait(5)

    host.enforcer.refuses, host.enforcer.refuses_in = NO, "admit"
    assert code(wire.ask("GET", "/refused")) == "policy_denied"
    host.enforcer.refuses = None

    host.upstream.answer = say(b"garbage\r\n\r\n")
    assert wire.ask("GET", "/fails").status == 502
    host.upstream.answer = say(OK)

    assert wire.ask("GET", "/passes").body == b"ok"
    assert not wire.streams[held].over
    gate.set()
    assert wire.read(held).body == b"ok"


def test_a_request_refused_by_its_head_is_answered_before_its_body(host, wire):
    host.enforcer.refuses, host.enforcer.refuses_in = NO, "head"
    stream_id = wire.start(wire.head("POST", "/up"))
    assert code(wire.read(stream_id)) == "policy_denied"
    wire.streams[stream_id].ended = False  # as clients do that send everything before they read
    wire.data(stream_id, b"x" * 400_000, end=True)
    host.enforcer.refuses = None
    assert wire.ask("GET", "/next").body == b"ok"
    assert b"xx" not in received(host)


def test_an_upload_over_the_limit_is_answered_and_never_arrives(host, wire):
    host.enforcer.limit = 100_000
    beside = wire.start(wire.head("POST", "/beside"))
    assert code(wire.ask("POST", "/up", body=b"marked" * 50_000)) == "too_large"
    assert code(wire.ask("POST", "/up", [("content-length", "100001")], body=b"x" * 100_001)) == "too_large"
    wire.data(beside, b"small", end=True)
    assert wire.read(beside).body == b"ok"
    assert b"marked" not in received(host)


def test_an_upload_that_is_refused_and_never_ends_is_reset(host, wire):
    host.enforcer.refuses, host.enforcer.refuses_in = NO, "head"
    stream_id = wire.start(wire.head("POST", "/up"))
    wire.read(stream_id)
    wire.streams[stream_id].ended = False
    wire.data(stream_id, b"x" * 30_000_000, end=True)
    assert wire.streams[stream_id].reset == 0
    assert wire.goaway is None


@pytest.mark.parametrize(("length", "body"), [("4", b"abc"), ("2", b"abc"), ("3", None)])
def test_a_length_that_is_not_the_bodys_is_refused(host, wire, length, body):
    beside = wire.start(wire.head("POST", "/beside"))
    assert code(wire.ask("POST", "/b", [("content-length", length)], body=body)) == "protocol_denied"
    wire.data(beside, b"abc", end=True)
    assert wire.read(beside).body == b"ok"
    assert received(host).count(b"HTTP/1.1\r\n") == 1


def test_trailers_are_refused(host, wire):
    stream_id = wire.start(wire.head("POST", "/t"))
    wire.data(stream_id, b"abc")
    wire.h2.send_headers(stream_id, [("x-late", "1")], end_stream=True)
    wire.flush()
    assert code(wire.read(stream_id)) == "protocol_denied"
    assert received(host) == b""


def test_a_stream_given_up_while_it_is_judged_never_leaves(host, wire):
    gate = threading.Event()
    host.enforcer.go_on = gate.is_set
    stream_id = wire.start(wire.head("GET", "/given-up"), end=True)
    assert host.enforcer.admitting.wait(5)
    wire.h2.reset_stream(stream_id, 8)
    wire.flush()
    wire.h2.ping(b"12345678")
    wire.flush()
    while not wire.pinged:
        assert wire.more()
    gate.set()
    host.enforcer.go_on = None
    assert wire.ask("GET", "/next").body == b"ok"
    assert b"given-up" not in received(host)
    assert [left for _, left in host.enforcer.abandoned] == [False]


def test_events_pass_as_they_come_and_a_cut_stream_ends_alone(host, wire):
    proceed = threading.Event()
    events = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

    def drip(request, send):
        if b"/events" not in request:
            send(OK)
            return
        send(events + b"7\r\none....\r\n")
        assert proceed.wait(5)
        send(b"6\r\nSECRET\r\n4\r\nrest\r\n0\r\n\r\n")

    host.upstream.answer = drip
    host.enforcer.stream = Echo(raises_on=b"SECRET")
    stream_id = wire.start(wire.head("GET", "/events"), end=True)
    while not wire.streams[stream_id].body:
        assert wire.more()
    assert wire.streams[stream_id].body == b"one...."
    assert "transfer-encoding" not in wire.streams[stream_id].headers
    proceed.set()
    cut = wire.read(stream_id)
    assert (cut.body, cut.cut) == (b"one....", True)
    host.enforcer.stream = None
    assert wire.ask("GET", "/next").body == b"ok"


def test_a_whole_stream_of_events_ends_well(host, wire):
    host.enforcer.stream = Echo()
    host.upstream.answer = say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n")
    reply = wire.ask("GET", "/events")
    assert (reply.body, reply.cut) == (b"one", False)


def test_an_answer_larger_than_every_window_comes_whole(host, wire):
    body = bytes(range(256)) * 4000
    host.upstream.answer = say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    replies = [wire.start(wire.head("GET", f"/{n}"), end=True) for n in range(3)]
    assert [wire.read(stream_id).body == body for stream_id in replies] == [True] * 3


def test_head_has_no_body_and_says_its_length(host, wire):
    host.upstream.answer = say(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
    reply = wire.ask("HEAD", "/h")
    assert (reply.status, reply.headers["content-length"], reply.body, reply.cut) == (200, "7", b"", False)


def test_a_client_that_asks_first_is_told_to_go_on(host, wire):
    stream_id = wire.start(wire.head("POST", "/e", [("expect", "100-continue")]))
    wire.data(stream_id, b"abc", end=True)
    assert wire.read(stream_id).body == b"ok"
    assert b"expect" not in received(host).lower()


def test_the_oldest_upload_is_finished_before_others_are_given_room(host, wire):
    host.enforcer.limit = 10_000_000
    started = [wire.start(wire.head("POST", f"/{n}")) for n in range(4)]
    for stream_id in started:
        wire.data(stream_id, b"u" * 9_000_000, end=True)
    assert [wire.read(stream_id).status for stream_id in started] == [200] * 4


def test_more_streams_than_allowed_are_refused_so_that_they_may_be_sent_again(host, wire):
    gate = threading.Event()
    host.enforcer.go_on = gate.is_set
    wire.more()  # the settings
    assert wire.h2.remote_settings.max_concurrent_streams == 64
    wire.h2.remote_settings[3] = 100
    wire.h2.remote_settings.acknowledge()
    started = [wire.start(wire.head("GET", f"/{n}"), end=True) for n in range(70)]
    while sum(wire.streams[s].reset == 7 for s in started) < 6:
        assert wire.more()
    gate.set()
    host.enforcer.go_on = None
    assert [wire.read(s).status for s in started[:64]] == [200] * 64
    assert wire.goaway is None


def test_curl_speaks_http2_when_it_may(host):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("there is no curl here")
    proxy = f"http://agent:secret@127.0.0.1:{host.port}"
    said = subprocess.run(
        [curl, "-sS", "--http2", "-x", proxy, "--cacert", str(host.ca), "-d", "abc", "-w", " %{http_version}",
         "https://api.test/one", "https://api.test/two"],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert (said.stdout.split(), said.stderr) == (["ok", "2ok", "2"], "")
    assert received(host).count(b"Content-Length: 3\r\n") + received(host).count(b"content-length: 3\r\n") == 2


def test_httpx_speaks_http2_when_it_may(host):
    context = ssl.create_default_context(cafile=str(host.ca))
    proxy = f"http://agent:secret@127.0.0.1:{host.port}"
    with httpx.Client(http2=True, proxy=proxy, verify=context, trust_env=False) as client:
        replies = [client.post("https://api.test/b", json={"a": number}) for number in range(3)]
        host.enforcer.refuses, host.enforcer.refuses_in = NO, "head"
        refused = client.post("https://api.test/b", content=b"x" * 1_000_000)
    assert [(reply.http_version, reply.text) for reply in replies] == [("HTTP/2", "ok")] * 3
    assert (refused.status_code, refused.json()["code"]) == (403, "policy_denied")


def test_it_can_be_switched_off(host, tmp_path):
    with running_proxy(tmp_path, host.enforcer, upstream_trust=host.upstream_ca, http2=False) as proxy:
        context = ssl.create_default_context(cafile=str(tmp_path / "mitmproxy-ca-cert.pem"))
        context.set_alpn_protocols(["h2", "http/1.1"])
        with tunnel(proxy.port, PLACE) as outer, context.wrap_socket(outer.conn, server_hostname="api.test") as conn:
            assert conn.selected_alpn_protocol() == "http/1.1"
