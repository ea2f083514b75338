"""Every way past the gate that we know of, tried on the real host with real sockets; beside each, one that passes."""

from __future__ import annotations

import json

from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from support.raw import CREDENTIALS, plain, secure

GET = b"GET /hello HTTP/1.1\r\nHost: api.test\r\n\r\n"


def code(body: bytes) -> str:
    return json.loads(body)["code"]


def test_an_admitted_request_reaches_the_upstream_and_its_answer_comes_back(host):
    with secure(host.port, "api.test:443", host.ca) as wire:
        reply = wire.ask(GET)
    assert (reply.status, reply.body) == (200, b"ok")
    assert reply.headers["aisecops-decision"] == "dec_1"
    assert host.upstream.received == GET
    assert len(host.enforcer.settled) == 1


def test_a_plain_request_reaches_the_upstream(host):
    with plain(host.port) as wire:
        reply = wire.ask(b"GET http://api.test/hello HTTP/1.1\r\nHost: api.test\r\n" + CREDENTIALS + b"\r\n")
    assert (reply.status, reply.body) == (200, b"ok")
    assert host.plain_upstream.received == GET


def test_a_refused_request_reaches_nobody(host):
    host.enforcer.refuses, host.enforcer.refuses_in = Refuse(code=Code.POLICY_DENIED, detail="no"), "admit"
    with secure(host.port, "api.test:443", host.ca) as wire:
        reply = wire.ask(GET)
    assert (reply.status, code(reply.body)) == (403, "policy_denied")
    assert not host.upstream.connections


def test_a_connect_without_credentials_is_told_how(host):
    with plain(host.port) as wire:
        reply = wire.ask(b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n")
    assert (reply.status, reply.reason) == (407, "identity_required")
    assert reply.headers["proxy-authenticate"] == 'Basic realm="aisecops"'
