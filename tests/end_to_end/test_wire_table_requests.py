"""Every row of the bypass table that is about a request's bytes, against the real host before a recording upstream.

The cases are in `support/wire_rows.py`. Those that other tests had already are in `test_doors.py`.
"""

from __future__ import annotations

import json
import socket
import ssl

import pytest

from support.raw import CREDENTIALS, NOTHING, Reply, plain, secure, tunnel
from support.strict_http import requests_in
from support.wire_rows import INNER, ROWS, filled, get, post

PLACE = "api.test:443"
CASES = [(name, at) for name, row in ROWS.items() for at in range(len(row.hostile))]


def ready(raw: bytes) -> bytes:
    return filled(raw, host=b"api.test", auth=CREDENTIALS[:-2], mark=b"MARK")


def asked(host, raw: bytes, form: str) -> Reply:
    """What the gateway answers to `raw`; NOTHING also when it waits for the rest of what it takes for half a request."""
    try:
        with secure(host.port, PLACE, host.ca) if form == INNER else plain(host.port) as wire:
            wire.conn.settimeout(2 if raw.endswith((b"\r\n", b"MARK")) else 0.5)
            reply = wire.ask(ready(raw))
            return wire.read() if reply.status == 100 else reply
    except (ssl.SSLError, ConnectionError, TimeoutError):
        return NOTHING


def code_of(reply: Reply) -> str:
    if reply.headers.get("content-type") == "application/problem+json":
        return json.loads(reply.body)["code"]
    return str(reply.status or "")


def arrived(host) -> list:
    """Every request that reached an upstream, read as strictly as can be."""
    connections = [*host.upstream.connections, *host.plain_upstream.connections]
    return [request for data in connections for request in requests_in(bytes(data))]


@pytest.mark.parametrize(("row", "at"), CASES, ids=[f"{name}-{at}" for name, at in CASES])
def test_a_request_of_the_table_is_refused_or_leaves_exactly_as_it_was_judged(host, row, at):
    expected = ROWS[row].codes
    code = code_of(asked(host, ROWS[row].hostile[at], ROWS[row].form))
    assert code in expected, (code, expected)
    if code != "200":
        assert not host.upstream.received + host.plain_upstream.received
    else:
        (left,), (judged,) = arrived(host), host.enforcer.admitted
        assert (left.line, left.body) == (f"{judged.method} {judged.path} HTTP/1.1".encode(), judged.body)


@pytest.mark.parametrize("row", ROWS)
def test_the_benign_twin_of_each_row_passes(host, row):
    reply = asked(host, ROWS[row].twin, ROWS[row].form)
    assert reply.status == 200, reply
    assert ROWS[row].twin.startswith(b"CONNECT") or len(arrived(host)) == len(host.enforcer.admitted) == 1


# what more than one request is needed for


def test_requests_in_one_piece_are_judged_one_by_one(host):
    with secure(host.port, PLACE, host.ca) as wire:
        wire.send(ready(get(target=b"/one") + post() + get(target=b"/three")))
        assert [wire.read().status for _ in range(3)] == [200, 200, 200]
    assert [request.path for request in host.enforcer.admitted] == ["/one", "/say", "/three"]
    assert [request.line.split()[1] for request in arrived(host)] == [b"/one", b"/say", b"/three"]


@pytest.mark.parametrize("bad", [get(host=b"Host: other.test"), b"SSH-2.0\r\n\r\n", get(b"Transfer-Encoding: gzip")])
def test_a_bad_request_behind_a_good_one_is_refused(host, bad):
    with secure(host.port, PLACE, host.ca) as wire:
        wire.send(ready(get(target=b"/one") + bad + get(target=b"/MARK")))
        assert wire.read().status == 200
        assert wire.read().status == 403
        goes_on = wire.read()
    assert goes_on.status == (200 if bad.startswith(b"GET /MARK HTTP/1.1\r\nHost: other.test") else 0)
    assert [request.path for request in host.enforcer.admitted] == ["/one", "/MARK"][: 2 if goes_on.status else 1]
    assert len(arrived(host)) == len(host.enforcer.admitted)


def test_a_body_is_not_a_request(host):
    hidden = ready(get(target=b"/hidden"))
    with secure(host.port, PLACE, host.ca) as wire:
        assert wire.ask(ready(post(body=hidden))).status == 200
        assert wire.ask(ready(post(b"Transfer-Encoding: chunked", body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden), length=False))).status == 200  # fmt: skip
    assert [request.body for request in arrived(host)] == [hidden, hidden]


def test_a_get_with_a_body_is_judged_with_it(host):
    assert asked(host, get(b"Content-Length: 4", body=b"MARK"), INNER).status == 200
    assert host.enforcer.admitted[0].body == b"MARK"


@pytest.mark.parametrize("size", [1, 3])
def test_a_request_in_single_bytes_is_the_same_request(host, size):
    raw = ready(post(b"Transfer-Encoding: chunked", body=b"4\r\nMARK\r\n0\r\n\r\n", length=False))
    with tunnel(host.port, "api.test:80") as wire:
        wire.conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(raw), size):
            wire.send(raw[at : at + size])
        assert wire.read().status == 200
    assert host.enforcer.admitted[0].body == b"MARK"


# TLS in a tunnel


@pytest.mark.parametrize("place", ["api.test:443", "other.test:443"])
def test_tls_without_a_name_is_the_tunnels(host, place):
    context = ssl.create_default_context(cafile=str(host.ca))
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    name = place.partition(":")[0].encode()
    with tunnel(host.port, place) as outer, context.wrap_socket(outer.conn) as conn:
        conn.sendall(get(host=b"Host: " + name))
        assert conn.recv(65536).startswith(b"HTTP/1.1 200")
    assert host.enforcer.admitted[0].host == name.decode()


@pytest.mark.parametrize("offered", [["h2"], ["foo"], ["h3"], ["h2", "http/1.1"], ["acme-tls/1"]])
def test_an_odd_protocol_offered_in_tls_changes_nothing(host, offered):
    context = ssl.create_default_context(cafile=str(host.ca))
    context.set_alpn_protocols(offered)
    try:
        with tunnel(host.port, PLACE) as outer, context.wrap_socket(outer.conn, server_hostname="api.test") as conn:
            if conn.selected_alpn_protocol() == "h2":
                return  # what then may be said is the matter of HTTP/2's own tests
            conn.sendall(ready(get()))
            assert conn.recv(65536).startswith(b"HTTP/1.1 200")
    except (ssl.SSLError, ConnectionError):
        assert not host.upstream.received


# counted and recorded


def told_of(host) -> int:
    """What was recorded, and what was counted instead: so many of one agent are recorded each minute."""
    assert all(agent == "agent" for agent, _ in host.enforcer.unrecorded)
    return host.enforcer.calls.count("refused") + len(host.enforcer.unrecorded)


@pytest.mark.parametrize("raw", [b"SSH-2.0-x\r\n\r\n", get(b"Content-Length: +4"), get(b"A" * 70_000), b"GET\r\n\r\n"])
def test_what_cannot_be_read_in_a_tunnel_is_told_to_the_enforcer(host, raw):
    asked(host, raw, INNER)
    assert told_of(host) == 1


def test_what_cannot_be_read_from_nobody_is_counted(host):
    asked(host, b"SSH-2.0-x\r\n\r\n", "plain")
    assert "refused" not in host.enforcer.calls
    assert host.enforcer.unrecorded == [("", "protocol_denied")]


def test_a_body_that_grows_too_large_and_trailers_are_told_to_the_enforcer(host):
    host.enforcer.limit = 10
    asked(host, post(b"Transfer-Encoding: chunked", body=b"b\r\n12345678901\r\n0\r\n\r\n", length=False), INNER)
    asked(host, post(b"Transfer-Encoding: chunked", body=b"0\r\nX-Late: 1\r\n\r\n", length=False), INNER)
    assert told_of(host) == 2


# one upstream connection is one run's


@pytest.mark.parametrize("same", [True, False])
def test_an_upstream_connection_is_not_shared_between_runs(host, same):
    with secure(host.port, PLACE, host.ca) as wire:
        for run in ("run_1", "run_1" if same else "run_2", "run_1"):
            host.enforcer.forward = {"run_id": run}
            assert wire.ask(ready(get())).status == 200
    assert len(host.upstream.connections) == (1 if same else 3)


def test_two_clients_do_not_share_an_upstream_connection(host):
    with secure(host.port, PLACE, host.ca) as one, secure(host.port, PLACE, host.ca) as other:
        assert one.ask(ready(get())).status == other.ask(ready(get())).status == 200
    assert len(host.upstream.connections) == 2
