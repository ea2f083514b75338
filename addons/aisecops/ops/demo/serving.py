"""All stand-ins on one loopback port over TLS, told apart by host; every request is kept as it came.

Knows how to start and stop them. What they say is `model_server.py` and `tool_servers.py`.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aisecops.model.value import Value
from aisecops.ops.demo.model_server import model_server
from aisecops.ops.demo.script import Script
from aisecops.ops.demo.tls import TlsFiles, make_tls
from aisecops.ops.demo.tool_servers import World, tool_servers

OPENAI = "api.openai.com"
ANTHROPIC = "api.anthropic.com"

WEBSOCKET = "WEBSOCKET"
_STARTED_WITHIN_S = 20


class ReceivedRequest(Value):
    """One request as a stand-in got it. `target` is the raw path with its query.

    A WebSocket is one with the method `WEBSOCKET`, and so is each message on it, with what it says as its body.
    """

    host: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(kw_only=True)
class Served:
    """Stand-ins while they run: where they are, whom to trust, and what they got."""

    port: int
    hosts: tuple[str, ...]
    ca_path: Path
    _received: list[ReceivedRequest] = field(default_factory=list)

    @property
    def resolve(self) -> dict[str, str]:
        """`upstream.resolve` for the gateway's settings: every stand-in's name, at this port."""
        return {f"{host}:443": f"127.0.0.1:{self.port}" for host in self.hosts}

    def received(self, host: str | None = None) -> list[ReceivedRequest]:
        """The requests so far, all or one host's, in the order they came."""
        return [request for request in list(self._received) if host in {None, request.host}]

    def forget(self) -> None:
        """Empty the list of requests."""
        self._received.clear()


@dataclass(kw_only=True)
class Running(Served):
    """The demo's stand-ins: what the tools hold and what the model says, beside it."""

    world: World
    script: Script


@contextmanager
def serve_all(
    folder: Path, *, now_ms: int, script: Script | None = None, world: World | None = None, port: int = 0
) -> Iterator[Running]:
    """Run the demo's stand-ins until the block is left; `port` 0 takes a free one. Files go into `folder`."""
    script = {} if script is None else script
    world = World() if world is None else world
    model = model_server(script)
    apps: dict[str, ASGIApp] = {OPENAI: model, ANTHROPIC: model, **tool_servers(world)}
    with serve(folder, apps, now_ms=now_ms, port=port) as served:
        yield Running(
            port=served.port,
            hosts=served.hosts,
            ca_path=served.ca_path,
            world=world,
            script=script,
            _received=served._received,  # noqa: SLF001  (one list: what came is kept once)
        )


@contextmanager
def serve(
    folder: Path,
    apps: Mapping[str, ASGIApp],
    *,
    now_ms: int,
    port: int = 0,
    certified: Callable[[int], TlsFiles] | None = None,
) -> Iterator[Served]:
    """Run one application for each host, all on one port, in a thread until the block is left.

    `certified` makes the certificate for a port that is taken already; without it, an authority is made for it.
    """
    with socket.create_server(("127.0.0.1", port)) as listener:
        taken = listener.getsockname()[1]
        tls = certified(taken) if certified else make_tls(folder, tuple(apps), now_ms=now_ms)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # an answer in two pieces waits for no one
        served = Served(port=taken, hosts=tuple(apps), ca_path=tls.ca_path)
        server = _Server(
            uvicorn.Config(
                _Front(apps, served._received),  # noqa: SLF001  (both are of this file)
                ssl_certfile=tls.certificate_path,
                ssl_keyfile=tls.key_path,
                lifespan="off",
                ws="wsproto",
                log_config=None,
                timeout_graceful_shutdown=1,
            )
        )
        thread = threading.Thread(target=server.run, args=([listener],), name="stand-ins", daemon=True)
        thread.start()
        if not server.up.wait(_STARTED_WITHIN_S):
            raise RuntimeError("the stand-ins did not start")
        try:
            yield served
        finally:
            server.should_exit = True
            thread.join()


class _Server(uvicorn.Server):
    """Says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


class _Front:
    """Keeps each request whole, then hands it to the application of its host."""

    def __init__(self, apps: Mapping[str, ASGIApp], received: list[ReceivedRequest]) -> None:
        self._apps = apps
        self._received = received

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        host = dict(headers).get("host", "").partition(":")[0].lower()
        query = scope["query_string"].decode("latin-1")
        target = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        app = self._apps.get(host, PlainTextResponse("no such host here", status_code=421))

        def came(method: str, body: bytes) -> None:
            self._received.append(ReceivedRequest(host=host, method=method, target=target, headers=headers, body=body))

        if scope["type"] == "websocket":
            # the server takes them out of the headers
            headers += tuple(("sec-websocket-protocol", name) for name in scope["subprotocols"])
            came(WEBSOCKET, b"")
            await app(scope, _each_kept(receive, came), send)
            return
        body = await _whole_body(receive)
        came(scope["method"], body)
        await app(scope, _again(body, receive), send)


def _each_kept(receive: Receive, came: Callable[[str, bytes], None]) -> Receive:
    """The messages of a WebSocket, each kept as it comes."""

    async def next_message() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive":
            came(WEBSOCKET, message.get("bytes") or (message.get("text") or "").encode())
        return message

    return next_message


async def _whole_body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, and then whatever really comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return waiting.pop() if waiting else await receive()

    return next_message
