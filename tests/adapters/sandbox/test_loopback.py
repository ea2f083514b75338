"""The network inside is loopback alone, with a door at every address the gateway has."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from aisecops.adapters.sandbox import loopback
from aisecops.adapters.sandbox.outside import Sandbox
from aisecops.adapters.sandbox.plan import Door, Plan, Start
from support.sandbox import needs_sandboxes

PYTHON = (sys.prefix, sys.base_prefix)
KNOCK = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).sendall(b'here')"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.11.12.13", "fd00::12"])
def test_a_door_is_open_inside_and_answered_outside(host):
    needs_sandboxes()
    with Sandbox(Plan(folder="/", doors=(Door(host, 8080),), seen=PYTHON)) as sandbox:
        if not sandbox.listeners:
            pytest.skip("NO DOOR BY IP VERSION 6 TESTED: this kernel has none")
        sandbox.start(Start((sys.executable, "-I", "-c", KNOCK, host, "8080"), dict(os.environ)))
        sandbox.listeners[0].settimeout(10)
        visitor, _ = sandbox.listeners[0].accept()
        with visitor:
            assert visitor.recv(16) == b"here"
        assert sandbox.wait() == 0


def test_the_listener_is_nowhere_but_inside():
    needs_sandboxes()
    with Sandbox(Plan(folder="/", doors=(Door("127.0.0.1", 8080),))) as sandbox, socket.socket() as outside:
        with pytest.raises(OSError, match="refused"):
            outside.connect(("127.0.0.1", 1))
        assert len(sandbox.listeners) == 1


def test_there_is_one_interface(ended):
    assert ended("test $(grep -c : /proc/net/dev) = 1 && test $(wc -l < /proc/net/route) = 1") == 0


def test_an_address_that_cannot_be_had_is_an_error():
    with pytest.raises(OSError, match="cannot be had"):
        loopback._refuse_error(
            b"\x14\x00\x00\x00\x02\x00" + bytes(10) + (-99).to_bytes(4, "little", signed=True), "::2"
        )
