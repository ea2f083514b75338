"""The stream that tells a page that the record has grown, and about which trees of runs; never what it says.

Whoever listens asks for the page again, so what they see is what they may see.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.control.events import pause
from aisecops.ops.dashboard.page import PageAt, Shown, Visitor
from aisecops.ops.figures.index import RecordIndex

LOOK_EVERY_S = 0.5
LASTS_S = 600.0
"""Then the browser asks again, and proves again who it is."""
MOST_STREAMS = 200


class Live:
    """The stream at `/live`."""

    def __init__(self, index: RecordIndex) -> None:
        self._index = index
        self._open = 0

    def pages(self) -> Sequence[PageAt]:
        """Its one place."""
        return (PageAt("/live", "events", self.stream),)

    async def stream(self, request: Request, visitor: Visitor) -> Shown:  # noqa: ARG002 - one shape for all
        if self._open >= MOST_STREAMS:
            return Refuse(code=Code.RATE_LIMITED, detail="too many pages are live; close some")
        return StreamingResponse(self._told(request.app.state.over), media_type="text/event-stream")

    async def _told(self, over: asyncio.Event) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            await run_in_threadpool(self._index.refresh)
            seq = self._index.seq
            yield b"retry: 2000\n\n"
            for _ in range(int(LASTS_S / LOOK_EVERY_S)):
                await pause(over, LOOK_EVERY_S)
                if over.is_set():
                    return
                await run_in_threadpool(self._index.refresh)
                if self._index.seq > seq:
                    roots, seq = self._index.changed_since(seq), self._index.seq
                    yield b"event: changed\ndata: %s\n\n" % orjson.dumps({"seq": seq, "roots": roots})
        finally:
            self._open -= 1
