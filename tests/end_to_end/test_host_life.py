"""The host from start to end: what closes it for good, how it drains, what it says when things take too long or break."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time

import mitmproxy.ctx
import pytest
from mitmproxy.exceptions import OptionsError

from aisecops.adapters.mitm.bounds import Bounds
from aisecops.adapters.mitm.stream_layer import GovernedStream
from aisecops.model.errors import ConfigError
from support.proxy import Echo, HostSettings, Lets, Proxy, Stranger, raising, running_proxy
from support.raw import NOTHING, plain, secure, tunnel

GET = b"GET /hello HTTP/1.1\r\nHost: api.test\r\n\r\n"
PLACE = "api.test:443"
CANARY = b"canary-5f1d"


class Own:
    """A host of a test's own, which it may break."""

    def __init__(self, proxy, enforcer: Lets, stranger: Stranger, upstream, ca) -> None:
        self.proxy, self.enforcer, self.stranger, self.upstream, self.ca = proxy, enforcer, stranger, upstream, ca
        self.port = proxy.port

    def ask(self, request: bytes = GET):
        try:
            with secure(self.port, PLACE, self.ca) as wire:
                return wire.ask(request)
        except TimeoutError:
            raise  # that is no end
        except (OSError, AssertionError):
            return NOTHING


@pytest.fixture
def start(folder, authority, enforcer, upstreams):
    """A function that starts a host with settings of the test's own."""
    with contextlib.ExitStack() as stack:

        def begin(**settings) -> Own:
            upstreams[0].reset()
            stranger = Stranger()
            proxy = stack.enter_context(
                running_proxy(
                    folder / "certs", enforcer, upstream_trust=authority.file, strangers=[stranger], **settings
                )
            )
            return Own(proxy, enforcer, stranger, upstreams[0], folder / "certs" / "mitmproxy-ca-cert.pem")

        yield begin


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("rawtcp", True),
        ("http2", True),
        ("connection_strategy", "eager"),
        ("ignore_hosts", ["api.test"]),
        ("validate_inbound_headers", False),
        ("ssl_insecure", True),
        ("stream_large_bodies", "1"),
        ("mode", ["regular@0"]),
    ],
)
def test_changing_a_pinned_option_closes_the_gate_for_good(start, option, value):
    own = start()
    assert own.ask().status == 200
    before = getattr(mitmproxy.ctx.options, option)
    with pytest.raises(OptionsError, match="pinned by the gateway"):
        own.proxy.call(lambda: mitmproxy.ctx.options.update(**{option: value}))
    assert getattr(mitmproxy.ctx.options, option) == before
    own.upstream.reset()
    assert own.ask().status in {0, 503}
    assert not own.upstream.received


def test_an_option_that_is_not_pinned_may_change(start):
    own = start()
    own.proxy.call(lambda: mitmproxy.ctx.options.update(key_size=4096))
    assert own.ask().status == 200


def test_an_addon_that_ends_the_process_lets_nothing_out_first(start):
    own = start(drain_s=0.1)
    own.stranger.does["request"] = raising(SystemExit(0))
    assert own.ask().status in {0, 503}
    assert own.proxy.wait(5)
    assert not own.upstream.received
    assert isinstance(own.proxy.failure, ConfigError)


def test_an_addon_that_fails_while_starting_keeps_the_gate_closed(folder, enforcer):
    stranger = Stranger()
    stranger.does["running"] = raising(KeyError("x"))
    proxy = Proxy(HostSettings(confdir=folder / "certs", listen_port=0), enforcer, [stranger])
    with pytest.raises(ConfigError, match="an addon ended the proxy"):
        proxy.start()


def test_an_addon_after_the_seal_changes_nothing(start):
    class Late:
        name = "late"

        def request(self, flow):
            flow.response = None
            flow.request.path = "/elsewhere"

    own = start()
    own.proxy.call(lambda: mitmproxy.ctx.master.addons.add(Late()))
    assert own.ask().status == 503
    assert not own.upstream.received


def test_without_our_addons_nothing_passes(start):
    own = start()
    with secure(own.port, PLACE, own.ca) as wire:
        assert wire.ask(GET).status == 200
        own.upstream.reset()
        own.proxy.call(mitmproxy.ctx.master.addons.chain.clear)
        own.proxy.call(mitmproxy.ctx.master.addons._forget_listeners)
        assert wire.ask(GET).status == 503
    assert not own.upstream.received


def test_a_stopping_host_finishes_what_is_under_way_and_takes_nothing_new(start):
    own = start(drain_s=5)
    goes_on = []
    own.enforcer.go_on = lambda: bool(goes_on)
    with secure(own.port, PLACE, own.ca) as wire, secure(own.port, PLACE, own.ca) as idle:
        wire.send(GET)
        assert own.enforcer.admitting.wait(5)
        own.proxy.begin_stop()
        reply = idle.ask(GET)
        assert (reply.status, json.loads(reply.body)["detail"]) == (503, "the gateway is stopping; try again")
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", own.port), timeout=2).close()
        goes_on.append(1)
        assert wire.read().status == 200
    assert own.proxy.wait(5)
    assert own.proxy.failure is None


def test_a_stopping_host_does_not_wait_for_ever(start):
    own = start(drain_s=0.2)
    own.enforcer.go_on = lambda: False
    with secure(own.port, PLACE, own.ca) as wire:
        wire.send(GET)
        assert own.enforcer.admitting.wait(5)
        own.proxy.begin_stop()
        assert wire.rest() == b""
    assert own.proxy.wait(5)


def test_an_upstream_that_stays_silent_is_told_as_a_timeout(start):
    own = start(bounds=Bounds(first_byte_s=0.5))
    own.upstream.answer = lambda _request, _send: None
    reply = own.ask()
    assert (reply.status, json.loads(reply.body)["title"]) == (504, "Gateway Timeout")
    assert own.enforcer.abandoned == [("permit-1", True)]


def test_a_port_that_is_taken_stops_the_start(folder, enforcer, start):
    own = start()
    second = Proxy(HostSettings(confdir=folder / "certs", listen_port=own.port), enforcer, ())
    with pytest.raises(ConfigError, match=r"cannot listen on .*: address already in use"):
        second.start()


def test_without_a_certificate_authority_nothing_starts(tmp_path, enforcer):
    with pytest.raises(ConfigError, match="no certificate authority"):
        Proxy(HostSettings(confdir=tmp_path), enforcer, ()).start()


def test_two_hosts_may_share_a_port(start):
    own = start(reuse_port=True)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", own.port))


def test_a_crash_of_the_core_ends_the_connection_and_keeps_its_bytes_out_of_the_log(start, monkeypatch, caplog):
    def crash(_self, event):
        raise AssertionError(event)

    own = start()
    monkeypatch.setattr(GovernedStream, "state_consume_request_body", crash)
    caplog.set_level(logging.DEBUG)
    reply = own.ask(b"POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 11\r\n\r\n" + CANARY)
    assert reply == NOTHING
    assert not own.upstream.received
    assert "the proxy core failed" in caplog.text
    assert CANARY.decode() not in caplog.text


def test_what_peers_send_is_not_logged(start, caplog):
    caplog.set_level(logging.DEBUG)
    own = start()
    own.upstream.answer = lambda _request, send: send(CANARY + b"\r\n\r\n")
    assert own.ask().status == 502
    with tunnel(own.port, PLACE) as wire:
        wire.send(CANARY)
    with plain(own.port) as wire:
        wire.send(CANARY)
    own.stranger.does["request"] = raising(ValueError(CANARY.decode()))
    own.ask()
    time.sleep(0.05)
    assert CANARY.decode() not in caplog.text


def test_many_clients_at_once_are_served_each_its_own(start):
    own = start()
    replies: list[int] = []
    threads = [threading.Thread(target=lambda: replies.append(own.ask().status)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert replies == [200] * 12


def test_a_stream_in_progress_is_drained(start):
    own = start(drain_s=5)
    own.enforcer.stream = Echo()
    goes_on = threading.Event()

    def answer(_request, send):
        send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        assert goes_on.wait(5)
        send(b"3\r\ntwo\r\n0\r\n\r\n")

    own.upstream.answer = answer
    with secure(own.port, PLACE, own.ca) as wire:
        wire.send(GET)
        while b"one" not in wire.more():
            pass
        own.proxy.begin_stop()
        goes_on.set()
        assert wire.read().body == b"onetwo"
    assert own.proxy.wait(5)
