"""Connections that find no place: told so where that can be told, and closed; and a listener that outlives a shortage.

Knows how a connection is let in and turned away. How many there may be is counted in `load.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from mitmproxy.master import Master
from mitmproxy.net.http.http1 import assemble_response

from aisecops.adapters.mitm.gate import Gate
from aisecops.adapters.mitm.host_refusals import TOO_MANY_CONNECTIONS, TOO_MANY_OF_ONE
from aisecops.adapters.mitm.load import Full, SaidSeldom, source_of
from aisecops.model.outcome import Refuse

READS_WHY_S = 1.0
"""How long one that is turned away has to read why."""

MOST_TOLD = 32
"""Turned away with words at once; more are dropped without."""

_OUT_OF_RESOURCES = "socket.accept() out of system resource"
_TRIES_AGAIN = "_start_serving"

type _Handler = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]


@contextlib.asynccontextmanager
async def admitted(gate: Gate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncIterator[bool]:
    """Count a connection while inside; False when there is no place for it, and then it is closed already."""
    peer = writer.get_extra_info("peername")
    source = source_of(peer[0]) if peer else ""
    clients = gate.load.clients
    full = clients.enter(source)
    if full is None:
        try:
            yield True
        finally:
            clients.leave(source)
        return
    gate.load.turned_away(full.value)
    gate.load.said.say(f"connections were turned away: there are as many as may be ({full.value})")
    await _turn_away(gate, reader, writer, TOO_MANY_OF_ONE if full is Full.SOURCE else TOO_MANY_CONNECTIONS)
    yield False


async def _turn_away(gate: Gate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, why: Refuse) -> None:
    load = gate.load
    if load.being_told < MOST_TOLD and gate.listener_tls is None:
        load.being_told += 1
        response = gate.answer(why)
        response.headers["Connection"] = "close"
        try:
            # what was said may only be lost if the socket closed with something unread in it
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(READS_WHY_S):
                    writer.write(assemble_response(response))
                    writer.write_eof()
                    while await reader.read(64 * 1024):
                        pass
        finally:
            load.being_told -= 1
    writer.transport.abort()


@contextlib.contextmanager
def folded_accept_errors(loop: asyncio.AbstractEventLoop, master: Master) -> Iterator[None]:
    """While inside, an accept that fails for want of descriptors is a line now and then; the loop goes on trying.

    The loop itself, or the core's handler in it, would log each try with its traceback, and each that comes after the
    listener was closed.
    """
    seldom = SaidSeldom()

    def folded(before: _Handler) -> _Handler:
        def handle(of: asyncio.AbstractEventLoop, happened: dict[str, Any]) -> None:
            said = happened.get("message", "")
            if said == _OUT_OF_RESOURCES:
                seldom.say("no connection could be taken: too many open files")
            elif _TRIES_AGAIN not in said or not isinstance(happened.get("exception"), ValueError):
                before(of, happened)

        return handle

    outside, core = loop.get_exception_handler(), master._asyncio_exception_handler  # noqa: SLF001 - as below
    loop.set_exception_handler(folded(outside or _default))
    # the core installs this one for as long as it runs
    master._asyncio_exception_handler = folded(core)  # type: ignore[method-assign, assignment] # noqa: SLF001
    try:
        yield
    finally:
        loop.set_exception_handler(outside)


def _default(loop: asyncio.AbstractEventLoop, happened: dict[str, Any]) -> None:
    loop.default_exception_handler(happened)
