"""The dialects we speak, and the one way to read and to change what is said in each.

A dialect is one line of the table. Knows which module does what, and nothing of what is said. Some are not dialects of
their own but places where one is spoken: `azure` speaks `openai`, and what rules call `bedrock` is two of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from aisecops.model.errors import ConfigError
from aisecops.model.value import Value
from aisecops.wire import (
    anthropic,
    anthropic_clouds,
    azure,
    bedrock,
    bedrock_withdraw,
    embeddings,
    gemini,
    notice,
    ollama,
    openai,
    withdraw,
    withdraw_stream,
)
from aisecops.wire.anthropic_stream import MessageStream
from aisecops.wire.aws_frames import FrameReader, reframed
from aisecops.wire.bedrock_stream import ConverseStream
from aisecops.wire.fields import JsonObject
from aisecops.wire.framing import Framing, StreamEvent, with_data
from aisecops.wire.gemini_stream import GeminiStream
from aisecops.wire.gemini_withdraw import from_gemini
from aisecops.wire.growing import Pieces, block_pieces, candidate_pieces, line_pieces, message_pieces, openai_pieces
from aisecops.wire.json_array import ArrayReader
from aisecops.wire.json_lines import LineReader
from aisecops.wire.limits import JsonValue
from aisecops.wire.llm import LlmAnswer, LlmCall, StreamReader
from aisecops.wire.ollama_stream import OllamaStream
from aisecops.wire.ollama_withdraw import from_ollama
from aisecops.wire.restore import Meanings
from aisecops.wire.restore_stream import EventRestorer
from aisecops.wire.sse import SseReader


class Dialect(Value):
    """How to read one provider's calls, answers and streamed answers, and how to change them.

    `framings` are the media types that a streamed answer may have, and what reads the events of each; `pieces` finds
    the texts that grow from event to event, `rewritten` makes an event say something else.
    """

    read_call: Callable[[str, JsonValue], LlmCall | None]
    read_answer: Callable[[JsonValue], LlmAnswer]
    stream: Callable[[], StreamReader]
    framings: Mapping[str, Callable[[], Framing]]
    new_slot: notice.NewSlot
    withdraw: withdraw.Way
    editor: Callable[[], withdraw_stream.StreamEditor]
    pieces: Callable[[JsonObject], Pieces]
    rewritten: Callable[[StreamEvent, str], bytes] = with_data


_SSE = {"text/event-stream": functools.partial(SseReader, alike=True)}

_OPENAI = Dialect(
    read_call=openai.read_call,
    read_answer=openai.read_answer,
    stream=openai.OpenAiStream,
    framings=_SSE,
    new_slot=notice.in_openai,
    withdraw=withdraw.from_openai,
    editor=withdraw_stream.OpenAiEditor,
    pieces=openai_pieces,
)

DIALECTS: dict[str, Dialect] = {
    "openai": _OPENAI,
    "azure": replace(_OPENAI, read_call=azure.read_call),
    "anthropic": Dialect(
        read_call=anthropic_clouds.call_at,
        read_answer=anthropic.read_answer,
        stream=MessageStream,
        framings=_SSE,
        new_slot=notice.in_anthropic,
        withdraw=withdraw.from_anthropic,
        editor=withdraw_stream.MessageEditor,
        pieces=message_pieces,
    ),
    "bedrock": Dialect(
        read_call=bedrock.read_call,
        read_answer=bedrock.read_answer,
        stream=ConverseStream,
        framings={"application/vnd.amazon.eventstream": FrameReader},
        new_slot=notice.in_bedrock,
        withdraw=bedrock_withdraw.from_bedrock,
        editor=bedrock_withdraw.ConverseEditor,
        pieces=block_pieces,
        rewritten=reframed,
    ),
    anthropic_clouds.ON_BEDROCK: Dialect(
        read_call=anthropic_clouds.call_on_bedrock,
        read_answer=anthropic.read_answer,
        stream=MessageStream,
        framings={"application/vnd.amazon.eventstream": anthropic_clouds.ChunkReader},
        new_slot=notice.in_anthropic,
        withdraw=withdraw.from_anthropic,
        editor=lambda: withdraw_stream.MessageEditor(anthropic_clouds.chunk),
        pieces=message_pieces,
        rewritten=anthropic_clouds.rechunked,
    ),
    "gemini": Dialect(
        read_call=gemini.read_call,
        read_answer=gemini.read_answer,
        stream=GeminiStream,
        framings={**_SSE, "application/json": ArrayReader},
        new_slot=notice.in_gemini,
        withdraw=from_gemini,
        editor=lambda: withdraw_stream.WholeCalls(from_gemini),
        pieces=candidate_pieces,
    ),
    "ollama": Dialect(
        read_call=ollama.read_call,
        read_answer=ollama.read_answer,
        stream=OllamaStream,
        framings={"application/x-ndjson": LineReader},
        new_slot=notice.in_ollama,
        withdraw=from_ollama,
        editor=lambda: withdraw_stream.WholeCalls(from_ollama),
        pieces=line_pieces,
    ),
}


def read_call(dialect: str, method: str, path: str, body: JsonValue) -> LlmCall | None:
    """The call a request makes; None when it is none (a list of models, an upload, a path we do not know).

    `path` is without its query; `body` is the request's JSON, None when it has none. A server that speaks several
    dialects is read by the path; the call says which it was. Of a request for which this is None nothing is known:
    neither what it says nor what it costs. Raises WireError.
    """
    if method.upper() != "POST":
        return None
    path = path.rstrip("/")
    for one in (_dialect(dialect), *DIALECTS.values()):
        if (call := one.read_call(path, body)) is not None:
            return call
    return embeddings.read_call(path, body)


def read_answer(dialect: str, body: JsonValue) -> LlmAnswer:
    """The answer in a successful response's JSON. Raises WireError."""
    return _dialect(dialect).read_answer(body)


def stream_reader(dialect: str) -> StreamReader:
    """A reader for one streamed answer."""
    return _dialect(dialect).stream()


def stream_framing(dialect: str, kind: str) -> Framing | None:
    """What cuts a streamed answer of media type `kind` into events; None when none of `dialect` comes so."""
    framing = _dialect(dialect).framings.get(kind)
    return None if framing is None else framing()


def stream_editor(dialect: str) -> withdraw_stream.StreamEditor:
    """An editor for one streamed answer."""
    return _dialect(dialect).editor()


def with_notice(text: str, call: LlmCall, words: str) -> str:
    """`text`, the JSON body of `call`, with `words` in the system slot. Raises as `notice.noted` does."""
    return notice.noted(_dialect(call.dialect).new_slot, text, call, words)


def withdrawn(dialect: str, body: bytes, refused: Mapping[int, str]) -> bytes:
    """`body`, an answer's JSON, without the calls of `refused`. Raises as `withdraw.without` does."""
    return withdraw.without(_dialect(dialect).withdraw, body, refused)


def event_restorer(dialect: str | None, meanings: Meanings) -> EventRestorer:
    """What restores one streamed answer; without a dialect every text in it is whole."""
    if dialect is None:
        return EventRestorer(meanings)
    spoken = _dialect(dialect)
    return EventRestorer(meanings, spoken.pieces, spoken.rewritten)


def _dialect(name: str) -> Dialect:
    if name not in DIALECTS:
        raise ConfigError(f"unknown dialect `{name}`", f"use one of {', '.join(sorted(DIALECTS))}")
    return DIALECTS[name]
