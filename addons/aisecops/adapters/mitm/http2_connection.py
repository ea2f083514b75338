"""The HTTP/2 state machine as we use it: small windows, few streams, and lengths left for us to compare.

Adds to the core's buffering connection. Knows frames and windows; what a request may be is `http2_head.py`'s.
"""

from __future__ import annotations

from typing import Any, override

import h2.config
from h2.settings import SettingCodes
from h2.stream import H2Stream, StreamState
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

from aisecops.adapters.mitm.host_refusals import MAX_HEAD_BYTES
from aisecops.adapters.mitm.http2_meter import MAX_FRAME_BYTES

MAX_STREAMS = 64
"""Requests of one connection under way at once; what a client opens beyond is refused unprocessed (safe to repeat)."""
STREAMS_TO_THE_END = 4 * MAX_STREAMS
"""Streams open at once, until the connection ends: a client may open many before it has read how many it may."""
WINDOW_BYTES = 256 * 1024
"""What a stream may send before any of it is taken."""

_CLOSED_FOR_US = frozenset({StreamState.HALF_CLOSED_LOCAL, StreamState.CLOSED})


class BoundedH2Connection(BufferedH2Connection):
    """One client's connection."""

    def __init__(self) -> None:
        # Heads are validated by `http2_head.py`, which answers on the stream; this would end the connection.
        config = h2.config.H2Configuration(
            client_side=False,
            header_encoding=False,
            validate_inbound_headers=False,
            normalize_inbound_headers=False,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        super().__init__(config)
        settings = self.local_settings
        settings[SettingCodes.INITIAL_WINDOW_SIZE] = WINDOW_BYTES
        settings[SettingCodes.MAX_FRAME_SIZE] = MAX_FRAME_BYTES
        settings[SettingCodes.MAX_HEADER_LIST_SIZE] = MAX_HEAD_BYTES
        settings.acknowledge()
        self.max_inbound_frame_size = MAX_FRAME_BYTES
        # a head a little over the bound is answered; one far over it is a bomb, and ends the connection
        self.decoder.max_header_list_size = 2 * MAX_HEAD_BYTES

    @override
    def _begin_new_stream(self, stream_id: int, allowed_ids: Any) -> H2Stream:
        stream = super()._begin_new_stream(stream_id, allowed_ids)
        # A wrong length is refused on its stream by the server; here it would end the connection with all of them.
        stream._initialize_content_length = lambda headers: None  # type: ignore[method-assign] # noqa: ARG005, SLF001
        return stream

    @override
    def initiate_connection(self) -> None:
        """Say our settings: to the client fewer streams than we put up with, as it may not know yet."""
        self._allow_streams(MAX_STREAMS)
        super().initiate_connection()
        self._allow_streams(STREAMS_TO_THE_END)

    def _allow_streams(self, count: int) -> None:
        self.local_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = count
        self.local_settings.acknowledge()

    def takes_more(self, stream_id: int) -> bool:
        """True while we may send on this stream."""
        stream = self.streams.get(stream_id)
        return stream is not None and stream.state_machine.state not in _CLOSED_FOR_US

    def is_over(self, stream_id: int) -> bool:
        """True when neither side may send on this stream any more."""
        stream = self.streams.get(stream_id)
        return stream is None or stream.closed

    def unsent(self, stream_id: int) -> int:
        """Bytes that wait for the client to open its window."""
        waiting = self.stream_buffers.get(stream_id)
        return sum(len(piece.data) for piece in waiting) if waiting else 0
