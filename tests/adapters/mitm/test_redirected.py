"""Redirected connections, part by part. Running, with a network around: `end_to_end/test_transparent.py`."""

from __future__ import annotations

import errno
import socket
import struct
from types import SimpleNamespace

import pytest
from mitmproxy import http, tls
from mitmproxy.test import tflow

from aisecops.adapters.mitm.exchange import Redirected, Tunnel
from aisecops.adapters.mitm.names import Place
from aisecops.adapters.mitm.redirected import NO_PROXY_HERE, enter_tls, original_destination, refused_within, take_place
from aisecops.gateway.enforcer import Caller
from aisecops.model.ids import AgentId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from support.flows import CALLER, a_flow, a_gate
from support.proxy import Lets

DIALLED = Place("203.0.113.7", 443)


class Kernel:
    """A socket of which the kernel tells these two ends."""

    def __init__(self, own, wanted=None, fault=0):
        self._own, self._wanted, self._fault = own, wanted, fault

    def getsockname(self):
        return self._own

    def getsockopt(self, level, name, size):
        if self._fault:
            raise OSError(self._fault, "no")
        host, port = self._wanted
        assert name == 80
        if ":" in host:
            assert level == socket.IPPROTO_IPV6
            packed = struct.pack("!HHL16sL", socket.AF_INET6, port, 0, socket.inet_pton(socket.AF_INET6, host), 0)
        else:
            assert level == socket.SOL_IP
            packed = struct.pack("!HH4s8s", socket.AF_INET, port, socket.inet_aton(host), b"")
        assert len(packed) == size
        return packed


@pytest.mark.parametrize(
    ("own", "wanted", "dialled"),
    [
        (("10.0.0.1", 8080), ("203.0.113.7", 443), ("203.0.113.7", 443)),
        (("10.0.0.1", 8080), ("10.0.0.1", 443), ("10.0.0.1", 443)),
        (("10.0.0.1", 8080), ("10.0.0.1", 8080), None),
        (("::ffff:10.0.0.1", 8080, 0, 0), ("203.0.113.7", 443), ("203.0.113.7", 443)),
        (("::ffff:10.0.0.1", 8080, 0, 0), ("10.0.0.1", 8080), None),
        (("fd00::1", 8080, 0, 0), ("2001:db8::7", 22), ("2001:db8::7", 22)),
        (("fd00::1", 8080, 0, 0), ("fd00::1", 8080), None),
    ],
)
def test_a_connection_was_redirected_when_it_was_meant_for_another_socket(own, wanted, dialled):
    assert original_destination(Kernel(own, wanted)) == dialled


def test_without_connection_tracking_nothing_is_redirected_and_any_other_fault_is_one():
    assert original_destination(Kernel(("10.0.0.1", 8080), fault=errno.ENOENT)) is None
    with pytest.raises(OSError, match="no"):
        original_destination(Kernel(("10.0.0.1", 8080), fault=errno.EPERM))


def test_this_kernel_says_of_an_ordinary_connection_that_it_is_one():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        conn, _ = server.accept()
        with conn:
            assert original_destination(conn) is None


@pytest.mark.parametrize(
    ("hosts", "destination"),
    [
        (["api.test:443"], ("api.test", 443)),
        (["API.test."], ("api.test", 443)),
        (["api.test:8080"], ("api.test", 443)),  # the names check then sees that they disagree
        ([], DIALLED),
        (["api.test", "other.test"], DIALLED),
        (["a b"], DIALLED),
    ],
)
def test_a_plain_request_goes_to_the_host_it_names_and_the_port_it_dialled(hosts, destination):
    request = a_flow(host="10.0.0.1", port=1).request
    request.headers = http.Headers([(b"Host", host.encode()) for host in hosts])
    assert take_place(request, Redirected(DIALLED)) is None
    assert (request.data.host, request.data.port) == destination


def test_a_request_as_to_a_proxy_is_refused():
    assert take_place(a_flow(authority=b"api.test").request, Redirected(DIALLED)) is NO_PROXY_HERE


class Knows(Lets):
    """Knows callers by their network, as transparent mode does."""

    async def identify(self, authorization, *, source, names=None):
        self.calls.append("identify")
        assert authorization is None
        return (
            Caller(agent_id=AgentId("agent"))
            if source == "127.0.0.1"
            else Refuse(code=Code.IDENTITY_REQUIRED, detail="")
        )


async def entered(sni, *, enforcer=None, source="127.0.0.1", stays=True):
    enforcer = enforcer or Knows({("api.test", 443): ("192.0.2.1", 443)})
    gate, client, redirected = a_gate(enforcer), tflow.tclient_conn(), Redirected(DIALLED)
    client.peername = (source, 4711)
    if stays:
        gate.connected[client.id] = SimpleNamespace()
    context = SimpleNamespace(client=client, server=SimpleNamespace(address=tuple(DIALLED)))
    await enter_tls(gate, redirected, tls.ClientHelloData(context, SimpleNamespace(sni=sni)))
    return gate.tunnels.get(client.id), redirected.refuse, context.server.address, enforcer


async def test_tls_under_an_allowed_name_goes_to_that_name():
    tunnel, refuse, address, _ = await entered("API.test")
    assert (tunnel.place, refuse, address) == (("api.test", 443), None, ("api.test", 443))


@pytest.mark.parametrize(
    ("sni", "source", "code", "asked"),
    [
        ("evil.test", "127.0.0.1", Code.DESTINATION_DENIED, ["identify"]),
        (None, "127.0.0.1", Code.PROTOCOL_DENIED, ["identify", "refused"]),
        ("api.test", "192.0.2.9", Code.IDENTITY_REQUIRED, ["identify"]),
    ],
)
async def test_tls_that_may_not_go_on_keeps_its_refusal(sni, source, code, asked):
    tunnel, refuse, address, enforcer = await entered(sni, source=source)
    assert (tunnel, refuse.code, address, enforcer.calls) == (None, code, DIALLED, asked)


async def test_what_a_client_proved_that_has_gone_is_not_kept():
    assert (await entered("api.test", stays=False))[:2] == (None, None)


def test_within_tls_only_a_name_that_was_let_through_counts():
    inside, outside = SimpleNamespace(tls=True), SimpleNamespace(tls=False)
    refuse = Refuse(code=Code.DESTINATION_DENIED, detail="no")
    tunnel = Tunnel(CALLER, Place("api.test", 443))
    assert refused_within(Redirected(DIALLED, refuse), inside, None) is refuse
    assert refused_within(Redirected(DIALLED), inside, None).code is Code.INTERNAL
    assert refused_within(Redirected(DIALLED), inside, tunnel) is None
    assert refused_within(Redirected(DIALLED), outside, None) is None
    assert refused_within(None, inside, None) is None
