"""Anthropic's messages where a cloud serves them: the path names the model, and Bedrock puts a stream into frames.

Knows Bedrock's `POST /model/NAME/invoke` and `/invoke-with-response-stream` for models of Anthropic, and Vertex'
`.../publishers/anthropic/models/NAME:rawPredict` and `:streamRawPredict`. What other makers call their own is not read.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

import orjson
from msgspec.structs import replace

from aisecops.model.errors import WireError
from aisecops.wire import anthropic
from aisecops.wire.aws_frames import FrameReader, frame, reframed
from aisecops.wire.fields import JsonObject, an_object, text
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent
from aisecops.wire.limits import JsonValue, read_json
from aisecops.wire.llm import LlmCall

ON_BEDROCK = "bedrock-anthropic"

_INVOKE = re.compile(r"/model/([^/]+)/(invoke|invoke-with-response-stream)\Z")
_OF_ANTHROPIC = re.compile(r"([a-z-]+\.)?anthropic\.")
"""Of other names, a tuned model's or a profile's of one's own, nobody can say here whose form the body must have."""
_PREDICT = re.compile(r"/publishers/anthropic/models/([^/:]+):(rawPredict|streamRawPredict)\Z")
_COUNTS = "count-tokens"
_CHUNK = "chunk"


def call_at(path: str, body: JsonValue) -> LlmCall | None:
    """The call that a POST of `body` to a path of Anthropic's own, or of Vertex', makes; None for any other.

    Raises WireError.
    """
    named = _PREDICT.search(path)
    if named is None:
        return anthropic.call_at(path, body)
    root, model = an_object(body, ""), unquote(named[1])
    if model == _COUNTS:
        return anthropic.read_call(root, charged=False)
    streams = {"stream": True} if named[2] == "streamRawPredict" else {}
    return anthropic.read_call({**root, "model": model, **streams})


def call_on_bedrock(path: str, body: JsonValue) -> LlmCall | None:
    """The call that a POST of `body` to `path` of Bedrock makes; None for none of Anthropic's. Raises WireError."""
    named = _INVOKE.search(path)
    if named is None or _OF_ANTHROPIC.match(model := unquote(named[1])) is None:
        return None
    root = an_object(body, "")
    if "messages" not in root or "prompt" in root:
        raise WireError("a model of Anthropic is asked with `messages` and without `prompt`")  # that was before them
    call = anthropic.read_call({**root, "model": model, "stream": named[2] != "invoke"})
    return replace(call, dialect=ON_BEDROCK)


class ChunkReader(FrameReader):
    """Frames that each hold one event of a message, in base64 within JSON."""

    def feed(self, data: bytes) -> list[StreamEvent]:
        return [_opened(event) for event in super().feed(data)]


def chunk(data: JsonObject) -> bytes:
    """The frame of one event of a message."""
    headers = {":event-type": _CHUNK, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, _wrapped(orjson.dumps(data)))


def rechunked(event: StreamEvent, data: str) -> bytes:
    """The bytes of `event`, a frame, with `data` for the event in it."""
    return reframed(event, _wrapped(data.encode()).decode())


def _opened(event: StreamEvent) -> StreamEvent:
    """What a frame holds. Raises WireError for a chunk that holds none."""
    if event.event != _CHUNK:
        return StreamEvent(raw=event.raw, data=None, event=event.event)  # an exception, or what no client looks at
    holder = an_object(read_json((event.data or "").encode(), max_bytes=MAX_EVENT_BYTES), "")
    try:
        inside = base64.b64decode(text(holder, "bytes", ""), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise WireError("what a chunk of the stream holds cannot be read") from error
    return StreamEvent(raw=event.raw, data=inside, event="")


def _wrapped(data: bytes) -> bytes:
    return orjson.dumps({"bytes": base64.b64encode(data).decode()})
