"""How what the stores keep is written, and read again: the same in every store.

A value that cannot be read any more is a fault of the store, never a value that is missing.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, cast

import msgspec

from aisecops.model.errors import StoreError
from aisecops.model.known import Known, KnownContent, KnownOutput, ProposedWords
from aisecops.model.value import Value

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Known)


def text_of(value: Value) -> str:
    """`value` as JSON; equal values have equal texts."""
    return msgspec.json.encode(value).decode()


def read[T](text: str | bytes, kind: type[T]) -> T:
    """What `text_of` wrote. Raises `StoreError`."""
    try:
        return cast("T", _of_kind(cast("Hashable", kind)).decode(text))
    except msgspec.MsgspecError as error:
        raise StoreError(f"what the store holds cannot be read: {error}") from error


@cache
def _of_kind(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def packed(known: Known) -> bytes:
    """Fingerprints as they are kept."""
    return _encoder.encode(known)


def unpacked(data: bytes) -> Known:
    """What `packed` wrote. Raises `StoreError`."""
    try:
        found: Known = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise StoreError("the store holds fingerprints that cannot be read") from error
    return found


def name_of(known: Known) -> str:
    """What is kept once for each such name; that of words begins with their tree's root and a colon."""
    if isinstance(known, KnownContent | KnownOutput):
        return known.origin.origin_id
    if isinstance(known, ProposedWords):
        return f"{known.root_run_id}:p:{known.key}"
    return f"{known.root_run_id}:{'t' if known.trusted else 'u'}:{known.name}"
