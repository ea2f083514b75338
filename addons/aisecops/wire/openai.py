"""OpenAI's dialect: chat completions, responses and the older completions, told apart by path, shape or first event."""

from __future__ import annotations

from aisecops.model.errors import WireError
from aisecops.wire.fields import an_object
from aisecops.wire.framing import MAX_EVENT_BYTES, StreamEvent
from aisecops.wire.limits import JsonValue, read_json
from aisecops.wire.llm import LlmAnswer, LlmCall, Place, ProposedCall, StreamReader
from aisecops.wire.openai_chat import read_answer as read_chat_answer
from aisecops.wire.openai_chat import read_call as read_chat_call
from aisecops.wire.openai_chat_stream import ChatStream
from aisecops.wire.openai_completions import read_call as read_completions_call
from aisecops.wire.openai_responses import read_answer as read_responses_answer
from aisecops.wire.openai_responses import read_call as read_responses_call
from aisecops.wire.openai_responses_stream import ResponseStream


def read_call(path: str, body: JsonValue) -> LlmCall | None:
    """The call that a POST of `body` to `path` makes; None when it makes none. Raises WireError."""
    if path.endswith("/chat/completions"):
        return read_chat_call(body)
    if path.endswith("/responses"):
        return read_responses_call(body)
    if path.endswith("/completions"):
        return read_completions_call(body)
    return None


def is_posted_too(path: str) -> bool:
    """True where a client that opens a WebSocket asks by POST when it may not: the responses API."""
    return path.endswith("/responses")


def read_answer(body: JsonValue) -> LlmAnswer:
    """The answer in a response body. Raises WireError."""
    root = an_object(body, "")
    if "choices" in root:
        return read_chat_answer(root)
    if "output" in root:
        return read_responses_answer(root)
    raise WireError("the answer is neither a chat completion nor a response")


_OF_A_THREAD = "thread."
"""Clients take an event of such a name for one of an assistant's, and not for what its data says."""


class OpenAiStream:
    """A streamed answer, of whichever sort the first event is that tells."""

    def __init__(self) -> None:
        self._reader: StreamReader | None = None

    @property
    def pending(self) -> bool:
        return self._reader is not None and self._reader.pending

    @property
    def proposals(self) -> tuple[ProposedCall, ...]:
        return () if self._reader is None else self._reader.proposals

    @property
    def placed(self) -> tuple[tuple[Place, ProposedCall], ...]:
        return () if self._reader is None else self._reader.placed

    def feed(self, event: StreamEvent) -> None:
        if event.data is None:
            return
        if event.event.startswith(_OF_A_THREAD):
            raise WireError("an event of a thread stands in a stream that is none")
        if self._reader is None:
            self._reader = _reader_for(event.data)
        if self._reader is not None:
            self._reader.feed(event)

    def answer(self) -> LlmAnswer:
        return LlmAnswer(model="", usage=None, complete=False) if self._reader is None else self._reader.answer()


def _reader_for(data: str) -> StreamReader | None:
    """What reads a stream that begins with `data`; None when that is nothing of either, such as a sign of life."""
    if data.startswith("[DONE]"):
        return ChatStream()
    said = an_object(read_json(data.encode(), max_bytes=MAX_EVENT_BYTES), "")
    kind = said.get("type")
    if isinstance(kind, str) and (kind.startswith("response.") or kind == "error"):
        return ResponseStream()
    return ChatStream() if "choices" in said or "error" in said else None
