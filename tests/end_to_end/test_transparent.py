"""Transparent mode for real: an agent behind a gateway that redirects it, and a world that keeps every packet it gets.

Nothing an agent does may bring a packet of its own into the world; what its allowed requests ask comes from the gateway.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import struct
import sys

import pytest
from mitmproxy.dns import DNSMessage

from support.dns import AAAA, ANY, TXT, query, rcode
from support.namespaces import GATEWAY_V4, GATEWAY_V6, WORLD_V4, WORLD_V6, network, of_agents, unavailable
from support.raw import NOTHING
from support.transparent import MADE_UP_V6, Transparent, code, get

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ELSEWHERE = ["203.0.113.7", "2001:db8::7"]
"""Addresses that nobody was told: somebody in the world has each of them."""


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    if why := unavailable():
        pytest.skip(f"TRANSPARENT MODE IS NOT TESTED HERE: {why}")
    with network() as net:
        installation = Transparent(net, tmp_path_factory.mktemp("transparent"))
        try:
            installation.start()
            yield installation
        finally:
            installation.stop()


# what an agent may do, without knowing of any proxy


@pytest.mark.parametrize(
    "url", ["https://api.test/{}", "http://api.test/{}", "https://six.test/{}", "https://deep.wild.test/{}"]
)
def test_curl_that_knows_of_no_proxy_gets_what_is_allowed(there, url):
    with there.net.watched() as seen:
        assert there.curl(url.format("curl-was-here")) == "ok"
    assert b"/curl-was-here" in there.received
    assert of_agents(seen) == []


def test_a_python_client_that_knows_of_no_proxy_gets_what_is_allowed(there):
    program = "import urllib.request, ssl; print(urllib.request.urlopen('https://api.test/python', context=ssl.create_default_context(cafile=%r)).read())"
    said = there.net.run(there.net.agents, sys.executable, "-c", program % str(there.bundle))
    assert said == "b'ok'\n"


def test_curl_is_told_why_not_inside_tls(there):
    said = there.curl("-w", "%{http_code}", "--resolve", "evil.test:443:203.0.113.7", "https://evil.test/")
    problem, status = json.loads(said[:-3]), said[-3:]
    assert (problem["code"], status) == ("destination_denied", "403")
    assert problem["decision_id"].startswith("dec_")
    assert [
        event for event in there.events(event="decision", code="destination_denied") if "evil.test" in json.dumps(event)
    ]


def test_a_write_needs_a_grant_as_ever_and_is_made_in_the_agents_name(there):
    assert (
        there.curl("-X", "POST", "-d", "{}", "-H", "Content-Type: application/json", "https://api.test/notes/7") == "ok"
    )
    assert b"POST /notes/7" in there.received
    refused = there.curl("-X", "DELETE", "https://api.test/notes/7")
    assert json.loads(refused)["code"] == "tool_undeclared"


@pytest.mark.parametrize("address", ELSEWHERE)
def test_the_name_decides_and_the_address_that_was_dialled_does_not(there, address):
    marker = f"/named-{address}"
    with there.net.watched() as seen, there.plain(address) as wire:
        assert wire.ask(get("api.test", marker)).status == 200
    with there.secure("169.254.169.254" if "." in address else address, "api.test") as wire:
        assert wire.ask(get("api.test", marker)).status == 200
    assert there.servers[0].received.count(marker.encode()) == there.servers[1].received.count(marker.encode()) == 1
    assert of_agents(seen) == []
    packed = socket.inet_pton(_datagrams(address)[0], address)
    assert not [packet for packet in seen if packed in packet[14:54]]


def test_the_control_plane_answers_under_its_own_name(there):
    assert '"status"' in there.curl("http://aisecops.internal/healthz")
    assert "destination_denied" in there.curl("http://aisecops.internal/metrics")


def test_clients_that_know_their_proxy_are_served_beside_the_redirected(there):
    proxy = f"http://knows-its-proxy:{there.secret}@{GATEWAY_V4}:8080"
    assert there.curl("-x", proxy, "https://api.test/explicit") == "ok"
    assert there.curl("-x", proxy.replace(GATEWAY_V4, f"[{GATEWAY_V6}]"), "http://api.test/explicit6") == "ok"
    assert b"/explicit6" in there.received


# names


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("resolver", ["8.8.8.8", "2001:4860:4860::8888", GATEWAY_V4])
def test_any_resolver_an_agent_asks_is_ours_and_knows_allowed_names_alone(there, resolver, tcp):
    with there.net.watched() as seen:
        told = DNSMessage.unpack(there.look_up(query("api.test"), resolver=resolver, tcp=tcp))
        assert told.answers[0].ipv4_address in ipaddress.ip_network("198.18.0.0/15")
        told = DNSMessage.unpack(there.look_up(query("a.wild.test", AAAA), resolver=resolver, tcp=tcp))
        assert told.answers[0].ipv6_address in ipaddress.ip_network(MADE_UP_V6)
        for refused in (query("4111-secret.evil.test"), query("api.test", TXT), query("api.test", ANY)):
            assert rcode(there.look_up(refused, resolver=resolver, tcp=tcp)) == 5
    assert of_agents(seen) == []
    assert not [packet for packet in seen if b"secret" in packet or b"wild" in packet]
    assert "secret" not in there.said()


def test_answers_are_counted(there):
    there.look_up(query("evil.test"))
    assert 'aisecops_dns_queries_total{answer="refused"}' in there.metrics()


# what an agent may not do


@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize("port", [22, 853, 8080, 5353, 31337])
def test_raw_tcp_to_any_port_of_anybody_stays_here(there, address, port):
    with there.net.watched() as seen, there.plain(address, port) as wire:
        reply = wire.ask(b"SSH-2.0-smuggler\r\n\r\n")
    assert reply == NOTHING or code(reply) == "protocol_denied"
    assert of_agents(seen) == []
    assert b"smuggler" not in there.received + b"".join(seen)


@pytest.mark.parametrize(("address", "level"), [(ELSEWHERE[0], socket.SOL_IP), (ELSEWHERE[1], socket.IPPROTO_IPV6)])
@pytest.mark.parametrize("port", [443, 80])
def test_quic_is_refused_at_once(there, address, level, port):
    with there.net.watched() as seen, there.net.socket(there.net.agents, *_datagrams(address)) as sock:
        sock.connect((address, port))
        sock.send(b"smuggled")
        with pytest.raises((ConnectionRefusedError, OSError)) as refused:
            sock.recv(10)
        assert not isinstance(refused.value, TimeoutError)
    assert of_agents(seen) == []


@pytest.mark.parametrize("address", [*ELSEWHERE, WORLD_V4, WORLD_V6])
def test_other_datagrams_and_pings_go_nowhere(there, address):
    with there.net.watched() as seen:
        for port in (123, 4433, 51820):
            with there.net.socket(there.net.agents, *_datagrams(address)) as sock:
                sock.sendto(b"smuggled", (address, port))
        family = _datagrams(address)[0]
        protocol, echo = (socket.IPPROTO_ICMPV6, 128) if ":" in address else (socket.IPPROTO_ICMP, 8)
        with there.net.socket(there.net.agents, family, socket.SOCK_RAW, protocol) as sock:
            sock.sendto(struct.pack("!BBHHH", echo, 0, 0, 1, 1) + b"smuggled in a ping", (address, 0))
        with there.net.socket(there.net.agents, family, socket.SOCK_RAW, 47) as sock:
            sock.sendto(b"\0\0\x08\0smuggled in a tunnel", (address, 0))
    assert of_agents(seen) == []
    assert not [packet for packet in seen if b"smuggled" in packet]


def test_an_agent_speaks_from_its_own_address_alone(there):
    stolen = "10.77.9.9"
    there.net.run(there.net.agents, "ip", "addr", "add", f"{stolen}/32", "dev", "lo")
    with there.net.watched() as seen, there.net.socket(there.net.agents, socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind((stolen, 0))
        sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            sock.connect((ELSEWHERE[0], 80))
    assert not [packet for packet in seen if socket.inet_aton(stolen) in packet[14:54]]  # nor an answer to it


def test_who_is_no_agent_by_its_network_is_told_so_in_tls_too(there):
    stranger = "10.77.1.77"
    there.net.run(there.net.agents, "ip", "addr", "add", f"{stranger}/24", "dev", "a0")
    said = there.curl("--interface", stranger, "-w", "%{http_code}", "https://api.test/stranger")
    assert (json.loads(said[:-3])["code"], said[-3:]) == ("identity_required", "407")
    said = there.curl("--interface", stranger, "http://api.test/stranger")
    assert json.loads(said)["code"] == "identity_required"
    assert b"/stranger" not in there.received


def test_tls_without_a_name_is_refused_inside_tls_and_recorded(there):
    with there.secure(ELSEWHERE[0], None) as wire:
        reply = wire.ask(get("api.test", "/nameless"))
    assert code(reply) == "protocol_denied"
    assert b"SNI" in reply.body
    assert b"/nameless" not in there.received
    assert [event for event in there.events(event="decision", code="protocol_denied") if "SNI" in json.dumps(event)]


@pytest.mark.parametrize(
    ("sni", "host", "refusal"),
    [
        ("api.test", "six.test", "protocol_denied"),
        ("api.test", "evil.test", "protocol_denied"),
        ("evil.test", "api.test", "destination_denied"),
        ("api.test", "api.test:8443", "protocol_denied"),
    ],
)
def test_names_that_disagree_in_tls_are_refused(there, sni, host, refusal):
    with there.secure(WORLD_V4, sni) as wire:
        assert code(wire.ask(get(host, "/disagree"))) == refusal
    assert b"/disagree" not in there.received


@pytest.mark.parametrize(
    ("head", "refusal"),
    [
        (get("169.254.169.254", "/fronted"), "destination_denied"),
        (get("[fd77:2::2]", "/fronted"), "destination_denied"),
        (get("2852039166", "/fronted"), "destination_denied"),
        (get("evil.test", "/fronted"), "destination_denied"),
        (get("api.test:81", "/fronted"), "protocol_denied"),
        (get("api.test", "/fronted", "Host: six.test"), "protocol_denied"),
        (b"GET /fronted HTTP/1.1\r\n\r\n", "protocol_denied"),
        (b"GET http://api.test/fronted HTTP/1.1\r\nHost: api.test\r\n\r\n", "protocol_denied"),
        (b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n", "protocol_denied"),
    ],
)
def test_a_plain_request_goes_where_its_one_name_says_or_nowhere(there, head, refusal):
    with there.net.watched() as seen, there.plain(WORLD_V4) as wire:
        assert code(wire.ask(head)) == refusal
    assert b"/fronted" not in there.received + b"".join(seen)


@pytest.mark.parametrize("port", [8081, 9464])
def test_the_gateways_own_ports_are_not_reached(there, port):
    for host in (f"{GATEWAY_V4}:{port}", f"localhost:{port}", f"aisecops.internal:{port}"):
        with there.plain(GATEWAY_V4, port) as wire:
            assert code(wire.ask(get(host, "/metrics"))) == "destination_denied"


def test_an_encrypted_hello_is_read_by_its_outer_name_alone(there):
    with there.net.watched() as seen, there.plain(WORLD_V4, 443) as wire:
        wire.send(_hello("evil.test", extension=0xFE0D))
        wire.more()
    assert of_agents(seen) == []
    assert b"evil.test" not in b"".join(seen)


# last: what stands between, taken away


def test_the_world_would_hear_all_of_it_without_the_rules(there):
    there.unload_rules()
    try:
        with there.net.watched() as seen, there.plain(WORLD_V4, 22) as wire:
            wire.send(b"smuggler")
        with there.net.watched() as more, there.net.socket(there.net.agents, *_datagrams(WORLD_V6)) as sock:
            sock.sendto(b"smuggled", (WORLD_V6, 443))
    finally:
        there.load_rules()
    assert of_agents(seen)
    assert of_agents(more)


def test_a_dead_gateway_means_no_traffic(there):
    there.kill()
    with there.net.watched() as seen:
        for address in (*ELSEWHERE, WORLD_V4, WORLD_V6):
            for port in (80, 443, 22):
                with pytest.raises(OSError):
                    there.net.dial(address, port).close()
            assert there.look_up(query("api.test"), resolver=address) is None
        assert there.curl("https://api.test/dead") == ""
    assert of_agents(seen) == []


def _datagrams(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM


def _hello(name, *, extension):
    """A ClientHello of the real library with one more extension."""
    import ssl

    sent = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    record = bytearray(sent.read())
    at = 5 + 4 + 2 + 32
    at += 1 + record[at]
    at += 2 + int.from_bytes(record[at : at + 2])
    at += 1 + record[at]
    more = struct.pack("!HH", extension, 64) + b"e" * 64
    for place, size in ((at, 2), (6, 3), (3, 2)):
        record[place : place + size] = (int.from_bytes(record[place : place + size]) + len(more)).to_bytes(size)
    return bytes(record) + more
