"""What a client's events tell a realtime model."""

from __future__ import annotations

from typing import Any

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.realtime_call import offered_by, read_event


def told(event: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    call = read_event(event, "gpt-realtime")
    assert call is not None
    return [(part.position, part.role.value, part.kind.value, part.text) for part in call.segments]


@pytest.mark.parametrize(
    ("item", "pieces"),
    [
        (
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
            [("/item/content/0/text", "user", "text", "hi")],
        ),
        (
            {"type": "message", "role": "nobody", "content": [{"type": "input_text", "text": "hi"}]},
            [("/item/content/0/text", "tool", "text", "hi")],
        ),
        (
            {"type": "function_call_output", "call_id": "c", "output": "12"},
            [("/item/output", "tool", "tool_result", "12")],
        ),
        (
            {"type": "function_call", "name": "f", "call_id": "c", "arguments": "{}"},
            [("/item/arguments", "assistant", "tool_call", "{}")],
        ),
        (
            {"role": "assistant", "content": [{"type": "output_audio", "transcript": "well"}]},
            [("/item/content/0/transcript", "assistant", "text", "well")],
        ),
    ],
)
def test_an_item_is_read_by_its_role(item: Any, pieces: Any) -> None:
    assert told({"type": "conversation.item.create", "item": item}) == pieces


def test_sound_and_images_are_listed_and_not_read() -> None:
    content = [{"type": "input_audio", "audio": "AAAA", "transcript": "so"}, {"type": "input_image", "image_url": "u"}]
    found = told({"type": "conversation.item.create", "item": {"role": "user", "content": content}})
    assert [(place, kind) for place, _, kind, _ in found] == [
        ("/item/content/0/transcript", "text"),
        ("/item/content/0/audio", "audio"),
        ("/item/content/1/image_url", "image"),
    ]


@pytest.mark.parametrize(("kind", "at"), [("session.update", "session"), ("response.create", "response")])
def test_instructions_and_tools_of_a_session_and_of_an_answer(kind: str, at: str) -> None:
    call = read_event({"type": kind, at: {"instructions": "be good", "tools": [{"type": "function", "name": "f"}]}}, "")
    assert call is not None
    assert [part.position for part in call.segments] == [f"/{at}/instructions"]
    assert [tool.name for tool in call.tools] == ["f"]


@pytest.mark.parametrize("event", [{"type": "input_audio_buffer.append", "audio": "AAAA"}, {"type": 5}, {}])
def test_other_events_tell_a_model_nothing(event: Any) -> None:
    assert read_event(event, "") is None


def test_a_server_says_what_its_session_offers() -> None:
    offered = offered_by({"type": "session.updated", "session": {"tools": [{"type": "function", "name": "f"}]}})
    assert offered is not None
    assert ([tool.name for tool in offered.tools], offered.offers_elsewhere) == (["f"], False)
    assert offered_by({"type": "error"}) is None


@pytest.mark.parametrize(
    "more",
    [
        {"input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}]},
        {"instructions": "be brief"},
        {"tools": []},
        {"previous_response_id": "resp_1"},
        {"response": {"instructions": "be brief"}, "input": "and this"},
    ],
)
def test_a_call_of_the_responses_api_is_no_event_that_passes_unread(more: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        read_event({"type": "response.create", "model": "gpt-5", **more}, "gpt-realtime")
