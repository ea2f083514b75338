"""Compressed messages within bounds."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest
from wsproto import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection

from aisecops.adapters.mitm.deflate import agreed, extensions, known

ANSWER = "permessage-deflate"


def read(message: bytes, limit: int) -> object:
    """What a server with `limit` makes of `message`, compressed by a client."""
    client = Connection(ConnectionType.CLIENT, extensions(ANSWER, 10**9))
    server = Connection(ConnectionType.SERVER, extensions(ANSWER, limit))
    server.receive_data(client.send(BytesMessage(message)))
    said = list(server.events())
    ended = [one.code for one in said if isinstance(one, CloseConnection)]
    return ended[0] if ended else b"".join(one.data for one in said)


def test_a_message_is_inflated_up_to_its_bound():
    assert read(b"x" * 1000, 1000) == b"x" * 1000
    assert read(b"x" * 1001, 1000) == 1009


def test_a_bomb_is_not_inflated():
    assert len(zlib.compress(b"\0" * 50_000_000)) < 100_000
    assert read(b"\0" * 50_000_000, 1000) == 1009


def test_what_a_bomb_takes_is_bounded():
    client = Connection(ConnectionType.CLIENT, extensions(ANSWER, 10**9))
    server = Connection(ConnectionType.SERVER, extensions(ANSWER, 100_000))
    bomb = client.send(BytesMessage(b"\0" * 50_000_000))
    tracemalloc.start()
    try:
        server.receive_data(bomb)
        assert any(isinstance(one, CloseConnection) for one in server.events())
        assert tracemalloc.get_traced_memory()[1] < 100_000 + 8 * len(bomb)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("answer", "fits"), [("", True), (ANSWER, True), ("x-other", False), (f"{ANSWER}, x", False)])
def test_only_compression_may_be_agreed_on(answer, fits):
    assert agreed(answer) is fits


def test_only_compression_is_offered():
    assert known("x-other; a=1, permessage-deflate; server_no_context_takeover") == (
        "permessage-deflate; server_no_context_takeover"
    )
