"""The dialects we speak, and the one way to read each.

A dialect is one line of the table. Knows which module reads it, and nothing of what is in it.
"""

from __future__ import annotations

from collections.abc import Callable

from aisecops.model.errors import ConfigError
from aisecops.model.value import Value
from aisecops.wire import anthropic, openai
from aisecops.wire.anthropic_stream import MessageStream
from aisecops.wire.limits import JsonValue
from aisecops.wire.llm import LlmAnswer, LlmCall, StreamReader


class Dialect(Value):
    """How to read one provider's calls, answers and streamed answers."""

    read_call: Callable[[str, JsonValue], LlmCall | None]
    read_answer: Callable[[JsonValue], LlmAnswer]
    stream: Callable[[], StreamReader]


def _anthropic_call(path: str, body: JsonValue) -> LlmCall | None:
    if path.endswith("/messages"):
        return anthropic.read_call(body)
    if path.endswith("/messages/count_tokens"):
        return anthropic.read_call(body, charged=False)
    return None


DIALECTS: dict[str, Dialect] = {
    "openai": Dialect(read_call=openai.read_call, read_answer=openai.read_answer, stream=openai.OpenAiStream),
    "anthropic": Dialect(read_call=_anthropic_call, read_answer=anthropic.read_answer, stream=MessageStream),
}


def read_call(dialect: str, method: str, path: str, body: JsonValue) -> LlmCall | None:
    """The call a request makes; None when it is none (a list of models, an upload, a path we do not know).

    `path` is without its query; `body` is the request's JSON, None when it has none. Of a request for which this is
    None nothing is known: neither what it says nor what it costs. Raises WireError.
    """
    return _dialect(dialect).read_call(path.rstrip("/"), body) if method.upper() == "POST" else None


def read_answer(dialect: str, body: JsonValue) -> LlmAnswer:
    """The answer in a successful response's JSON. Raises WireError."""
    return _dialect(dialect).read_answer(body)


def stream_reader(dialect: str) -> StreamReader:
    """A reader for one streamed answer."""
    return _dialect(dialect).stream()


def _dialect(name: str) -> Dialect:
    if name not in DIALECTS:
        raise ConfigError(f"unknown dialect `{name}`", f"use one of {', '.join(sorted(DIALECTS))}")
    return DIALECTS[name]
