"""What goes over the pipe between the gateway and a scanning worker: length-prefixed MessagePack.

Texts travel as UTF-8 that lets lone surrogates through, for JSON may hold them.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from aisecops.model.finding import Finding
from aisecops.model.refusals import Code
from aisecops.model.value import Value
from aisecops.model.watchlist import Watchlist
from aisecops.wire.files.shelf import File, Unread

HEADER_BYTES = 4
MAX_FRAME_BYTES = 256 * 1024 * 1024


class Begin(Value, tag="begin"):
    """The first frame to a worker: the fingerprint key, which never stands on a command line, and what to look for."""

    key: bytes
    deadline_s: float
    watchlist: Watchlist = Watchlist()


class Watch(Value, tag="watch"):
    """What to look for from now on beyond the kinds we know. Not answered."""

    watchlist: Watchlist


class Job(Value, tag="job"):
    """Texts to scan for the kinds `entities` (groups already opened); files encoded in `whole` ones are opened."""

    texts: tuple[bytes, ...]
    entities: tuple[str, ...]
    whole: bool = True


class Files(Value, tag="files"):
    """Files to open."""

    files: tuple[File, ...]


class InFile(Value):
    """What was in one file: texts with their places, and what could not be read."""

    parts: tuple[tuple[str, bytes], ...]
    unread: tuple[Unread, ...]


class Texts(Value, tag="texts"):
    """What was in each of the files, in their order."""

    files: tuple[InFile, ...]


class Ready(Value, tag="ready"):
    """The worker has imported all it needs."""


class Done(Value, tag="done"):
    """Findings of each text of the job, in its order; `where` is left empty."""

    findings: tuple[tuple[Finding, ...], ...]


class NotRead(Value, tag="not_read"):
    """The texts hold what cannot be read, or is beyond a bound. `detail` repeats no content."""

    code: Code
    detail: str


class Broke(Value, tag="broke"):
    """The worker could not do it. `why` names the kind of error, never content."""

    why: str


ToWorker = Begin | Watch | Job | Files
FromWorker = Ready | Done | Texts | NotRead | Broke

_encoder = msgspec.msgpack.Encoder()
_to_worker = msgspec.msgpack.Decoder(ToWorker)
_from_worker = msgspec.msgpack.Decoder(FromWorker)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def packed(frame: ToWorker | FromWorker) -> bytes:
    """`frame` with its length before it."""
    data = _encoder.encode(frame)
    return len(data).to_bytes(HEADER_BYTES, "big") + data


def read_to_worker(pipe: _Readable) -> ToWorker | None:
    """The next frame of a blocking pipe; None when the other side is gone."""
    header = pipe.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return None
    frame: ToWorker = _to_worker.decode(pipe.read(int.from_bytes(header, "big")))
    return frame


def read_from_worker(data: bytes) -> FromWorker:
    """One frame without its length. Raises `msgspec.MsgspecError` for anything else."""
    frame: FromWorker = _from_worker.decode(data)
    return frame
