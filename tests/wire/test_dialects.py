"""Each dialect is read the same way, and whatever comes gives a value or a WireError."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.errors import ConfigError, WireError
from aisecops.wire.dialects import DIALECTS, read_answer, read_call, stream_framing, stream_reader
from aisecops.wire.framing import StreamEvent
from aisecops.wire.llm import estimated_input_tokens, estimated_output_tokens, prompt_hash
from support import bedrock_samples as bedrock
from support import gemini_samples as gemini
from support.wire_samples import (
    CHAT_ANSWER,
    CHAT_REQUEST,
    CHAT_STREAM,
    MESSAGES_ANSWER,
    MESSAGES_REQUEST,
    MESSAGES_STREAM,
    OLLAMA_ANSWER,
    OLLAMA_REQUEST,
    OLLAMA_STREAM,
    RESPONSES_ANSWER,
    RESPONSES_REQUEST,
    RESPONSES_STREAM,
)

IN_THE_PATH = {"gemini": "gemini-2.5-flash", "bedrock": bedrock.MODEL, "bedrock-anthropic": bedrock.MODEL}
CLOUDED = {name: value for name, value in MESSAGES_REQUEST.items() if name not in {"model", "stream"}}
REQUESTS = [
    ("openai", "/v1/chat/completions", CHAT_REQUEST),
    ("openai", "/v1/responses", RESPONSES_REQUEST),
    ("anthropic", "/v1/messages", MESSAGES_REQUEST),
    ("ollama", "/api/chat", OLLAMA_REQUEST),
    ("gemini", gemini.PATH, gemini.REQUEST),
    ("bedrock", bedrock.PATH, bedrock.REQUEST),
    ("bedrock-anthropic", f"/model/{bedrock.MODEL}/invoke", CLOUDED),
]
ANSWERS = [
    ("openai", CHAT_ANSWER),
    ("openai", RESPONSES_ANSWER),
    ("anthropic", MESSAGES_ANSWER),
    ("ollama", OLLAMA_ANSWER),
    ("gemini", gemini.ANSWER),
    ("bedrock", bedrock.ANSWER),
]
STREAMS = [
    ("openai", CHAT_STREAM),
    ("openai", RESPONSES_STREAM),
    ("anthropic", MESSAGES_STREAM),
    ("ollama", OLLAMA_STREAM),
    ("gemini", gemini.as_events(gemini.CHUNKS)),
]

JSON = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)  # a body with a longer one is not read
    | st.floats()
    | st.text(max_size=3)
    | st.lists(st.none(), max_size=2)
    | st.just({})
)


@st.composite
def damaged(draw: st.DrawFn, document: Any) -> Any:
    """`document` with one value somewhere in it replaced."""
    if isinstance(document, dict) and document and draw(st.integers(0, 3)):
        chosen = draw(st.sampled_from(sorted(document)))
        return {name: draw(damaged(value)) if name == chosen else value for name, value in document.items()}
    if isinstance(document, list) and document and draw(st.integers(0, 3)):
        chosen = draw(st.integers(0, len(document) - 1))
        return [draw(damaged(value)) if index == chosen else value for index, value in enumerate(document)]
    return draw(JSON)


@pytest.mark.parametrize(("dialect", "path", "body"), REQUESTS)
def test_a_call_is_known_by_its_path(dialect: str, path: str, body: Any) -> None:
    call = read_call(dialect, "POST", path, body)
    assert call is not None
    assert (call.dialect, call.model) == (dialect, body.get("model", IN_THE_PATH.get(dialect)))


@pytest.mark.parametrize(
    ("dialect", "method", "path"),
    [("openai", "GET", "/v1/models"), ("openai", "POST", "/v1/files"), ("openai", "GET", "/v1/responses/resp_1"),
     ("openai", "POST", "/v1/audio/speech"), ("anthropic", "GET", "/v1/models"), ("anthropic", "POST", "/v1/messages/batches"),
     ("anthropic", "GET", "/v1/messages"), ("ollama", "POST", "/api/pull")],
)  # fmt: skip
def test_what_is_no_call_is_none(dialect: str, method: str, path: str) -> None:
    assert read_call(dialect, method, path, {"model": "m"}) is None


def test_a_server_that_speaks_several_dialects_is_read_by_the_path() -> None:
    spoken = [read_call("ollama", "POST", path, body) for _, path, body in REQUESTS]
    assert [call.dialect for call in spoken if call] == [dialect for dialect, _, _ in REQUESTS]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
def test_a_call_without_a_body_is_refused(path: str) -> None:
    with pytest.raises(WireError):
        read_call("openai", "POST", path, None)


@pytest.mark.parametrize(
    "path", ["/api/v1/chat/completions", "/openai/deployments/d/chat/completions", "/v1/chat/completions/"]
)
def test_the_same_dialect_may_live_under_another_prefix(path: str) -> None:
    assert read_call("openai", "post", path, CHAT_REQUEST) is not None


def test_counting_tokens_is_a_call_that_costs_nothing() -> None:
    call = read_call("anthropic", "POST", "/v1/messages/count_tokens", MESSAGES_REQUEST)
    assert call is not None
    assert not call.charged


@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_every_stream_begins_with_nothing(dialect: str) -> None:
    reader = stream_reader(dialect)
    assert (reader.pending, reader.proposals, reader.answer().complete) == (False, (), False)


def test_a_dialect_we_do_not_speak_is_a_fault_of_the_rules() -> None:
    with pytest.raises(ConfigError):
        stream_reader("klingon")


@given(st.data(), st.sampled_from(REQUESTS))
def test_a_damaged_request_gives_a_call_or_a_wire_error(data: st.DataObject, sample: tuple[str, str, Any]) -> None:
    dialect, path, body = sample
    with contextlib.suppress(WireError):
        call = read_call(dialect, "POST", path, data.draw(damaged(body)))
        assert call is not None
        assert estimated_input_tokens(call) >= 0
        assert prompt_hash(call).startswith("sha256:")


@given(st.data(), st.sampled_from(ANSWERS))
def test_a_damaged_answer_gives_an_answer_or_a_wire_error(data: st.DataObject, sample: tuple[str, Any]) -> None:
    with contextlib.suppress(WireError):
        assert estimated_output_tokens(read_answer(sample[0], data.draw(damaged(sample[1])))) >= 0


def documents(dialect: str, raw: bytes) -> list[Any]:
    kind = next(iter(DIALECTS[dialect].framings))
    framing = stream_framing(dialect, kind)
    assert framing is not None
    said = [event.data for event in framing.feed(raw) + framing.end() if event.data]
    return [json.loads(data) if data.startswith("{") else data for data in said]


@given(st.data(), st.sampled_from(STREAMS))
def test_a_damaged_stream_gives_an_answer_or_a_wire_error(data: st.DataObject, sample: tuple[str, bytes]) -> None:
    dialect, raw = sample
    chunks = data.draw(damaged(documents(dialect, raw)))
    reader = stream_reader(dialect)
    with contextlib.suppress(WireError):
        for chunk in chunks if isinstance(chunks, list) else ():
            said = chunk if isinstance(chunk, str) else json.dumps(chunk)
            reader.feed(StreamEvent(raw=b"", data=said))
        reader.answer()
