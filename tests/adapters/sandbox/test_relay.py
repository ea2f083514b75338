"""The relay carries both ways to the gateway and nowhere else; ends stay ends, and breaks stay breaks."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading

import pytest

from aisecops.adapters.sandbox import relay as subject
from aisecops.adapters.sandbox.relay import Relay

TIMEOUT_S = 10


@pytest.fixture
def gateway():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(TIMEOUT_S)
        yield listener


@pytest.fixture
def door(gateway):
    with socket.create_server(("127.0.0.1", 0)) as listener, Relay([listener], gateway.getsockname()):
        yield listener.getsockname()


@contextlib.contextmanager
def both_ends(door, gateway):
    with socket.create_connection(door, timeout=TIMEOUT_S) as inner:
        outer, _ = gateway.accept()
        with outer:
            outer.settimeout(TIMEOUT_S)
            yield inner, outer


def test_bytes_go_both_ways(door, gateway):
    with both_ends(door, gateway) as (inner, outer):
        inner.sendall(b"question")
        assert outer.recv(64) == b"question"
        outer.sendall(b"answer")
        assert inner.recv(64) == b"answer"


def test_one_direction_may_end_before_the_other(door, gateway):
    with both_ends(door, gateway) as (inner, outer):
        inner.shutdown(socket.SHUT_WR)
        assert outer.recv(64) == b""
        outer.sendall(b"still")
        assert inner.recv(64) == b"still"
        outer.close()
        assert inner.recv(64) == b""


@pytest.mark.parametrize("breaker", [0, 1])
def test_a_break_is_no_end(door, gateway, breaker):
    with both_ends(door, gateway) as ends:
        ends[0].sendall(b"x")
        ends[1].recv(1)
        ends[breaker].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        ends[breaker].close()
        with pytest.raises(ConnectionResetError):
            ends[1 - breaker].recv(64)


def test_much_arrives_whole_when_the_other_side_is_slow(door, gateway):
    sent = os.urandom(8 * 1024 * 1024)
    with both_ends(door, gateway) as (inner, outer):
        sender = threading.Thread(target=lambda: (inner.sendall(sent), inner.shutdown(socket.SHUT_WR)))
        sender.start()
        with outer.makefile("rb", buffering=1024) as file:
            assert file.read() == sent
        sender.join()


def test_who_does_not_read_stops_who_sends(door, gateway):
    with both_ends(door, gateway) as (inner, _):
        inner.settimeout(0.3)
        with pytest.raises(TimeoutError):
            inner.sendall(bytes(256 * 1024 * 1024))


def test_without_a_gateway_a_connection_breaks(gateway):
    gateway.close()
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        Relay([listener], ("127.0.0.1", 1)),
        pytest.raises(ConnectionResetError),  # it may break before or while it is read
        socket.create_connection(listener.getsockname(), timeout=TIMEOUT_S) as inner,
    ):
        inner.recv(1)


def test_more_connections_than_there_is_room_for_wait(gateway, monkeypatch):
    monkeypatch.setattr(subject, "MOST_CONNECTIONS", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener, Relay([listener], gateway.getsockname()):
        door = listener.getsockname()
        with socket.create_connection(door) as first, socket.create_connection(door) as second:
            outer, _ = gateway.accept()
            gateway.settimeout(0.2)
            with pytest.raises(TimeoutError):
                gateway.accept()
            first.close()
            outer.close()
            gateway.settimeout(TIMEOUT_S)
            next_one, _ = gateway.accept()
            with next_one:
                second.sendall(b"x")
                assert next_one.recv(1) == b"x"


def test_leaving_it_ends_what_it_carries(gateway):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with Relay([listener], gateway.getsockname()), socket.create_connection(listener.getsockname()) as inner:
            outer, _ = gateway.accept()
        with outer:
            outer.settimeout(TIMEOUT_S)
            assert outer.recv(1) == b""
    assert inner.fileno() == -1


def test_when_it_stops_by_itself_somebody_hears():
    heard = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    with Relay([listener], ("127.0.0.1", 1), ended=heard.set) as relay:
        relay._loop.call_soon_threadsafe(relay._stop)
        assert heard.wait(TIMEOUT_S)
    listener.close()
