"""Compressed WebSocket messages (RFC 7692) within bounds: a small frame may not become a large message.

Knows the one extension that is let through. The size of a message that was never compressed is bounded by who reads it.
"""

from __future__ import annotations

import zlib
from typing import override

from wsproto.extensions import Extension, PerMessageDeflate
from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol

NAME = "permessage-deflate"


def known(offers: str) -> str:
    """Of the extensions in a `Sec-WebSocket-Extensions`, those that can be read."""
    return ", ".join(offer.strip() for offer in offers.split(",") if _name(offer) == NAME)


def agreed(answer: str) -> bool:
    """True when the upstream chose nothing, or compression once."""
    return not answer.strip() or [_name(chosen) for chosen in answer.split(",")] == [NAME]


def extensions(answer: str, limit: int) -> list[Extension]:
    """What the two ends have agreed on. Raises ValueError for parameters that cannot be."""
    if not answer.strip():
        return []
    deflate = BoundedDeflate(limit)
    deflate.finalize(answer)
    return [deflate]


def _name(offer: str) -> str:
    return offer.partition(";")[0].strip().lower()


class BoundedDeflate(PerMessageDeflate):
    """Inflates no message beyond `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._inflated = 0

    @override
    def frame_inbound_payload_data(
        self,
        proto: FrameDecoder | FrameProtocol,
        data: bytes,
    ) -> bytes | CloseReason:
        if not self._inbound_compressed or not self._inbound_is_compressible or self._decompressor is None:
            return data
        room = self._limit - self._inflated
        try:
            piece = self._decompressor.decompress(bytes(data), room + 1)
        except zlib.error:
            return CloseReason.INVALID_FRAME_PAYLOAD_DATA
        self._inflated += len(piece)
        if len(piece) > room or self._decompressor.unconsumed_tail:
            return CloseReason.MESSAGE_TOO_BIG
        if self._decompressor.eof:
            return CloseReason.INVALID_FRAME_PAYLOAD_DATA  # what follows a last block is hidden from who reads it
        return piece

    @override
    def frame_inbound_complete(self, proto: FrameDecoder | FrameProtocol, fin: bool) -> bytes | CloseReason | None:
        if fin and self._inbound_is_compressible:
            self._inflated = 0
        return super().frame_inbound_complete(proto, fin)
