"""The client's side, fed events without a socket. With sockets: `end_to_end/test_doors.py`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.proxy import commands, events

from aisecops.adapters.mitm.server_layer import GovernedHttp1Server
from aisecops.adapters.mitm.unread import RequestUnreadHook
from support.contexts import a_context
from support.flows import a_gate


def said_on(server: GovernedHttp1Server, event: events.Event) -> list[commands.Command]:
    """Every command on `event`, with each hook answered at once as the core does."""
    said: list[commands.Command] = []
    for command in server.handle_event(event):
        said.append(command)
        if isinstance(command, commands.StartHook):
            said += said_on(server, events.HookCompleted(command))
    return said


def sent_by(data: bytes) -> tuple[bytes, bool, bool]:
    """What the server sends by itself on `data`, whether it closes, whether a request went on."""
    context = a_context()
    server = GovernedHttp1Server(context, a_gate())
    list(server.handle_event(events.Start()))
    said = said_on(server, events.DataReceived(context.client, data))
    sent = b"".join(command.data for command in said if isinstance(command, commands.SendData))
    closes = any(isinstance(command, commands.CloseConnection) for command in said)
    return sent, closes, any(type(command).__name__ == "ReceiveHttp" for command in said)


async def test_a_readable_head_goes_on():
    assert sent_by(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n") == (b"", False, True)


async def test_an_unreadable_head_is_told_as_a_problem():
    sent, closes, _ = sent_by(b"\x00\x01\x02\r\n\r\n")
    assert sent.startswith(b"HTTP/1.1 403 protocol_denied\r\n")
    assert b"mitmproxy" not in sent
    assert closes


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n" + b"a" * 70_000, b"a" * 70_000])
async def test_a_head_without_end_is_refused(data):
    sent, closes, went_on = sent_by(data)
    assert sent.startswith(b"HTTP/1.1 413 too_large\r\n")
    assert closes
    assert not went_on


async def test_any_bytes_are_waited_for_read_or_refused():
    @given(st.binary(max_size=60))
    def holds(data):
        sent, closes, _ = sent_by(data + b"\r\n\r\n")
        assert not sent or (closes and sent.startswith((b"HTTP/1.1 403 protocol_denied", b"HTTP/1.1 413")))

    holds()


async def test_a_head_that_trickles_is_refused_when_its_time_is_up():
    context = a_context()
    server = GovernedHttp1Server(context, a_gate())
    list(server.handle_event(events.Start()))
    (wakeup,) = list(server.handle_event(events.DataReceived(context.client, b"GET ")))
    assert isinstance(wakeup, commands.RequestWakeup)
    assert list(server.handle_event(events.DataReceived(context.client, b"/ HT"))) == []
    told, *late = said_on(server, events.Wakeup(wakeup))
    assert isinstance(told, RequestUnreadHook)
    assert late[0].data.startswith(b"HTTP/1.1 403 protocol_denied")
    assert isinstance(late[1], commands.CloseConnection)


async def test_a_head_that_came_in_time_is_left_alone():
    context = a_context()
    server = GovernedHttp1Server(context, a_gate())
    list(server.handle_event(events.Start()))
    (wakeup,) = list(server.handle_event(events.DataReceived(context.client, b"GET ")))
    list(server.handle_event(events.DataReceived(context.client, b"/ HTTP/1.1\r\nHost: api.test\r\n\r\n")))
    assert list(server.handle_event(events.Wakeup(wakeup))) == []
