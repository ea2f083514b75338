"""The kernel knows best which addresses are this machine's."""

from __future__ import annotations

import socket

import pytest

from aisecops.adapters.system.interfaces import is_this_machine


@pytest.mark.parametrize("ip", ["127.0.0.1", "127.200.3.4", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_here(ip):
    assert is_this_machine(ip) or (":" in ip and not socket.has_ipv6)


@pytest.mark.parametrize("ip", ["192.0.2.1", "93.184.215.14", "2001:db8::1", "::ffff:192.0.2.1", "no address", ""])
def test_another_machines_address_is_not(ip):
    assert not is_this_machine(ip)


def test_the_address_that_others_reach_us_by_is_here():
    """The one an interface has; found by routing, which sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no route, so no address of its own")
        assert is_this_machine(probe.getsockname()[0])
