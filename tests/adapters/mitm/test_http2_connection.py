from __future__ import annotations

import h2.config
import h2.connection
import h2.events
import pytest
from h2.exceptions import ProtocolError, TooManyStreamsError
from h2.settings import SettingCodes

from aisecops.adapters.mitm.host_refusals import MAX_HEAD_BYTES
from aisecops.adapters.mitm.http2_connection import (
    MAX_STREAMS,
    STREAMS_TO_THE_END,
    WINDOW_BYTES,
    BoundedH2Connection,
)
from aisecops.adapters.mitm.http2_meter import MAX_FRAME_BYTES

HEAD = [(":method", "POST"), (":scheme", "https"), (":path", "/"), (":authority", "a")]


@pytest.fixture
def pair():
    """Server and client that have exchanged settings."""
    server = BoundedH2Connection()
    config = h2.config.H2Configuration(client_side=True, validate_outbound_headers=False)
    client = h2.connection.H2Connection(config)
    server.initiate_connection()
    client.initiate_connection()
    for _ in range(2):
        server.receive_data(client.data_to_send())
        client.receive_data(server.data_to_send())
    return server, client


def test_the_client_is_told_our_bounds(pair):
    _, client = pair
    said = client.remote_settings
    assert said.max_concurrent_streams == MAX_STREAMS
    assert said.initial_window_size == WINDOW_BYTES
    assert said.max_frame_size == MAX_FRAME_BYTES
    assert said.max_header_list_size == MAX_HEAD_BYTES
    assert said[SettingCodes.ENABLE_CONNECT_PROTOCOL] == 0


def test_more_streams_than_said_are_put_up_with_and_far_more_are_not(pair):
    server, client = pair
    client.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 10_000
    client.remote_settings.acknowledge()
    for number in range(STREAMS_TO_THE_END):
        client.send_headers(2 * number + 1, HEAD)
    assert sum(isinstance(e, h2.events.RequestReceived) for e in server.receive_data(client.data_to_send())) == 256
    client.send_headers(2 * STREAMS_TO_THE_END + 1, HEAD)
    with pytest.raises(TooManyStreamsError):
        server.receive_data(client.data_to_send())


@pytest.mark.parametrize("length", ["1", "5", "+4", "x", ""])
def test_a_wrong_length_is_left_to_the_server(pair, length):
    server, client = pair
    client.send_headers(1, [*HEAD, ("content-length", length)])
    client.send_data(1, b"four", end_stream=True)
    received = server.receive_data(client.data_to_send())
    assert [type(event).__name__ for event in received] == ["RequestReceived", "DataReceived", "StreamEnded"]


def test_a_head_far_over_the_bound_ends_the_connection(pair):
    server, client = pair
    client.send_headers(1, [*HEAD, *(("x", "v" * 1000) for _ in range(140))])
    with pytest.raises(ProtocolError):
        server.receive_data(client.data_to_send())
