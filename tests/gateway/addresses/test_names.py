"""Which names are answered, and with what."""

from __future__ import annotations

import ipaddress
import logging
from types import SimpleNamespace

import pytest
from mitmproxy.dns import DNSMessage

from aisecops.controls.policy.match import host_known
from aisecops.gateway.addresses.names import LINES_A_MINUTE, FewLines, MadeUpAddresses, NameAnswers
from support.dns import AAAA, ANY, AXFR, TXT, query, rcode
from support.rules_text import rules

RULES = """
tools:
  crm.read: {match: {host: crm.test, method: GET}, effect: read}
  odd.read: {match: {host: "odd.test:8443", method: GET}, effect: read}
models:
  openai: {match: {host: api.openai.com}, dialect: openai}
sources:
  - {match: {host: "*.wiki.test"}, tier: external}
"""


class House:
    """The rules above, a clock that stands, and what was counted."""

    def __init__(self, ipv6=None):
        self.counted = []
        self.now_ms = 1_000_000
        self.rules = rules(RULES)
        self.names = NameAnswers(
            SimpleNamespace(current=lambda: self.rules),
            SimpleNamespace(now_ms=lambda: self.now_ms),
            ipv4="198.18.0.0/15",
            ipv6=ipv6,
            own_names=frozenset({"aisecops.internal"}),
            count=self.counted.append,
        )

    def ask(self, message):
        return self.names.answer(message)

    def address(self, name, kind=1):
        told = DNSMessage.unpack(self.ask(query(name, kind)))
        return [str(ipaddress.ip_address(record.data)) for record in told.answers]


@pytest.mark.parametrize(
    "name",
    ["crm.test", "CRM.test", "odd.test", "api.openai.com", "en.wiki.test", "a.b.wiki.test", "aisecops.internal"],
)
def test_a_name_that_a_rule_names_has_an_address_of_the_network_always_the_same(name):
    house = House()
    (address,) = house.address(name)
    assert ipaddress.ip_address(address) in ipaddress.ip_network("198.18.0.0/15")
    assert house.address(name.lower()) == [address]
    assert house.counted == ["address", "address"]


def test_without_an_ipv6_network_there_is_no_ipv6_address_and_no_error():
    house = House()
    told = house.ask(query("crm.test", AAAA))
    assert (rcode(told), house.address("crm.test", AAAA), house.counted[0]) == (0, [], "empty")
    (address,) = House("fd00:1::/64").address("crm.test", AAAA)
    assert ipaddress.ip_address(address) in ipaddress.ip_network("fd00:1::/64")


@pytest.mark.parametrize(
    "message",
    [
        query("evil.test"),
        query("wiki.test"),
        query("crm.test.evil.test"),
        query("sk-secret.evil.test"),
        query("127.0.0.1"),
        query("crm.test", TXT),
        query("crm.test", ANY),
        query("crm.test", AXFR),
        query("crm.test", 65),
        query("crm.test", kind_class=3),
        query("crm.test", kind_class=255),
        query("crm.test", flags=0x2900),  # update
    ],
)
def test_everything_else_is_refused(message):
    house = House()
    told = house.ask(message)
    assert (rcode(told), DNSMessage.unpack(told).answers, house.counted) == (5, [], ["refused"])


def test_what_cannot_be_read_is_told_so_and_what_is_no_query_is_left_alone():
    house = House()
    assert rcode(house.ask(query("", name=b"\xc0\x0c"))) == 1
    assert house.ask(query("crm.test", flags=0x8180)) is None
    assert house.ask(b"\0" * 5) is None
    assert house.counted == ["malformed", "ignored", "ignored"]


def test_the_log_shows_the_end_of_a_refused_name_and_cannot_be_flooded(caplog):
    house = House()
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            house.ask(query("card-4111.secrets.evil.test"))
    assert len(caplog.records) == LINES_A_MINUTE
    assert "….evil.test" in caplog.text
    assert "secrets" not in caplog.text
    caplog.clear()
    house.now_ms += 60_000
    with caplog.at_level(logging.WARNING):
        house.ask(query("evil.test"))
    assert [record.getMessage() for record in caplog.records] == [
        "40 more DNS queries were refused in that minute",
        "the name `evil.test` was refused: no rule names it",
    ]


def test_a_clock_that_goes_backwards_does_not_silence_the_log(caplog):
    clock = SimpleNamespace(now_ms=lambda: clock.at, at=10_000_000)
    lines = FewLines(clock)
    for _ in range(LINES_A_MINUTE):
        lines.say("x")
    clock.at = 5
    caplog.clear()
    lines.say("y")
    assert caplog.records


def test_made_up_addresses_are_neither_the_first_nor_the_last():
    made = MadeUpAddresses("192.0.2.0/24")
    addresses = {made.of(f"name{number}") for number in range(3000)}
    assert len(addresses) == 254
    assert not addresses & {"192.0.2.0", "192.0.2.255"}


def test_a_name_is_known_on_whatever_port_it_is_named_with():
    known = rules(RULES)
    assert host_known(known, "odd.test")
    assert not host_known(known, "odd.test.")
    assert not host_known(known, "")
