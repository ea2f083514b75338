"""How long a WebSocket lives: as long as something moves on it, and a while of silence that has a setting."""

from __future__ import annotations

import contextlib
import time

import pytest
from websockets.exceptions import ConnectionClosed

from aisecops.adapters.mitm.bounds import Bounds
from support.proxy import running_proxy
from support.websockets import channel, talking

PLACE = "api.test:443"
WITHIN_S = 20


@pytest.fixture
def opened(folder, authority, enforcer):
    """A function that opens a WebSocket through a host with bounds of the test's own."""
    with contextlib.ExitStack() as stack:
        talk = stack.enter_context(talking(authority.server_context("api.test")))
        enforcer.places = {("api.test", 443): ("127.0.0.1", talk.port)}

        def begin(**bounds):
            proxy = stack.enter_context(
                running_proxy(
                    folder / "certs", enforcer, upstream_trust=authority.file, websockets=True, bounds=Bounds(**bounds)
                )
            )
            return stack.enter_context(channel(proxy.port, PLACE, folder / "certs" / "mitmproxy-ca-cert.pem"))

        yield begin


def test_bounds_of_answers_do_not_end_a_websocket(opened):
    # the handshake itself is held to them, and a busy machine needs a while for it
    client = opened(idle_s=1.0, total_s=2.0, first_byte_s=1.0, keepalive_s=1.0, websocket_idle_s=30)
    for _ in range(3):
        time.sleep(1.1)
        client.send("still here")
        assert client.recv(WITHIN_S) == "still here"


def test_a_websocket_that_is_silent_for_long_is_closed(opened):
    client = opened(websocket_idle_s=2.0, keepalive_s=1.0)
    for _ in range(4):  # longer in all than it may be silent
        time.sleep(0.6)
        client.send("hello")
        assert client.recv(WITHIN_S) == "hello"
    with pytest.raises(ConnectionClosed):
        client.recv(WITHIN_S)
