"""Every way past the gate that we know of, tried on the real host with real sockets; beside each, one that passes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import ssl
import subprocess
import time

import httpx
import pytest
from mitmproxy.exceptions import AddonHalt

from aisecops.model.errors import StoreError
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from support.proxy import Echo, raising
from support.raw import CREDENTIALS, NOTHING, Reply, plain, secure, tunnel
from support.upstream import say

pytestmark = pytest.mark.parametrize("shared", ["fast", "mitmproxy"], indirect=True, scope="module")

PLACE = "api.test:443"
GET = b"GET /hello HTTP/1.1\r\nHost: api.test\r\n\r\n"
NO = Refuse(code=Code.POLICY_DENIED, detail="no")


def get(*headers: bytes, target: bytes = b"/hello", host: bytes = b"Host: api.test", body: bytes = b"") -> bytes:
    lines = [b"GET " + target + b" HTTP/1.1", *([host] if host else []), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def code(reply: Reply) -> str:
    assert reply.headers["content-type"] == "application/problem+json", reply
    return json.loads(reply.body)["code"]


def ask(host, request: bytes = GET, place: str = PLACE) -> Reply:
    """One request over TLS in a tunnel; NOTHING when the connection ended without an answer."""
    try:
        with secure(host.port, place, host.ca) as wire:
            return wire.ask(request)
    except (ssl.SSLError, ConnectionError, AssertionError):
        return NOTHING


def ask_plainly(host, request: bytes) -> Reply:
    with plain(host.port) as wire:
        return wire.ask(request)


def nothing_left(host) -> bool:
    return not host.upstream.received and not host.plain_upstream.received


def until(condition, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


# the gate itself


def test_an_admitted_request_reaches_the_upstream_and_its_answer_comes_back(host):
    reply = ask(host)
    assert (reply.status, reply.body) == (200, b"ok")
    assert reply.headers["aisecops-decision"] == "dec_1"
    assert host.upstream.received == GET
    assert len(host.enforcer.settled) == 1


def test_a_plain_request_reaches_the_upstream_without_our_headers(host):
    ours = (CREDENTIALS[:-2], b"AISecOps-Capability: secret", b"DPoP: proof", b"X-Kept: yes")
    reply = ask_plainly(host, get(*ours, target=b"http://api.test/hello"))
    assert (reply.status, reply.body) == (200, b"ok")
    assert host.plain_upstream.received == get(b"X-Kept: yes")


def test_what_the_upstream_says_in_our_name_is_removed(host):
    host.upstream.answer = say(
        b'HTTP/1.1 200 OK\r\nAISecOps-Decision: forged\r\nAlt-Svc: h3=":443"\r\nContent-Length: 0\r\n\r\n'
    )
    reply = ask(host)
    assert reply.headers["aisecops-decision"] == "dec_1"
    assert "alt-svc" not in reply.headers


@pytest.mark.parametrize("method", ["identify", "connect", "head", "admit"])
def test_what_the_enforcer_refuses_reaches_nobody(host, method):
    host.enforcer.refuses, host.enforcer.refuses_in = NO, method
    with plain(host.port) as wire:
        if method in {"identify", "connect"}:
            reply = wire.ask(b"CONNECT api.test:443 HTTP/1.1\r\n" + CREDENTIALS + b"\r\n")
        else:
            reply = ask(host)
    assert (reply.status, reply.reason, code(reply)) == (403, "policy_denied", "policy_denied")
    assert nothing_left(host)


@pytest.mark.parametrize("fault", [KeyError("x"), StoreError("down"), asyncio.CancelledError()])
@pytest.mark.parametrize("method", ["head", "admit"])
def test_an_enforcer_that_fails_lets_nothing_out(host, method, fault):
    host.enforcer.raises, host.enforcer.raises_in = fault, method
    reply = ask(host)
    expected = "store_unavailable" if isinstance(fault, StoreError) else "internal"
    assert (reply.status, code(reply)) == (503, expected)
    assert nothing_left(host)


@pytest.mark.parametrize("method", ["identify", "connect"])
def test_an_enforcer_that_fails_opens_no_tunnel(host, method):
    host.enforcer.raises, host.enforcer.raises_in = KeyError("x"), method
    reply = ask_plainly(host, b"CONNECT api.test:443 HTTP/1.1\r\n" + CREDENTIALS + b"\r\n")
    assert (reply.status, code(reply)) == (503, "internal")


@pytest.mark.parametrize("method", ["settle", "tap"])
def test_an_answer_that_cannot_be_settled_is_not_handed_over(host, method):
    host.enforcer.raises, host.enforcer.raises_in = KeyError("x"), method
    reply = ask(host)
    assert (reply.status, code(reply)) == (503, "internal")


def test_an_answer_may_be_refused_when_it_is_settled(host):
    host.enforcer.refuses = Refuse(code=Code.OUTPUT_INVALID, detail="not what was asked")
    host.enforcer.refuses_in = "settle"
    reply = ask(host)
    assert (reply.status, code(reply)) == (502, "output_invalid")


def test_a_body_may_be_replaced_on_the_way_out(host):
    host.enforcer.forward = {"body": b"masked", "set_headers": (("Authorization", "Bearer real"),)}
    body = b"POST /say HTTP/1.1\r\nHost: api.test\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    reply = ask(host, body + b"5\r\nplain\r\n0\r\n\r\n")
    assert reply.status == 200
    assert host.upstream.received == (
        b"POST /say HTTP/1.1\r\nHost: api.test\r\nContent-Length: 6\r\nAuthorization: Bearer real\r\n\r\nmasked"
    )


# who calls


def test_a_connect_without_credentials_is_told_how(host):
    reply = ask_plainly(host, b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n")
    assert (reply.status, reply.reason) == (407, "identity_required")
    assert reply.headers["proxy-authenticate"] == 'Basic realm="aisecops"'


def test_two_credentials_are_none(host):
    reply = ask_plainly(host, b"CONNECT api.test:443 HTTP/1.1\r\n" + CREDENTIALS * 2 + b"\r\n")
    assert (reply.status, code(reply)) == (407, "identity_required")


def test_each_plain_request_says_who_it_is(host):
    with plain(host.port) as wire:
        assert wire.ask(get(CREDENTIALS[:-2], target=b"http://api.test/hello")).status == 200
        assert wire.ask(get(target=b"http://api.test/hello")).status == 407


def test_a_tunnel_is_remembered_for_its_own_connection_only(host):
    with secure(host.port, PLACE, host.ca) as wire:
        assert wire.ask(GET).status == 200
        assert ask_plainly(host, get(target=b"http://api.test/hello")).status == 407


# names that disagree


@pytest.mark.parametrize(
    "request_bytes",
    [
        get(b"Host: other.test"),
        get(b"Host: api.test"),
        get(host=b""),
        get(host=b"Host: other.test"),
        get(host=b"Host: api.test:8443"),
        get(host=b"Host: api.test, other.test"),
        get(host=b"Host: user@api.test"),
        get(target=b"http://other.test/hello", host=b"Host: other.test"),
        get(target=b"https://api.test/hello"),
        get(target=b"http://169.254.169.254/latest"),
    ],
)
def test_names_that_disagree_inside_a_tunnel_are_refused(host, request_bytes):
    reply = ask(host, request_bytes)
    assert (reply.status, code(reply)) == (403, "protocol_denied")
    assert nothing_left(host)


@pytest.mark.parametrize("name", [b"Host: api.test", b"host: API.test:443", b"Host: api.test."])
def test_the_same_name_written_otherwise_passes(host, name):
    assert ask(host, get(host=name)).status == 200


def test_tls_under_another_name_than_the_tunnels_ends_and_is_recorded(host):
    with pytest.raises((ssl.SSLError, ConnectionError)), secure(host.port, PLACE, host.ca, sni="other.test"):
        pass
    assert nothing_left(host)
    assert until(lambda: host.enforcer.calls == ["identify", "connect", "refused"])


def test_the_host_of_a_plain_request_is_where_it_goes(host):
    assert ask_plainly(host, get(CREDENTIALS[:-2], target=b"http://api.test/", host=b"Host: other.test")).status == 403
    assert nothing_left(host)


def test_a_connect_names_one_place(host):
    reply = ask_plainly(host, b"CONNECT api.test:443 HTTP/1.1\r\nHost: other.test:443\r\n" + CREDENTIALS + b"\r\n")
    assert (reply.status, code(reply)) == (403, "protocol_denied")


def test_a_tunnel_to_an_undeclared_place_is_refused(host):
    reply = ask_plainly(host, b"CONNECT 127.0.0.1:443 HTTP/1.1\r\n" + CREDENTIALS + b"\r\n")
    assert (reply.status, reply.reason) == (403, "destination_denied")


# framing


@pytest.mark.parametrize(
    "request_bytes",
    [
        get(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
        get(b"Transfer-Encoding: xchunked"),
        get(b"Content-Length: 3", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        get(b"Content-Length: 3", b"Content-Length: 3", body=b"abc"),
        get(b"Content-Length: +3", body=b"abc"),
        get(b"X-Note: a\rX-Injected: b"),
        get(b"X-Note: a\0b"),
        get(b"X-Note: a", b" folded"),
        get(b"AISecOps-Capability: one", b"aisecops-capability: two"),
        get(b"DPoP: one", b"dpop: two"),
        get(b"Content-Encoding: gzip", b"Content-Encoding: gzip"),
        get(b"Bad Name: x"),
        get(b"Trailer: X-Late"),
        get(target=b"/a\tb"),
        get(target=b"/a\x7fb"),
        get(target=b"/a#b"),
        get(target=b"*"),
        b"get /hello HTTP/1.1\r\nHost: api.test\r\n\r\n",
        b"TRACE /hello HTTP/1.1\r\nHost: api.test\r\n\r\n",
        b"CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n",
        b"GET /hello HTTP/2.0\r\nHost: api.test\r\n\r\n",
        b"GET /hello\r\nHost: api.test\r\n\r\n",
        b"\x00\x01\x02 not http at all\r\n\r\n",
    ],
)
def test_requests_that_can_be_read_in_two_ways_are_refused(host, request_bytes):
    reply = ask(host, request_bytes)
    assert (reply.status, code(reply)) == (403, "protocol_denied")
    assert nothing_left(host)


def test_http2_without_asking_first_is_refused(host):
    assert ask(host, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == NOTHING
    assert nothing_left(host)


def test_a_chunked_body_passes(host):
    request = b"POST /say HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    assert ask(host, request).status == 200
    assert host.enforcer.admitted[0].body == b"hello"
    assert host.upstream.received.endswith(b"\r\nContent-Length: 5\r\n\r\nhello")


def test_trailers_are_refused_at_once(host):
    request = b"POST /say HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Late: 1\r\n\r\n"
    reply = ask(host, request)
    assert (reply.status, code(reply)) == (403, "protocol_denied")
    assert nothing_left(host)


def test_an_endless_head_is_refused(host):
    reply = ask(host, b"GET /hello HTTP/1.1\r\nHost: api.test\r\nX-Long: " + b"a" * 80_000)
    assert (reply.status, code(reply)) == (413, "too_large")


# bodies


def test_a_body_over_the_limit_is_refused_before_it_comes(host):
    host.enforcer.limit = 1000
    reply = ask(host, b"POST /say HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1001\r\n\r\n")
    assert (reply.status, code(reply)) == (413, "too_large")
    assert nothing_left(host)


def test_a_chunked_body_is_refused_when_it_grows_over_the_limit(host):
    host.enforcer.limit = 1000
    head = b"POST /say HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    reply = ask(host, head + b"3e9\r\n" + b"a" * 1001)
    assert (reply.status, code(reply)) == (413, "too_large")
    assert nothing_left(host)


def test_a_body_at_the_limit_passes(host):
    host.enforcer.limit = 1000
    reply = ask(host, b"POST /say HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1000\r\n\r\n" + b"a" * 1000)
    assert reply.status == 200


def test_a_refused_client_is_not_asked_for_its_body(host):
    head = b"POST /say HTTP/1.1\r\nHost: api.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with secure(host.port, PLACE, host.ca) as wire:
        assert wire.ask(head).status == 100
        assert wire.ask(b"hello").status == 200
    host.enforcer.refuses, host.enforcer.refuses_in = NO, "head"
    assert ask(host, head).status == 403


def test_a_body_nobody_waits_for_cannot_fill_the_gateway(host):
    host.enforcer.refuses, host.enforcer.refuses_in = NO, "head"
    with secure(host.port, PLACE, host.ca) as wire:
        assert wire.ask(b"POST /say HTTP/1.1\r\nHost: api.test\r\nContent-Length: 50000000\r\n\r\n").status == 403
        wire.conn.settimeout(5)
        with pytest.raises((ConnectionError, ssl.SSLError)):
            for _ in range(40):  # what the sockets between take in may be large
                wire.conn.sendall(b"a" * 2_000_000)


# real clients


CURL = ["curl", "-sS", "-m", "5", "-w", " %{http_code}", "--proxy-user", "agent:secret"]


def curl(host, *arguments: str) -> str:
    done = subprocess.run([*CURL, "--cacert", str(host.ca), *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_passes_and_is_told_why_it_does_not(host):
    proxy = f"http://127.0.0.1:{host.port}"
    assert curl(host, "--proxy", proxy, "https://api.test/") == "ok 200"
    assert curl(host, "--proxy", proxy, "http://api.test/") == "ok 200"
    assert "403" in curl(host, "--proxy", proxy, "https://elsewhere.test/")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("url", ["https://api.test/", "http://api.test/"])
def test_the_proxy_itself_may_be_asked_over_tls(host, url):
    proxy = f"https://127.0.0.1:{host.port}"
    assert curl(host, "--proxy", proxy, "--proxy-cacert", str(host.ca), url) == "ok 200"
    assert len(host.enforcer.admitted) == 1


def test_httpx_passes_and_its_error_names_the_code(host):
    context = ssl.create_default_context(cafile=str(host.ca))
    proxy = f"http://agent:secret@127.0.0.1:{host.port}"
    with httpx.Client(proxy=proxy, verify=context) as client:
        assert [client.post("https://api.test/", json={"a": 1}).text for _ in range(2)] == ["ok", "ok"]
        with pytest.raises(httpx.ProxyError, match="403 destination_denied"):
            client.get("https://elsewhere.test/")
    assert len(host.upstream.connections) == 1


# what is not HTTP


@pytest.mark.parametrize(
    "noise", [b"SSH-2.0-OpenSSH_9.9\r\n", b"\x05\x01\x00", b"\x00" * 64, b"EHLO x\r\n\r\n", b"\x16\x03"]
)
def test_raw_bytes_in_a_tunnel_reach_nobody(host, noise):
    with tunnel(host.port, PLACE) as wire:
        wire.send(noise)
        wire.send(b"more\r\n\r\n")
        wire.conn.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            wire.rest()
    assert nothing_left(host)
    assert not host.upstream.connections


def test_plain_http_in_a_tunnel_passes(host):
    with tunnel(host.port, "api.test:80") as wire:
        assert wire.ask(GET).status == 200


def test_tls_in_tls_is_not_looked_into_and_not_relayed(host):
    with secure(host.port, PLACE, host.ca) as wire:
        reply = wire.ask(b"\x16\x03\x01\x00\x05hello\r\n\r\n")
    assert reply.status in {0, 403}
    assert nothing_left(host)


@pytest.mark.parametrize(
    "headers",
    [
        (b"Upgrade: h2c", b"Connection: Upgrade", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
        (b"Upgrade: foo", b"Connection: Upgrade"),
        (b"Upgrade: websocket", b"Connection: Upgrade"),
        (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: eA=="),
    ],
)
def test_another_protocol_may_not_be_asked_for(host, headers):
    reply = ask(host, get(*headers))
    assert (reply.status, code(reply)) == (403, "protocol_denied")
    assert nothing_left(host)


@pytest.mark.parametrize("upgrade", [b"", b"Upgrade: websocket\r\n", b"Upgrade: foo\r\n"])
def test_an_upstream_may_not_change_the_protocol(host, upgrade):
    host.upstream.answer = say(b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade + b"\r\n", b"raw bytes")
    with secure(host.port, PLACE, host.ca) as wire:
        reply = wire.ask(GET)
        wire.send(b"raw bytes from the client")
        rest = wire.rest()
    assert (reply.status, code(reply)) == (403, "protocol_denied")
    assert b"raw" not in rest + host.upstream.received
    assert host.enforcer.abandoned == [("permit-1", True)]


# addons of others

BEFORE_SENDING = [
    "client_connected",
    "http_connect",
    "http_connected",
    "next_layer",
    "tls_clienthello",
    "tls_start_client",
    "tls_established_client",
    "requestheaders",
    "request",
    "server_connect",
    "server_connected",
    "tls_start_server",
    "tls_established_server",
]
AFTERWARDS = ["update", "error", "server_disconnected", "client_disconnected", "server_connect_error"]


@pytest.mark.parametrize(
    "fault", [KeyError("x"), AddonHalt(), asyncio.CancelledError()], ids=["error", "halt", "cancel"]
)
@pytest.mark.parametrize("hook", BEFORE_SENDING)
def test_an_addon_that_fails_lets_nothing_out(host, hook, fault):
    host.stranger.does[hook] = raising(fault)
    reply = ask(host)
    assert reply.status in {0, 503}
    assert nothing_left(host)
    assert hook in host.stranger.heard


@pytest.mark.parametrize("hook", ["responseheaders", "response"])
def test_an_addon_that_fails_hands_no_answer_over(host, hook):
    host.stranger.does[hook] = raising(KeyError("x"))
    reply = ask(host)
    assert reply.status == 503
    assert b"ok" not in reply.body


@pytest.mark.parametrize("hook", AFTERWARDS)
def test_an_addon_that_fails_when_all_is_over_breaks_nothing(host, hook):
    host.stranger.does[hook] = raising(KeyError("x"))
    assert ask(host).status == 200
    assert ask(host).status == 200


@pytest.mark.parametrize("hook", ["requestheaders", "request"])
def test_killing_a_flow_lets_nothing_out(host, hook):
    host.stranger.does[hook] = lambda flow: flow.kill()
    assert ask(host) == NOTHING
    assert nothing_left(host)


def test_a_refusal_cannot_be_taken_away_by_another_addon(host):
    host.enforcer.refuses, host.enforcer.refuses_in = NO, "admit"

    def allow(flow):
        flow.response = None

    host.stranger.does = {"requestheaders": allow, "request": allow}
    assert ask(host).status == 403
    assert nothing_left(host)


def change_path(flow):
    flow.request.path = "/elsewhere"


def change_body(flow):
    flow.request.content = b"more"


def change_headers(flow):
    flow.request.headers["X-Late"] = "1"


def change_host(flow):
    flow.request.host = "other.test"


def stream(flow):
    flow.request.stream = True


CHANGES = [change_path, change_body, change_headers, change_host, stream]


@pytest.mark.parametrize("change", CHANGES)
def test_a_request_changed_after_it_was_admitted_does_not_leave(host, change):
    """By an addon that acts when the connection is made, long after every other hook."""
    kept = []
    host.stranger.does = {"requestheaders": kept.append, "server_connected": lambda _data: change(kept[0])}
    reply = ask(host)
    assert (reply.status, code(reply)) == (503, "internal")
    assert nothing_left(host)
    assert host.enforcer.abandoned == [("permit-1", False)]


@pytest.mark.parametrize("change", [change_path, change_headers])
def test_what_is_changed_before_it_is_judged_is_judged_as_changed(host, change):
    host.stranger.does["request"] = change
    assert ask(host).status == 200
    assert host.enforcer.admitted[0].path == ("/elsewhere" if change is change_path else "/hello")


def test_a_request_sent_elsewhere_before_it_is_judged_is_refused(host):
    host.stranger.does["request"] = change_host
    reply = ask(host)
    assert (reply.status, code(reply)) == (403, "protocol_denied")


def test_a_request_body_may_not_be_streamed(host):
    host.stranger.does["requestheaders"] = stream
    reply = ask(host, b"POST /say HTTP/1.1\r\nHost: api.test\r\nContent-Length: 5\r\n\r\nhello")
    assert reply.status in {200, 503}
    assert host.upstream.received in {b"", b"POST /say HTTP/1.1\r\nHost: api.test\r\nContent-Length: 5\r\n\r\nhello"}
    assert not host.upstream.received or host.enforcer.admitted[0].body == b"hello"


# where connections go


def test_three_requests_use_one_upstream_connection_on_a_mapped_port(host):
    with secure(host.port, PLACE, host.ca) as wire:
        assert [wire.ask(GET).status for _ in range(3)] == [200, 200, 200]
    assert len(host.upstream.connections) == 1
    assert host.upstream.requests == 3


def test_only_pinned_addresses_are_dialled(host):
    host.enforcer.forward = {"addresses": ()}
    reply = ask(host)
    assert (reply.status, code(reply)) == (403, "destination_denied")
    assert host.enforcer.abandoned == [("permit-1", False)]
    assert not host.upstream.connections


def test_a_request_admitted_for_another_place_does_not_leave(host):
    host.enforcer.forward = {"host": "other.test"}
    assert ask(host).status == 503
    assert nothing_left(host)
    assert host.enforcer.abandoned == [("permit-1", False)]


def test_an_upstream_that_is_down_is_told_as_such(host):
    host.enforcer.forward = {"addresses": (("127.0.0.1", 1),)}
    with secure(host.port, PLACE, host.ca) as wire:
        reply = wire.ask(GET)
    assert (reply.status, json.loads(reply.body)["type"]) == (502, "about:blank")
    assert host.enforcer.abandoned == [("permit-1", False)]


def test_an_upstream_with_a_certificate_for_another_name_gets_nothing(host):
    host.enforcer.places = {("wrong.test", 443): ("127.0.0.1", host.upstream.port)}
    reply = ask(host, get(host=b"Host: wrong.test"), "wrong.test:443")
    assert reply.status == 502
    assert "showed a certificate for another name" in json.loads(reply.body)["detail"]
    assert nothing_left(host)


def test_an_upstream_that_closes_without_an_answer_was_reached(host):
    host.upstream.answer = lambda _request, _send: (_ for _ in ()).throw(OSError)
    reply = ask(host)
    assert reply.status == 502
    assert host.enforcer.abandoned == [("permit-1", True)]


# leaving early, and streams


def test_a_client_that_leaves_while_it_is_judged_sends_nothing(host):
    gone = []
    host.enforcer.go_on = lambda: bool(gone)
    with secure(host.port, PLACE, host.ca) as wire:
        wire.send(GET)
        assert host.enforcer.admitting.wait(5)
    assert until(lambda: not host.clients())
    gone.append(1)
    assert until(lambda: host.enforcer.abandoned == [("permit-1", False)])
    assert nothing_left(host)


def test_a_client_that_waits_is_served(host):
    waited = []
    host.enforcer.go_on = lambda: bool(waited)
    with secure(host.port, PLACE, host.ca) as wire:
        wire.send(GET)
        assert host.enforcer.admitting.wait(5)
        waited.append(1)
        assert wire.read().status == 200


SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_a_streamed_answer_passes_piece_by_piece(host):
    host.enforcer.stream = Echo()
    first_seen = []

    def answer(_request, send):
        send(SSE_HEAD + chunk(b"data: one\n\n"))
        assert until(lambda: bool(first_seen))
        send(chunk(b"data: two\n\n") + b"0\r\n\r\n")

    host.upstream.answer = answer
    with secure(host.port, PLACE, host.ca) as wire:
        wire.send(GET)
        received = b""
        while b"one" not in received:
            received += wire.more()
        first_seen.append(1)
        reply = wire.read()
    assert (reply.status, reply.body, reply.cut) == (200, b"data: one\n\ndata: two\n\n", False)
    assert reply.headers["aisecops-decision"] == "dec_1"
    assert until(lambda: host.enforcer.finished == ["permit-1"])


def test_a_tap_that_fails_cuts_the_answer(host):
    host.enforcer.stream = Echo(raises_on=b"two")

    def answer(_request, send):
        send(SSE_HEAD + chunk(b"one"))
        time.sleep(0.1)
        send(chunk(b"two"))
        time.sleep(0.1)
        send(chunk(b"three") + b"0\r\n\r\n")

    host.upstream.answer = answer
    reply = ask(host)
    assert (reply.body, reply.cut) == (b"one", True)
    assert until(lambda: host.enforcer.finished == ["permit-1"])


def test_an_answer_cut_by_the_upstream_looks_cut(host):
    host.enforcer.stream = Echo()

    def answer(_request, send):
        send(SSE_HEAD + chunk(b"one"))
        raise OSError

    host.upstream.answer = answer
    reply = ask(host)
    assert (reply.body, reply.cut) == (b"one", True)


def test_a_stream_without_a_length_is_framed_so_that_its_end_shows(host):
    host.enforcer.stream = Echo()

    def answer(_request, send):
        send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n")
        raise OSError

    host.upstream.answer = answer
    reply = ask(host)
    assert (reply.body, reply.cut) == (b"data: one\n\n", False)
    assert reply.headers["transfer-encoding"] == "chunked"


def test_nothing_is_kept_of_exchanges_that_are_over(host):
    for request in (GET, get(b"Host: other.test"), get(target=b"*")):
        ask(host, request)
    import mitmproxy.ctx

    gate = mitmproxy.ctx.master.addons.get("aisecops-governance").gate
    assert until(lambda: not gate.exchanges and not gate.tunnels and not gate.connected)
