"""Carries bytes between listeners inside a sandbox and the gateway, and to no other place.

Runs outside, in a thread of its own. Knows neither HTTP nor who speaks: it adds nothing, and takes nothing
away. An end of one direction is passed on as an end, a break as a break, so that half an answer never looks
like a whole one. What one side does not read, the other cannot send.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

MOST_CONNECTIONS = 256
"""Carried at once. One more waits in the kernel's queue until one ends."""

CONNECT_SECONDS = 10.0
_CHUNK = 256 * 1024
_PAUSE_SECONDS = 0.05
_BREAK = struct.pack("ii", 1, 0)


class Relay:
    """Carries while it is entered. `ended` is called should it stop by itself."""

    def __init__(
        self, listeners: Sequence[socket.socket], gateway: tuple[str, int], ended: Callable[[], None] = lambda: None
    ) -> None:
        self._listeners = listeners
        self._gateway = gateway
        self._ended = ended
        self._room = asyncio.Semaphore(MOST_CONNECTIONS)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sandbox relay", daemon=True)
        self._stopping = False

    def __enter__(self) -> Self:
        for listener in self._listeners:
            listener.setblocking(False)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        with contextlib.suppress(RuntimeError):  # it has stopped by itself
            self._loop.call_soon_threadsafe(self._stop)
        self._thread.join()

    def _run(self) -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._carrying())
        finally:
            self._loop.close()
            if not self._stopping:
                self._ended()

    def _stop(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()

    async def _carrying(self) -> None:
        async with asyncio.TaskGroup() as group:
            for listener in self._listeners:
                group.create_task(self._accepting(listener, group))

    async def _accepting(self, listener: socket.socket, group: asyncio.TaskGroup) -> None:
        while True:
            await self._room.acquire()
            try:
                inner, _ = await self._loop.sock_accept(listener)
            except OSError:  # a caller that is gone again, or no descriptor left
                self._room.release()
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            group.create_task(self._carry(inner))

    async def _carry(self, inner: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self._room.release)
            stack.enter_context(inner)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    outer = stack.enter_context(await self._connected())
            except OSError:
                _break(inner)
                return
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pass_on(inner, outer))
                    both.create_task(self._pass_on(outer, inner))
            except* OSError:
                _break(inner)
                _break(outer)

    async def _connected(self) -> socket.socket:
        """A connection to the gateway, whichever of its addresses answers."""
        found = await self._loop.getaddrinfo(*self._gateway, type=socket.SOCK_STREAM)
        failed = OSError("no address")
        for family, kind, protocol, _, address in found:
            outer = socket.socket(family, kind, protocol)
            outer.setblocking(False)
            try:
                await self._loop.sock_connect(outer, address)
            except BaseException as raised:
                outer.close()
                if not isinstance(raised, OSError):
                    raise
                failed = raised
            else:
                return outer
        raise failed

    async def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        for one in (source, target):
            one.setblocking(False)
        source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := await self._loop.sock_recv(source, _CHUNK):
            await self._loop.sock_sendall(target, data)
        target.shutdown(socket.SHUT_WR)


def _break(connection: socket.socket) -> None:
    """Have its end come as a reset."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _BREAK)
