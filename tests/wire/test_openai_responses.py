"""The responses API, as requests and whole answers."""

from __future__ import annotations

from typing import Any

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.llm import ProposedCall, Usage
from aisecops.wire.openai_responses import read_answer, read_call
from support.wire_samples import RESPONSES_ANSWER, RESPONSES_REQUEST, WEATHER


def test_every_piece_of_the_input_becomes_a_segment_with_its_place() -> None:
    said = [
        (part.position, part.role.value, part.kind.value, part.text) for part in read_call(RESPONSES_REQUEST).segments
    ]
    assert said == [
        ("/instructions", "system", "text", "be brief"),
        ("/input/0/content", "user", "text", "what is the weather?"),
        ("/input/1/content/0/text", "user", "text", "and this?"),
        ("/input/1/content/1/image_url", "user", "image", "https://pictures.example/cat.png"),
        ("/input/1/content/2/file_data", "user", "file", said[4][3]),
        ("/input/2/arguments", "assistant", "tool_call", '{"city":"Oslo"}'),
        ("/input/3/output", "tool", "tool_result", "rain"),
        ("/input/4/action", "assistant", "tool_call", '{"command":["ls"],"type":"exec"}'),
        ("/input/5", "assistant", "other", '{"summary":[],"type":"reasoning"}'),
    ]


def test_a_plain_string_is_what_the_user_says() -> None:
    [part] = read_call({"model": "m", "input": "hello"}).segments
    assert (part.position, part.role, part.text) == ("/input", "user", "hello")


def test_the_bounds_and_the_schemas_are_read() -> None:
    call = read_call(RESPONSES_REQUEST)
    assert (call.model, call.max_output_tokens, call.response_schema) == ("gpt-4o", 64, WEATHER)


def test_tools_the_provider_runs_are_told_from_ours() -> None:
    offers = read_call(RESPONSES_REQUEST).tools
    assert [(tool.name, tool.hosted) for tool in offers] == [
        ("weather", False), ("local_shell", False), ("web_search", True), ("tickets", True),
    ]  # fmt: skip


def test_what_the_provider_remembers_is_named() -> None:
    body = {
        **RESPONSES_REQUEST,
        "conversation": {"id": "conv_1"},
        "prompt": {"id": "pmpt_1", "variables": {"city": "Oslo"}},
        "input": [{"type": "item_reference", "id": "msg_1"}],
    }
    call = read_call(body)
    assert call.continues == ("resp_0", "conv_1", "msg_1")
    assert call.remembered == (*call.continues, "pmpt_1")
    assert ("/prompt/variables/city", "Oslo") in [(part.position, part.text) for part in call.segments]


@pytest.mark.parametrize(
    "body",
    [
        None, {"model": 1}, {"model": "m", "input": 1}, {"model": "m", "input": [1]}, {"model": "m", "input": [{"type": "message"}]},
        {"model": "m", "input": [{"role": "tool", "content": "x"}]}, {"model": "m", "input": [{"type": "function_call"}]},
        {"model": "m", "input": [{"role": "user", "content": [{"type": "input_text"}]}]}, {"model": "m", "tools": [{}]},
        {"model": "m", "tools": [{"type": "function"}]}, {"model": "m", "conversation": 1}, {"model": "m", "stream": 1},
        {"model": "m", "input": [{"role": "user", "content": [{"type": "input_image"}]}]},
    ],
)  # fmt: skip
def test_a_wrong_type_where_it_matters_is_refused(body: Any) -> None:
    with pytest.raises(WireError):
        read_call(body)


def test_an_answer_is_read_with_its_calls_and_its_use() -> None:
    answer = read_answer(RESPONSES_ANSWER)
    assert answer.texts == ("let me look",)
    assert answer.proposals == (
        ProposedCall(name="weather", call_id="call_9", arguments='{"city":"Rome"}'),
        ProposedCall(name="local_shell", call_id="call_8", arguments='{"command":["ls"],"type":"exec"}'),
        ProposedCall(name="web_search", call_id="ws_1", arguments='{"query":"rome","type":"search"}', hosted=True),
    )
    assert answer.usage == Usage(input_tokens=20, output_tokens=7, cache_read_tokens=5)
    assert answer.finish == "completed"


def test_what_comes_in_parts_of_every_kind_is_read() -> None:
    parts = [
        {"type": "output_text", "text": "a"},
        {"type": "refusal", "refusal": "no"},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "input_file", "file_url": "https://a.example/x.pdf"},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "hologram"},
    ]
    segments = read_call({"model": "m", "input": [{"role": "user", "content": parts}]}).segments
    assert [part.kind.value for part in segments] == ["text", "text", "audio", "file", "image", "other"]
    assert [segments[3].text, segments[4].text] == ["https://a.example/x.pdf", "file-1"]


def test_outputs_of_every_shape_are_results() -> None:
    items = [
        {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot"}},
        {"type": "custom_tool_call", "call_id": "d", "name": "sql", "input": "select 1"},
        {"type": "custom_tool_call_output", "call_id": "d", "output": [{"type": "input_text", "text": "one"}]},
        {"type": "function_call_output", "call_id": "e"},
    ]
    segments = read_call({"model": "m", "input": items}).segments
    assert [(part.role.value, part.text, part.call_id) for part in segments] == [
        ("tool", '{"type":"computer_screenshot"}', "c"),
        ("assistant", "select 1", "d"),
        ("tool", "one", "d"),
    ]


def test_what_a_shell_wrote_is_its_result_and_a_screenshot_is_an_image() -> None:
    shell = {
        "type": "shell_call_output",
        "call_id": "c",
        "output": [{"stdout": "total 12", "stderr": "no", "outcome": {}}],
    }
    screen = {"type": "computer_call_output", "call_id": "d", "output": {"type": "computer_screenshot", "file_id": "f"}}
    said = read_call({"input": [shell, screen]}).segments
    assert [(part.position, part.kind.value, part.text) for part in said] == [
        ("/input/0/output/0/stdout", "tool_result", "total 12"),
        ("/input/0/output/0/stderr", "tool_result", "no"),
        ("/input/1/output/file_id", "image", "f"),
    ]
