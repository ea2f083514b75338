"""TLS to the proxy itself, on the real host: who gets in, and who the gateway is told it is."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import subprocess
import time
from types import SimpleNamespace

import httpx
import pytest
import requests
from cryptography.hazmat.primitives.serialization import Encoding
from mitmproxy import ctx
from mitmproxy.connection import ConnectionState

from aisecops.adapters.mitm import listener_tls
from aisecops.adapters.mitm.bounds import Bounds
from aisecops.adapters.mitm.listener_tls import ListenerContext, ListenerTls
from aisecops.model.certificate import written_name
from aisecops.model.errors import ConfigError
from support import upstream as upstreams
from support.certificates import SERVER, Authority
from support.raw import CREDENTIALS, Wire
from support.tls_house import Turns


@pytest.fixture(scope="module")
def turns(tmp_path_factory):
    taken = Turns(tmp_path_factory)
    yield taken
    taken.close()


@pytest.fixture
def house(turns):
    return turns.house("optional")


@pytest.fixture
def strict(turns):
    return turns.house("required")


@pytest.fixture
def fresh(turns):
    """One that a test may change or stop."""
    return turns.house("fresh")


NAMES = ("agent-7.test", "spiffe://corp.test/agents/seven", "seven@corp.test", "10.1.2.3", "2001:db8::7")


def test_every_request_of_a_tunnel_is_by_who_the_outer_certificate_proved(house):
    with house.outer(house.clients.certified(*NAMES)) as conn:
        inner = Wire(house.inside(conn))
        assert house.lets.names == frozenset(map(written_name, NAMES))
        for number in range(3):
            assert inner.ask(b"GET /%d HTTP/1.1\r\nHost: up.test\r\n\r\n" % number).status == 200
    assert house.upstream.received.count(b"GET /") >= 3


def test_without_a_certificate_nothing_is_proven(house):
    with house.outer() as conn:
        house.inside(conn)
        assert house.lets.names == frozenset()


def test_what_a_connection_proved_ends_with_it(house):
    with house.outer(house.clients.certified("agent-7.test")) as conn:
        house.inside(conn)
    with house.outer() as conn:
        house.inside(conn)
        assert house.lets.names == frozenset()


def test_what_was_proven_is_forgotten_with_the_connection(house):
    def kept():
        return house.proxy.call(lambda: dict(ctx.master.addons.get("aisecops-governance").gate.names))

    with house.outer(house.clients.certified("agent-9.test")) as conn:
        house.inside(conn)
        assert frozenset({written_name("agent-9.test")}) in kept().values()
    _within(lambda: not kept())


@pytest.mark.parametrize("days", [(-3, -1), (1, 3)])
def test_a_verified_certificate_that_is_over_by_now_proves_nothing_more(tmp_path, days):
    # as in a session that OpenSSL resumed: it was verified when it began
    over = Authority(tmp_path, "a").certified("agent-7.test", begins_days=days[0], ends_days=days[1])
    shaken = SimpleNamespace(
        context=SimpleNamespace(verify_mode=ssl.CERT_OPTIONAL),
        getpeercert=lambda binary_form: over.certificate.public_bytes(Encoding.DER),
    )
    with pytest.raises(ConnectionError, match="over"):
        listener_tls.proven_names(SimpleNamespace(get_extra_info=lambda _name: shaken))


def test_a_certificate_that_nobody_verified_proves_nothing(tmp_path):
    shown = Authority(tmp_path, "a").certified("agent-7.test")
    shaken = SimpleNamespace(
        context=SimpleNamespace(verify_mode=ssl.CERT_NONE),
        getpeercert=lambda binary_form: shown.certificate.public_bytes(Encoding.DER),
    )
    assert listener_tls.proven_names(SimpleNamespace(get_extra_info=lambda _name: shaken)) == frozenset()


def test_a_certificate_without_names_proves_nothing(house):
    with house.outer(house.clients.certified()) as conn:
        house.inside(conn)
        assert house.lets.names == frozenset()


def wrong_ones(house, folder):
    """Every certificate that must not get in, by what is wrong with it."""
    stranger = Authority(folder, "stranger")
    same_name = Authority(folder, "clients")
    leaf_as_authority = house.clients.certified("agent-7.test")
    forged = Authority.__new__(Authority)
    forged._folder, forged._above = folder, house.clients
    forged.key, forged.name = leaf_as_authority.key, leaf_as_authority.certificate.subject
    forged.certificate = leaf_as_authority.certificate
    return {
        "of an unknown authority": stranger.certified("agent-7.test"),
        "of an authority of the same name": same_name.certified("agent-7.test"),
        "self-signed": Authority(folder, "agent-7.test").certified("agent-7.test"),
        "over": house.clients.certified("agent-7.test", begins_days=-3, ends_days=-1),
        "not valid yet": house.clients.certified("agent-7.test", begins_days=1, ends_days=2),
        "for servers": house.clients.certified("agent-7.test", use=SERVER),
        "signed by a leaf": forged.certified("agent-7.test"),
    }


def test_a_certificate_that_is_not_good_gets_no_further(turns, tmp_path, caplog):
    for kind in ("required", "optional"):
        at = turns.house(kind)
        assert at.enters(at.clients.certified("agent-7.test"))
        assert at.enters(at.clients.certified("agent-7.test", use=None))
        for what, certified in wrong_ones(at, tmp_path).items():
            listener_tls._last_said[0] = -100
            assert not at.enters(certified), what
    assert "a client certificate was refused: " in caplog.text
    assert "agent-7.test" not in caplog.text


def test_where_a_certificate_is_required_nobody_enters_without(strict):
    assert not strict.enters()


def test_a_chain_over_an_intermediate_authority_is_followed_and_a_broken_one_is_not(house, tmp_path):
    middle = Authority(tmp_path, "middle", above=house.clients)
    whole = middle.certified("agent-7.test")
    assert house.enters(whole)
    whole.certificate_file.write_bytes(whole.certificate.public_bytes(Encoding.PEM))
    assert not house.enters(whole)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_protocols_and_ciphers_are_not_spoken(house):
    context = house.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert house.enters(context=context)
    context.set_ciphers("AES128-GCM-SHA256:@SECLEVEL=0")  # no forward secrecy
    assert not house.enters(context=context)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert not house.enters(context=context)


def test_a_resumed_session_does_not_outlive_its_certificate(house):
    certified = house.clients.certified("agent-7.test", ends_days=2.2 / 86400)
    context = house.context(certified)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # 1.3 is given nothing to resume with
    sessions = []

    def entered() -> bool:
        with contextlib.suppress(OSError), house.outer(context=context, session=sessions[-1:]) as conn:
            conn.sendall(b"GET / HTTP/1.1\r\nHost: up.test\r\n\r\n")
            sessions.append(conn.session)
            return conn.recv(100).startswith(b"HTTP/1.1 407")
        return False

    assert entered()
    _within(lambda: not entered())


def test_no_session_is_given_out_in_tls_1_3(house):
    with house.outer() as conn:
        conn.sendall(b"GET / HTTP/1.1\r\nHost: up.test\r\n\r\n")
        conn.recv(100)
        assert conn.version() == "TLSv1.3"
        assert not conn.session.has_ticket


def test_a_client_that_does_not_speak_tls_gets_no_answer_in_http(house):
    with socket.create_connection(("127.0.0.1", house.proxy.port), timeout=5) as raw:
        raw.sendall(b"GET http://up.test/ HTTP/1.1\r\nHost: up.test\r\n%s\r\n" % CREDENTIALS)
        with contextlib.suppress(OSError):
            assert not raw.recv(100).startswith(b"HTTP/")


def test_new_files_are_for_new_connections_and_the_old_ones_stay(fresh, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    house = fresh
    new = Authority(tmp_path, "new clients")
    old_one, new_one = house.clients.certified("agent-7.test"), new.certified("agent-8.test")
    with house.outer(old_one) as conn:
        inner = Wire(house.inside(conn))
        assert not house.enters(new_one)
        house.ca_file.write_bytes(new.file.read_bytes())
        _within(lambda: house.enters(new_one))
        assert not house.enters(old_one)
        assert inner.ask(b"GET /still HTTP/1.1\r\nHost: up.test\r\n\r\n").status == 200
    house.ca_file.write_bytes(b"rubbish")
    _within(lambda: house.enters(new_one) and "keeps its certificates" in caplog.text)
    other = house.servers.certified("127.0.0.1", use=SERVER)
    house.ca_file.write_bytes(new.file.read_bytes())
    house.own.certificate_file.write_bytes(other.certificate_file.read_bytes())
    house.own.key_file.write_bytes(other.key_file.read_bytes())
    _within(lambda: _serial(house) == other.certificate.serial_number)
    assert "PRIVATE" not in caplog.text


def test_a_certificate_on_a_revocation_list_beside_the_authority_is_refused(fresh):
    house = fresh
    kept, revoked = house.clients.certified("kept.test"), house.clients.certified("revoked.test")
    assert house.enters(revoked)
    house.ca_file.write_bytes(house.clients.file.read_bytes() + house.clients.revoking(revoked))
    _within(lambda: not house.enters(revoked))
    assert house.enters(kept)


def test_a_handshake_that_is_not_finished_is_dropped(monkeypatch, turns):
    monkeypatch.setattr(listener_tls, "HANDSHAKE_S", 0.3)
    house = turns.house("fresh")
    with socket.create_connection(("127.0.0.1", house.proxy.port), timeout=5) as raw:
        raw.sendall(b"\x16\x03\x01")
        with contextlib.suppress(ConnectionResetError):
            assert raw.recv(100) == b""


def test_a_connection_counts_before_its_handshake_and_not_after_it_failed(turns):
    house = turns.house("fresh", bounds=Bounds(connections_per_source=2))
    with contextlib.ExitStack() as silent:
        for _ in range(2):
            silent.enter_context(socket.create_connection(("127.0.0.1", house.proxy.port), timeout=5))
        _within(lambda: _clients(house) == 2)
        assert not house.enters(None)
        assert _clients(house) == 2
    _within(lambda: _clients(house) == 0)
    with socket.create_connection(("127.0.0.1", house.proxy.port), timeout=5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"HTTP" not in raw.recv(100)
    _within(lambda: _clients(house) == 0)
    assert all(house.enters(None) for _ in range(20))


def test_stopping_ends_connections_over_tls_too(fresh):
    with contextlib.ExitStack() as stack:
        house = fresh
        conn = stack.enter_context(house.outer())
        inner = Wire(house.inside(conn))
        house.proxy.begin_stop()
        assert house.proxy.wait(10)
        assert inner.rest() == b""


def test_a_large_body_passes_both_ways(house):
    body = b"x" * 900_000
    house.upstream.answer = upstreams.say(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % (4 * len(body)), *[body] * 4
    )
    try:
        with house.outer() as conn:
            inner = Wire(house.inside(conn))
            request = b"POST /big HTTP/1.1\r\nHost: up.test\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            reply = inner.ask(request)
            assert (reply.status, len(reply.body), reply.cut) == (200, 4 * len(body), False)
    finally:
        house.upstream.reset()


def test_an_answer_that_ends_with_its_connection_arrives_whole(house):
    house.upstream.answer = upstreams.say(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwhole"
    )
    try:
        with house.outer() as conn:
            reply = Wire(house.inside(conn)).ask(b"GET / HTTP/1.0\r\nHost: up.test\r\n\r\n")
            assert (reply.status, reply.body) == (200, b"whole")
    finally:
        house.upstream.reset()


# real clients


def test_curl_uses_the_proxy_with_its_certificate(house):
    certified = house.clients.certified("agent-7.test")
    done = subprocess.run(
        [
            "curl", "-sS", "-x", f"https://agent:secret@127.0.0.1:{house.proxy.port}",
            "--proxy-cacert", str(house.servers.file), "--proxy-cert", certified.pair[0], "--proxy-key", certified.pair[1],
            "--cacert", str(house.inner_ca), "https://up.test/",
        ],
        capture_output=True, timeout=20, check=False, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "ok"), done.stderr
    assert house.lets.names == frozenset({written_name("agent-7.test")})


def test_httpx_uses_the_proxy_with_its_certificate(house):
    proxy = httpx.Proxy(
        f"https://agent:secret@127.0.0.1:{house.proxy.port}",
        ssl_context=house.context(house.clients.certified("agent-7.test")),
    )
    inner = ssl.create_default_context(cafile=str(house.inner_ca))
    with httpx.Client(proxy=proxy, verify=inner, trust_env=False) as client:
        assert client.get("https://up.test/").text == "ok"
    assert house.lets.names == frozenset({written_name("agent-7.test")})


def test_requests_uses_the_proxy_by_its_password(house):
    url = f"https://agent:secret@127.0.0.1:{house.proxy.port}"
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get("https://up.test/", proxies={"https": url}, verify=str(house.trust), timeout=10)
    assert answer.text == "ok"


# files that cannot serve


def test_files_that_cannot_serve_stop_the_start(tmp_path):
    authority = Authority(tmp_path, "a")
    one, other = authority.certified(), authority.certified()
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    for files in (
        ListenerTls(certificate=tmp_path / "missing", key=one.key_file),
        ListenerTls(certificate=one.certificate_file, key=other.key_file),
        ListenerTls(certificate=one.certificate_file, key=one.key_file, client_ca=empty),
        ListenerTls(certificate=one.certificate_file, key=one.key_file, client_ca=one.key_file),
    ):
        with pytest.raises(ConfigError) as wrong:
            ListenerContext.of(files)
        assert wrong.value.mend


def _within(holds, seconds=8.0):
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.1)


def _clients(house) -> int:
    return house.proxy.call(lambda: ctx.master.addons.get("aisecops-governance").gate.load.clients.count)


def _serial(house) -> int:
    from cryptography import x509

    with house.outer() as conn:
        return x509.load_der_x509_certificate(conn.getpeercert(binary_form=True)).serial_number


@pytest.mark.parametrize("lane", ["fast", "mitmproxy"])
def test_closing_half_of_a_connection_closes_tls_whole(turns, lane):
    """TLS cannot be closed in one direction; left to itself, the attempt is a crash of the core."""
    house = turns.house("optional") if lane == "fast" else turns.house("core", fast_lane=False)

    def closed():
        governance = ctx.master.addons.get("aisecops-governance")
        [handler] = governance.gate.connected.values()
        handler.close_connection(handler.client, half_close=True)
        return handler.client.state

    _within(lambda: not house.proxy.call(lambda: ctx.master.addons.get("aisecops-governance").gate.connected))
    with house.outer() as conn:
        house.inside(conn)
        assert house.proxy.call(closed) is ConnectionState.CLOSED
        while conn.recv(4096):  # tickets of the inner TLS may still be under way; what counts is that an end comes
            pass
