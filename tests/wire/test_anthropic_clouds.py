"""Anthropic's messages at Bedrock and Vertex: known by the path, streamed in frames, and nothing of another maker's read."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.anthropic_clouds import ON_BEDROCK, ChunkReader, chunk, rechunked
from aisecops.wire.aws_frames import frame
from aisecops.wire.dialects import read_call, stream_editor, stream_framing, stream_reader
from support.obeying import CHUNK, message_chunks
from support.wire_samples import MESSAGES_REQUEST

CLAUDE = "anthropic.claude-sonnet-4-20250514-v1:0"
AT_BEDROCK = f"/model/{CLAUDE}/invoke"
AT_VERTEX = "/v1/projects/p/locations/eu/publishers/anthropic/models/claude-sonnet-4@20250514:rawPredict"
BARE = {name: value for name, value in MESSAGES_REQUEST.items() if name not in {"model", "stream"}}
SAYS = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}}
KIND = "application/vnd.amazon.eventstream"


def held(payload: Any, **headers: str) -> bytes:
    return frame(CHUNK | headers, payload if isinstance(payload, bytes) else json.dumps(payload).encode())


@pytest.mark.parametrize("name", [CLAUDE, f"us.{CLAUDE}", f"global.{CLAUDE}", CLAUDE.replace(":", "%3A")])
@pytest.mark.parametrize(("way", "streams"), [("invoke", False), ("invoke-with-response-stream", True)])
def test_a_message_to_bedrock_is_read_as_one_to_anthropic(name, way, streams):
    call = read_call("bedrock", "POST", f"/model/{name}/{way}", BARE | {"anthropic_version": "bedrock-2023-05-31"})
    direct = read_call("anthropic", "POST", "/v1/messages", MESSAGES_REQUEST)
    assert call is not None
    assert direct is not None
    assert (call.dialect, call.model, call.stream) == (ON_BEDROCK, name.replace("%3A", ":"), streams)
    assert (call.segments, call.tools, call.max_output_tokens) == (direct.segments, direct.tools, 64)


def test_what_a_body_says_of_model_and_stream_does_not_count_where_the_path_says_it():
    call = read_call("bedrock", "POST", AT_BEDROCK, BARE | {"model": "cheap", "stream": True})
    assert call is not None
    assert (call.model, call.stream) == (CLAUDE, False)
    call = read_call("anthropic", "POST", AT_VERTEX, BARE | {"model": "cheap"})
    assert call is not None
    assert call.model == "claude-sonnet-4@20250514"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/model/meta.llama3-70b-instruct-v1:0/invoke", BARE),
        ("/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fanthropic.x/invoke", BARE),
        ("/model/notanthropic.claude/invoke", BARE),
        ("/v1/projects/p/locations/eu/publishers/mistralai/models/large:rawPredict", BARE),
    ],
)
def test_what_another_maker_calls_its_own_is_not_read(path, body):
    assert read_call("bedrock", "POST", path, body) is None


@pytest.mark.parametrize(
    "body", [{"prompt": "\n\nHuman: hi\n\nAssistant:", "max_tokens_to_sample": 5}, BARE | {"prompt": "besides"}, {}]
)
def test_how_models_of_anthropic_were_asked_before_is_not_read(body):
    with pytest.raises(WireError):
        read_call("bedrock", "POST", AT_BEDROCK, body)


@pytest.mark.parametrize(("path", "streams"), [(AT_VERTEX, False), (AT_VERTEX.replace(":raw", ":streamRaw"), True)])
def test_vertex_says_in_the_path_whether_it_streams_and_the_body_may_ask_for_it_too(path, streams):
    call = read_call("gemini", "POST", path, BARE | {"anthropic_version": "vertex-2023-10-16"})
    assert call is not None
    assert (call.dialect, call.stream) == ("anthropic", streams)
    asked = read_call("gemini", "POST", path, BARE | {"stream": True})
    assert asked is not None
    assert asked.stream


def test_counting_at_vertex_costs_nothing_and_is_of_the_model_that_the_body_names():
    path = AT_VERTEX.replace("claude-sonnet-4@20250514", "count-tokens")
    call = read_call("anthropic", "POST", path, BARE | {"model": "claude-sonnet-4"})
    assert call is not None
    assert (call.model, call.charged) == ("claude-sonnet-4", False)


def test_a_stream_in_frames_says_what_the_same_says_in_lines():
    _, raw = message_chunks([("send_email", {"to": "ann@corp.test"})])
    framing, reader = stream_framing(ON_BEDROCK, KIND), stream_reader(ON_BEDROCK)
    assert framing is not None
    for byte in range(len(raw)):  # wherever it is cut
        for event in framing.feed(raw[byte : byte + 1]):
            reader.feed(event)
    answer = reader.answer()
    assert answer.complete
    assert [(call.name, call.arguments) for call in answer.proposals] == [("send_email", '{"to": "ann@corp.test"}')]
    assert answer.usage is not None
    assert answer.usage.output_tokens == 10


def test_a_refused_call_becomes_a_text_in_frames_that_a_client_can_read():
    _, raw = message_chunks([("send_email", {"to": "ann@corp.test"})])
    events = ChunkReader().feed(raw)
    reader, editor = stream_reader(ON_BEDROCK), stream_editor(ON_BEDROCK)
    for event in events:
        reader.feed(event)
    editor.weighed(dict.fromkeys(reader.placed, "not that"))
    passed = b"".join(editor.edit(event) for event in events)

    again = stream_reader(ON_BEDROCK)
    for event in ChunkReader().feed(passed):
        again.feed(event)
    answer = again.answer()
    assert (answer.proposals, answer.finish, answer.complete) == ((), "end_turn", True)
    assert "".join(answer.texts).endswith("not that")


def test_a_chunk_can_be_made_to_say_something_else():
    [event] = ChunkReader().feed(chunk(SAYS))
    assert json.loads(event.data or "") == SAYS
    [other] = ChunkReader().feed(rechunked(event, '{"type":"ping"}'))
    assert other.data == '{"type":"ping"}'


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", {"bytes": 5}, {"p": "ab"}, {"bytes": "***"}, {"bytes": "aGVsbG8"}, {"bytes": "/w=="},
     b'{"bytes":"e30=","bytes":"e30="}', {"bytes": base64.b64encode(b"{}").decode() + "\n"}],
)  # fmt: skip
def test_a_chunk_that_holds_nothing_whole_is_not_passed_on(payload):
    with pytest.raises(WireError):
        ChunkReader().feed(held(payload))


def test_an_exception_and_what_clients_do_not_look_at_say_nothing():
    [other] = ChunkReader().feed(held({"bytes": "e30="}, **{":event-type": "metadata"}))
    error = {":message-type": "exception", ":exception-type": "throttlingException"}
    [exception] = ChunkReader().feed(frame(error, b'{"message":"slow down"}'))
    assert (other.data, exception.data) == (None, None)
