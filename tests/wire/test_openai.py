"""One dialect, two ways to talk: told apart by shape."""

from __future__ import annotations

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.openai import OpenAiStream, read_answer
from support.wire_samples import CHAT_ANSWER, CHAT_STREAM, RESPONSES_ANSWER, RESPONSES_STREAM, events, stream


@pytest.mark.parametrize("body", [CHAT_ANSWER, RESPONSES_ANSWER])
def test_both_kinds_of_answer_are_read(body: dict[str, object]) -> None:
    assert read_answer(body).texts == ("let me look",)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "raw", [CHAT_STREAM, RESPONSES_STREAM, RESPONSES_STREAM.replace(b"event: ", b"id: "), b": hi\n\n" + CHAT_STREAM]
)
def test_both_kinds_of_stream_are_read(raw: bytes) -> None:
    reader = OpenAiStream()
    pending = []
    for event in events(raw):
        reader.feed(event)
        pending.append(reader.pending)
    assert any(pending)
    assert not reader.pending
    assert reader.answer().texts == ("let me look",)
    assert [call.name for call in reader.proposals] == ["weather"]


def test_an_answer_of_neither_kind_is_refused() -> None:
    with pytest.raises(WireError):
        read_answer({"object": "list", "data": []})


@pytest.mark.parametrize("data", ["[DONE]", '{"error":{"message":"busy"}}'])
def test_a_stream_may_end_before_it_begins(data: str) -> None:
    reader = OpenAiStream()
    for event in events(stream(data)):
        reader.feed(event)
    assert reader.answer().texts == ()


@pytest.mark.parametrize("first", ['{"type":"keepalive"}', "{}"])
def test_what_says_nothing_decides_nothing(first: str) -> None:
    reader = OpenAiStream()
    for event in events(stream(first) + RESPONSES_STREAM):
        reader.feed(event)
    assert [call.name for call in reader.proposals] == ["weather"]


@pytest.mark.parametrize(
    "raw",
    [
        stream('{"choices":[]}') + RESPONSES_STREAM,
        RESPONSES_STREAM + CHAT_STREAM,
        CHAT_STREAM.replace(b"data: {", b"event: thread.message.delta\ndata: {", 1),
    ],
    ids=["a response behind a chunk", "chunks behind a response", "a thread"],
)
def test_a_stream_of_two_kinds_is_refused(raw: bytes) -> None:
    reader = OpenAiStream()
    with pytest.raises(WireError):
        for event in events(raw):
            reader.feed(event)
