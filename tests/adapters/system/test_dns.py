"""The sockets that names are answered on, over UDP and TCP."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from aisecops.adapters.system import dns
from aisecops.adapters.system.dns import answering_names
from aisecops.model.errors import ConfigError


def reversed_unless_silent(message):
    return None if message == b"hush" else message[::-1]


async def over_udp(port, message, *, family=socket.AF_INET, host="127.0.0.1"):
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        await loop.sock_connect(sock, (host, port))
        await loop.sock_sendall(sock, message)
        async with asyncio.timeout(5):
            return await loop.sock_recv(sock, 600)


async def test_udp_and_tcp_share_a_port_and_tcp_takes_several_queries():
    async with answering_names("127.0.0.1", 0, reversed_unless_silent) as port:
        assert await over_udp(port, b"abc") == b"cba"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for message in (b"abc", b"de"):
            writer.write(len(message).to_bytes(2) + message)
            assert await reader.readexactly(2 + len(message)) == len(message).to_bytes(2) + message[::-1]
        writer.close()


async def test_every_address_is_of_both_families():
    async with answering_names("::", 0, reversed_unless_silent) as port:
        assert await over_udp(port, b"abc") == b"cba"
        assert await over_udp(port, b"abc", family=socket.AF_INET6, host="::1") == b"cba"


async def test_several_processes_share_a_port():
    async with (
        answering_names("127.0.0.1", 0, reversed_unless_silent, shared=True) as port,
        answering_names("127.0.0.1", port, reversed_unless_silent, shared=True),
    ):
        assert await over_udp(port, b"abc") == b"cba"


async def test_what_deserves_no_answer_gets_none_and_ends_a_connection():
    async with answering_names("127.0.0.1", 0, reversed_unless_silent) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\0\4hush")
        assert await reader.read() == b""
        writer.close()


async def test_who_says_nothing_is_let_go_and_too_many_are_not_let_in(monkeypatch):
    monkeypatch.setattr(dns, "IDLE_S", 0.05)
    monkeypatch.setattr(dns, "MAX_CONNECTIONS", 1)
    async with answering_names("127.0.0.1", 0, reversed_unless_silent) as port:
        first, second = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        with contextlib.suppress(ConnectionResetError):
            assert await second[0].read() == b""
        assert await first[0].read() == b""
        for _, writer in (first, second):
            writer.close()


async def test_a_port_that_is_taken_is_said_with_its_setting():
    async with answering_names("127.0.0.1", 0, reversed_unless_silent) as port:
        with pytest.raises(ConfigError, match=f"port {port} for names: address already in use") as failed:
            async with answering_names("127.0.0.1", port, reversed_unless_silent):
                pass
    assert "proxy.dns" in failed.value.mend
