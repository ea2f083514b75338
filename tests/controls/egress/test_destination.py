from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.egress.destination import AddressClass, address_class, host_shape, judge_addresses
from aisecops.model.decision import Verdict
from aisecops.model.refusals import Code

OWN = frozenset({("127.0.0.1", 8080), ("::1", 8081)})


def verdict(*addresses: str, port: int = 443, fixed: bool = False, own: frozenset[tuple[str, int]] = OWN) -> Verdict:
    return judge_addresses([(address, port) for address in addresses], fixed=fixed, own=own).verdict


@pytest.mark.parametrize(
    ("ip", "kind"),
    [
        ("93.184.215.14", AddressClass.PUBLIC),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", AddressClass.PUBLIC),
        ("10.0.0.1", AddressClass.PRIVATE),
        ("172.16.5.5", AddressClass.PRIVATE),
        ("192.168.1.1", AddressClass.PRIVATE),
        ("fd12:3456::1", AddressClass.PRIVATE),
        ("fec0::1", AddressClass.PRIVATE),
        ("127.0.0.1", AddressClass.LOOPBACK),
        ("127.255.255.254", AddressClass.LOOPBACK),
        ("::1", AddressClass.LOOPBACK),
        ("169.254.1.1", AddressClass.LINK_LOCAL),
        ("fe80::1", AddressClass.LINK_LOCAL),
        ("fe80::1%eth0", AddressClass.LINK_LOCAL),
        ("169.254.169.254", AddressClass.METADATA),
        ("100.100.100.200", AddressClass.METADATA),
        ("fd00:ec2::254", AddressClass.METADATA),
        ("168.63.129.16", AddressClass.METADATA),
        ("224.0.0.1", AddressClass.MULTICAST),
        ("ff02::1", AddressClass.MULTICAST),
        ("100.64.0.1", AddressClass.CGNAT),
        ("0.0.0.0", AddressClass.UNSPECIFIED),
        ("::", AddressClass.UNSPECIFIED),
        ("240.0.0.1", AddressClass.RESERVED),
        ("255.255.255.255", AddressClass.RESERVED),
        ("::ffff:127.0.0.1", AddressClass.LOOPBACK),
        ("::ffff:169.254.169.254", AddressClass.METADATA),
        ("::ffff:93.184.215.14", AddressClass.PUBLIC),
        ("::127.0.0.1", AddressClass.LOOPBACK),
        ("64:ff9b::a00:1", AddressClass.PRIVATE),
        ("64:ff9b::a9fe:a9fe", AddressClass.METADATA),
        ("64:ff9b::5db8:d70e", AddressClass.PUBLIC),
        ("2002:7f00:1::", AddressClass.LOOPBACK),
        ("2002:a9fe:a9fe::1", AddressClass.METADATA),
        ("not an address", AddressClass.UNREADABLE),
        ("127.1", AddressClass.UNREADABLE),
        ("0177.0.0.1", AddressClass.UNREADABLE),
        ("", AddressClass.UNREADABLE),
    ],
)
def test_an_address_has_the_class_of_where_it_leads(ip: str, kind: AddressClass) -> None:
    assert address_class(ip) is kind


def test_teredo_leads_where_its_client_is() -> None:
    hidden = int(ipaddress.IPv4Address("169.254.169.254")) ^ 0xFFFFFFFF
    teredo = ipaddress.IPv6Address((0x20010000 << 96) | (int(ipaddress.IPv4Address("8.8.8.8")) << 64) | hidden)
    assert address_class(str(teredo)) is AddressClass.METADATA


@given(st.ip_addresses())
def test_only_global_addresses_are_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if address_class(str(address)) is AddressClass.PUBLIC:
        nat64 = any(address in ipaddress.ip_network(n) for n in ("64:ff9b::/96", "64:ff9b:1::/48"))
        assert address.is_global or nat64
        assert not address.is_multicast


@given(st.text(max_size=40))
def test_any_text_has_a_class_and_a_shape(text: str) -> None:
    address_class(text)
    host_shape(text)


def test_public_addresses_may_be_dialled() -> None:
    assert verdict("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c") is Verdict.ALLOW


def test_one_private_address_among_public_ones_denies_all() -> None:
    judgment = judge_addresses([("93.184.215.14", 443), ("10.0.0.1", 443)], fixed=False, own=OWN)
    assert judgment.verdict is Verdict.DENY
    assert judgment.reasons[0].code is Code.DESTINATION_DENIED
    assert "`10.0.0.1` is a private address" in judgment.reasons[0].detail


def test_no_address_at_all_is_denied() -> None:
    assert verdict() is Verdict.DENY


@pytest.mark.parametrize("ip", ["10.0.0.1", "127.0.0.1", "fd12::1", "100.64.0.1", "93.184.215.14"])
def test_an_operator_may_fix_an_address_inside(ip: str) -> None:
    assert verdict(ip, port=9443, fixed=True) is Verdict.ALLOW


@pytest.mark.parametrize(
    "ip", ["169.254.169.254", "169.254.1.1", "fe80::1", "0.0.0.0", "224.0.0.1", "::ffff:169.254.169.254", "x"]
)
def test_nobody_may_fix_an_address_to_metadata_or_nowhere(ip: str) -> None:
    assert verdict(ip, fixed=True) is Verdict.DENY


@pytest.mark.parametrize("ip", ["127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1"])
def test_the_gateway_does_not_dial_itself_in_any_spelling(ip: str) -> None:
    assert verdict(ip, port=8080, fixed=True) is Verdict.DENY
    assert verdict(ip, port=8082, fixed=True) is Verdict.ALLOW


def test_a_listener_on_every_address_is_reached_on_loopback_too() -> None:
    for listener in ("0.0.0.0", "::"):
        assert verdict("127.0.0.53", port=8081, fixed=True, own=frozenset({(listener, 8081)})) is Verdict.DENY


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_outside_the_range_is_denied(port: int) -> None:
    assert verdict("93.184.215.14", port=port) is Verdict.DENY


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "API.openai.com",
        "a.b-c.d",
        "xn--bcher-kva.example",
        "crm.internal",
        "my_bucket.s3.amazonaws.com",
        "localhost",
        "3com.com",
        "1.2.3.4.example",
    ],
)
def test_a_plain_name_is_well_shaped(host: str) -> None:
    assert host_shape(host).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    "host",
    [
        "", ".", "example.com.", "a..b", ".a", "-a.com", "a-.com", "a" * 64 + ".com", "a." * 127 + "com", "b\u00fccher.example",
        "exam\u2024ple.com", "\uff11\uff12\uff17.0.0.1", "a b.com", "a\x00.com", "a/b", "a@b", "a:80", "[::1]", "::1", "[::ffff:127.0.0.1]",
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.0.0.0x1", "0X7F.0.0.1",
        "1.2.3.4.5", "0x", "example.0x7f", "foo.123", "*.example.com", "example._tcp", "%31.example.com", "a\n.com",
    ],
)  # fmt: skip
def test_an_address_in_any_spelling_and_any_odd_name_is_denied(host: str) -> None:
    judgment = host_shape(host)
    assert judgment.verdict is Verdict.DENY
    assert judgment.reasons[0].code is Code.DESTINATION_DENIED
    assert judgment.reasons[0].detail.isascii()


@given(st.text(alphabet="0123456789.xXabcdef", min_size=1, max_size=18))
def test_what_the_system_reads_as_an_address_is_no_name(host: str) -> None:
    try:
        socket.inet_aton(host)
    except OSError:
        return
    assert host_shape(host).verdict is Verdict.DENY
