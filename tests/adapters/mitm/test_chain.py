"""The real host behind a corporate proxy that records: what it is asked, what passes, and what its failures become."""

from __future__ import annotations

import json
import logging
import ssl

import pytest

from aisecops.adapters.mitm import chain
from aisecops.model.upstream import UpstreamProxy
from support import certificates
from support.corporate import running_corporate_proxy
from support.proxy import Lets, running_proxy
from support.raw import CREDENTIALS, plain, secure
from support.upstream import Authority, running_upstream

SECRET = "Basic dXM6aHVzaC1odXNo"
PLACE, PLAIN = "up.test:443", "up.test:80"


class House:
    def __init__(self, *, proxy, corporate, upstream, unencrypted, lets, ca) -> None:
        self.proxy, self.corporate, self.upstream, self.unencrypted = proxy, corporate, upstream, unencrypted
        self.lets, self.ca = lets, ca

    def ask(self, path=b"/"):
        with secure(self.proxy.port, PLACE, self.ca) as wire:
            return wire.ask(b"GET %s HTTP/1.1\r\nHost: up.test\r\n\r\n" % path)


@pytest.fixture(scope="module", params=["http", "https"])
def house(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    authority, corporate_ca = Authority(folder), certificates.Authority(folder, "corp")
    trust = folder / "trust.pem"
    trust.write_bytes(authority.file.read_bytes() + corporate_ca.file.read_bytes())
    tls = None
    if request.param == "https":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*corporate_ca.certified("proxy.corp.test", use=certificates.SERVER).pair)
    with (
        running_upstream(authority.server_context("up.test")) as upstream,
        running_upstream() as unencrypted,
        running_corporate_proxy({PLACE: upstream.port, PLAIN: unencrypted.port}, tls) as corporate,
    ):
        there = ("127.0.0.1", corporate.port)
        lets = Lets({("up.test", 443): there, ("up.test", 80): there, ("other.test", 443): there})
        settings = {
            "upstream_proxy": UpstreamProxy(
                scheme=request.param, host="proxy.corp.test", port=corporate.port, authorization=SECRET
            ),
            "upstream_trust": trust,
        }
        with running_proxy(folder / "certs", lets, **settings) as proxy:
            ca = folder / "certs" / "mitmproxy-ca-cert.pem"
            yield House(proxy=proxy, corporate=corporate, upstream=upstream, unencrypted=unencrypted, lets=lets, ca=ca)


@pytest.fixture(autouse=True)
def _anew(house):
    for recording in (house.corporate, house.upstream, house.unencrypted, house.lets):
        recording.reset()
    house.lets.forward = {"through_proxy": True}


def test_a_request_goes_through_the_proxy_by_name_and_is_sealed_from_it(house):
    reply = house.ask(b"/marked-path")
    assert (reply.status, reply.body) == (200, b"ok")
    [asked] = house.corporate.asked
    assert asked == b"CONNECT up.test:443 HTTP/1.1\r\nHost: up.test:443\r\nProxy-Authorization: %s\r\n\r\n" % (
        SECRET.encode()
    )
    assert b"marked-path" in house.upstream.received
    assert b"marked-path" not in house.corporate.passed
    assert SECRET.encode() not in house.upstream.received


def test_plain_http_goes_through_a_tunnel_too(house):
    with plain(house.proxy.port) as wire:
        reply = wire.ask(b"GET http://up.test/x HTTP/1.1\r\nHost: up.test\r\n%s\r\n" % CREDENTIALS)
    assert reply.status == 200
    assert house.corporate.asked[0].startswith(b"CONNECT up.test:80 ")
    assert b"GET /x HTTP/1.1\r\n" in house.unencrypted.received
    assert b"Proxy-Authorization" not in house.unencrypted.received


def test_one_connection_serves_several_requests_to_one_place(house):
    with secure(house.proxy.port, PLACE, house.ca) as wire:
        for _ in range(3):
            assert wire.ask(b"GET / HTTP/1.1\r\nHost: up.test\r\n\r\n").status == 200
    assert len(house.corporate.asked) == 1


def test_a_connection_is_never_used_for_another_place(house):
    house.lets.places["up.test", 81] = house.lets.places["up.test", 80]
    house.corporate.leads["up.test:81"] = house.unencrypted.port
    with plain(house.proxy.port) as wire:
        for host in (b"up.test", b"up.test:81"):
            wire.ask(b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (host, host, CREDENTIALS))
    assert [asked.split()[1] for asked in house.corporate.asked] == [b"up.test:80", b"up.test:81"]


def test_the_upstreams_certificate_is_checked_end_to_end(house):
    house.lets.places["other.test", 443] = house.lets.places["up.test", 443]
    house.corporate.leads["other.test:443"] = house.upstream.port
    with secure(house.proxy.port, "other.test:443", house.ca) as wire:
        reply = wire.ask(b"GET /marked HTTP/1.1\r\nHost: other.test\r\n\r\n")
    assert reply.status == 502
    assert "a certificate for another name" in json.loads(reply.body)["detail"]
    assert b"marked" not in house.upstream.received


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=evil\r\n\r\n", "(407)"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nevil", "does not let us go there (403)"),
        (b"HTTP/1.0 502 evil\r\n\r\n", "(502)"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\n\r\n", "(302)"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "(100)"),
        (b"evil\r\n\r\n", "what is not HTTP"),
        (b"SSH-2.0-evil\r\n", "what is not HTTP"),
        (b"", "broke off"),
        (b"HTTP/1.1 200 OK\r\nevil: " + b"x" * 40_000 + b"\r\n\r\n", "what is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "what is not HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "what is not HTTP"),
    ],
)
def test_a_proxy_that_does_not_lead_on_is_named_and_nothing_leaves(house, answer, words, caplog):
    caplog.set_level(logging.DEBUG)
    house.corporate.answer = answer
    reply = house.ask(b"/marked")
    assert reply.status == 502
    told = json.loads(reply.body)
    assert "`up.test:443`" in told["detail"]
    assert f"the upstream proxy `proxy.corp.test:{house.corporate.port}`" in told["detail"]
    assert words in told["detail"]
    shown = reply.body.decode() + str(reply.headers) + caplog.text
    assert "evil" not in shown
    assert "hush" not in shown
    assert SECRET not in shown
    assert house.lets.abandoned[-1][1] is False
    assert house.upstream.received == b""


def test_a_proxy_that_is_silent_is_a_timeout(house, monkeypatch):
    house.corporate.silent = True
    dial = house.proxy.call(_dial)
    monkeypatch.setattr(dial._chain, "_within_s", 0.3)
    reply = house.ask()
    assert reply.status == 504
    assert "the upstream proxy" in json.loads(reply.body)["detail"]


def test_a_proxy_that_is_not_there_is_named(house):
    gone = ("127.0.0.1", 1)
    house.lets.forward = {"through_proxy": True, "addresses": (gone,)}
    reply = house.ask()
    assert reply.status == 502
    assert "could not be reached" in json.loads(reply.body)["detail"]


def test_what_is_admitted_directly_is_not_led_through_the_proxy(house):
    house.lets.forward = {"addresses": (("127.0.0.1", house.upstream.port),)}
    assert house.ask().status == 200
    assert house.corporate.asked == []


def test_a_host_without_a_proxy_never_dials_one_directly(house, monkeypatch):
    monkeypatch.setattr(house.proxy.call(_dial), "_chain", None)
    assert house.ask(b"/marked").status in {403, 502}
    assert house.corporate.asked == []


def test_a_proxy_is_asked_for_a_name_with_a_readable_line():
    asked = chain.Chain(UpstreamProxy(scheme="http", host="p", port=1), None)._request(chain.Place("::1", 443))
    assert asked == b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n"


def _dial():
    from mitmproxy import ctx

    return ctx.master.addons.get("aisecops-dial")
