# ruff: noqa: INP001 - beside the script that imports it, and no package
"""The loads of `gateway.py`: what its upstream answers, and how each is driven over one way.

Knows sockets and frames, and no figure's meaning. Everything is said by hand, so that the driver costs little and is
the same for all ways: a client of a library would be most of what is measured.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import random  # noqa: TID251 - texts of a benchmark
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

HOST, MODEL = "bench.internal", "model.internal"
PAYLOAD = json.dumps({"query": "x" * 1000}).encode()
ANSWER = json.dumps({"found": "y" * 1000}).encode()
_USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
_SAID = {"index": 0, "message": {"role": "assistant", "content": "I see."}, "finish_reason": "stop"}
COMPLETION = json.dumps(
    {"id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-4o", "choices": [_SAID], "usage": _USAGE}
).encode()
PIECES, APART_S = 50, 0.01
TURNS, TURN_BYTES = 50, 2048
MESSAGE = b"m" * 100
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class NotServedError(Exception):
    """A way did not serve what was asked; its words are what came."""


# The upstream


def _chunk(delta: dict[str, str], finish: str | None, sent: int = 0) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    whole = {"id": "c1", "object": "chat.completion.chunk", "created": sent, "model": "gpt-4o", "choices": [choice]}
    return _framed(b"data: " + json.dumps(whole).encode() + b"\n\n")


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection of any load."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /feed "):
                await _echo(head, reader, writer)
                return
            size = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
            body = await reader.readexactly(size)
            if not head.startswith(b"POST /v1/chat/"):
                writer.write(_whole(ANSWER))
            elif b'"stream": true' in body:
                await _stream(writer)
            else:
                writer.write(_whole(COMPLETION))
            await writer.drain()
    writer.close()


async def _stream(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(PIECES):
        writer.write(_chunk({"content": "word "}, None, time.monotonic_ns()))  # one clock for every process here
        await asyncio.sleep(APART_S)
    writer.write(_chunk({}, "stop") + _framed(b"data: [DONE]\n\n") + b"0\r\n\r\n")


async def _echo(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    [key] = re.findall(rb"(?i)sec-websocket-key: *(\S+)", head)
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 - the protocol's own
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept
    )
    while True:
        kind, size = await reader.readexactly(2)
        mask = await reader.readexactly(4)
        data = _masked(await reader.readexactly(size & 127), mask)
        writer.write(bytes((kind, len(data))) + data)
        if kind & 15 == 8:  # noqa: PLR2004 - a close
            return


def _masked(data: bytes, mask: bytes) -> bytes:
    whole = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data) ^ int.from_bytes(whole)).to_bytes(len(data))


# The client's side


@dataclass(frozen=True)
class Way:
    """How requests go: over which proxy port (0: none), trusting whom, with which headers, and whose CPU counts.

    `headers` are what a request shows, by `call` and `feed`; `run` opens a run and says what shows it.
    """

    name: str
    port: int
    trust: ssl.SSLContext
    upstream: int
    connect: bytes = b""
    headers: dict[str, bytes] = field(default_factory=dict)
    run: Callable[[], bytes] = bytes
    pids: Callable[[], list[int]] = list

    def line(self, host: str = HOST) -> ssl.SSLSocket:
        """A connection to `host`, TLS and all."""
        plain = socket.create_connection(("127.0.0.1", self.port or self.upstream))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.port:
            plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n".encode() + self.connect + b"\r\n")
            said = b""
            while not said.endswith(b"\r\n\r\n"):
                said += plain.recv(4096) or _stop(said)
            if b" 200 " not in said.partition(b"\r\n")[0]:
                _stop(said)
        return self.trust.wrap_socket(plain, server_hostname=host)


def _stop(said: bytes) -> bytes:
    raise NotServedError(said.decode("latin-1"))


def _post(host: str, path: str, body: bytes, headers: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + headers + b"\r\n" + body


def _ask(line: ssl.SSLSocket, request: bytes, until: bytes) -> None:
    line.sendall(request)
    said = b""
    while not said.endswith(until):
        said += line.recv(65536) or _stop(said)
    if not said.startswith(b"HTTP/1.1 200 "):
        _stop(said)


Asked = Callable[[], list[float]]
"""Drives all of it once; the milliseconds that each unit took."""


@dataclass(frozen=True)
class Load:
    """What is driven, in which `unit`, ready to begin once its context is entered. Keeping ready is not measured."""

    name: str
    unit: str
    begin: Callable[[Way, contextlib.ExitStack], Asked]


def kept(requests: int, lines: int) -> Callable[[Way, contextlib.ExitStack], Asked]:
    """So many tool calls on so many lines that are kept."""

    def begin(way: Way, stack: contextlib.ExitStack) -> Asked:
        request = _post(HOST, "/v1/call", PAYLOAD, way.headers.get("call", b""))
        opened = [stack.enter_context(way.line()) for _ in range(lines)]
        for line in opened:
            _ask(line, request, ANSWER)
        pool = stack.enter_context(ThreadPoolExecutor(lines))

        def one(line: ssl.SSLSocket) -> list[float]:
            return [_timed(lambda: _ask(line, request, ANSWER)) for _ in range(requests // lines)]

        return lambda: [ms for some in pool.map(one, opened) for ms in some]

    return begin


def anew(requests: int) -> Callable[[Way, contextlib.ExitStack], Asked]:
    """A tool call on a new connection each."""

    def begin(way: Way, _stack: contextlib.ExitStack) -> Asked:
        request = _post(HOST, "/v1/call", PAYLOAD, way.headers.get("call", b""))

        def one() -> None:
            with way.line() as line:
                _ask(line, request, ANSWER)

        return lambda: [_timed(one) for _ in range(requests)]

    return begin


def prompts(requests: int, size: int) -> Callable[[Way, contextlib.ExitStack], Asked]:
    """The same large prompt again and again, seen before."""

    def begin(way: Way, stack: contextlib.ExitStack) -> Asked:
        says = [{"role": "user", "content": words(random.Random(7), size)}]  # noqa: S311 - text, no secret
        request = _post(MODEL, "/v1/chat/completions", prompt(says), way.run())
        line = stack.enter_context(way.line(MODEL))
        _ask(line, request, COMPLETION)
        return lambda: [_timed(lambda: _ask(line, request, COMPLETION)) for _ in range(requests)]

    return begin


def conversation(way: Way, stack: contextlib.ExitStack) -> Asked:
    """An agent of 50 turns: each adds 2 KB that nobody has seen and sends everything before it again."""
    run, line, chance = way.run(), stack.enter_context(way.line(MODEL)), random.Random(time.monotonic_ns())  # noqa: S311 - ditto
    says: list[dict[str, str]] = []
    requests = []
    for _ in range(TURNS):
        says.append({"role": "user", "content": words(chance, TURN_BYTES)})
        requests.append(_post(MODEL, "/v1/chat/completions", prompt(says), run))
        says.append({"role": "assistant", "content": "I see."})
    return lambda: [_timed(lambda request=request: _ask(line, request, COMPLETION)) for request in requests]


def streams(count: int) -> Callable[[Way, contextlib.ExitStack], Asked]:
    """So many server-sent streams at once, of 50 pieces 10 ms apart: what each piece was late by."""

    def begin(way: Way, stack: contextlib.ExitStack) -> Asked:
        body = prompt([{"role": "user", "content": "go on"}], stream=True)
        request = _post(MODEL, "/v1/chat/completions", body, way.run())
        opened = [stack.enter_context(way.line(MODEL)) for _ in range(count)]
        for line in opened:  # also the way to the upstream is there then
            list(_late(line, request))
        pool = stack.enter_context(ThreadPoolExecutor(count))
        return lambda: [ms for some in pool.map(lambda line: list(_late(line, request)), opened) for ms in some]

    return begin


def _late(line: ssl.SSLSocket, request: bytes) -> Iterator[float]:
    line.sendall(request)
    seen = b""
    while b"\r\n\r\n" not in seen:
        seen += line.recv(65536) or _stop(seen)
    if not seen.startswith(b"HTTP/1.1 200 "):
        _stop(seen)
    while not seen.endswith(b"0\r\n\r\n"):
        seen += line.recv(65536) or _stop(seen)
        now = time.monotonic_ns()
        *whole, _ = seen.split(b"\n\n")
        for piece in whole:
            if sent := int(piece.partition(b'"created": ')[2].partition(b",")[0] or b"0"):
                yield (now - sent) / 1e6
        seen = seen[seen.rfind(b"\n\n") + 2 :] if whole else seen


def messages(count: int) -> Callable[[Way, contextlib.ExitStack], Asked]:
    """So many messages on one WebSocket, each echoed before the next."""

    def begin(way: Way, stack: contextlib.ExitStack) -> Asked:
        line = stack.enter_context(way.line())
        key = base64.b64encode(os.urandom(16))
        line.sendall(
            b"GET /feed HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n"
            % (HOST.encode(), key, way.headers.get("feed", b""))
        )
        said = b""
        while not said.endswith(b"\r\n\r\n"):
            said += line.recv(4096) or _stop(said)
        if not said.startswith(b"HTTP/1.1 101 "):
            _stop(said)

        def one() -> None:
            mask = os.urandom(4)
            line.sendall(bytes((0x81, 0x80 | len(MESSAGE))) + mask + _masked(MESSAGE, mask))
            echoed = b""
            while len(echoed) < len(MESSAGE) + 2:
                echoed += line.recv(4096) or _stop(echoed)
            if echoed[2:] != MESSAGE:
                _stop(echoed)

        return lambda: [_timed(one) for _ in range(count)]

    return begin


def _timed(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def prompt(says: list[dict[str, str]], **more: bool) -> bytes:
    """The body of a call to a model."""
    return json.dumps({"model": "gpt-4o", "messages": says, **more}).encode()


def words(chosen: random.Random, size: int) -> str:
    """So much text of words that `chosen` picks."""
    text = ""
    while len(text) < size:
        text += "".join(chosen.choices("abcdefghijklmnopqrstuvwxyz", k=chosen.randint(2, 9))) + " "
    return text[:size]


LOADS = (
    Load("tool call 1 KB, 1 line", "request", kept(200, 1)),
    Load("tool call 1 KB, 8 lines", "request", kept(400, 8)),
    Load("new connections", "request", anew(40)),
    Load("prompt of 100 KB, seen", "request", prompts(40, 100_000)),
    Load("agent of 50 turns", "turn", conversation),
    Load("server-sent stream, 4 at once", "piece", streams(4)),
    Load("WebSocket, 100 B", "message", messages(300)),
)

__all__ = ["ANSWER", "HOST", "LOADS", "MODEL", "PAYLOAD", "Load", "NotServedError", "Way", "answer"]
