"""Anthropic's messages, as requests and whole answers."""

from __future__ import annotations

from typing import Any

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.anthropic import read_answer, read_call
from aisecops.wire.llm import ProposedCall, Usage
from support.wire_samples import MESSAGES_ANSWER, MESSAGES_REQUEST, WEATHER


def test_every_piece_of_the_conversation_becomes_a_segment_with_its_place() -> None:
    said = [
        (part.position, part.role.value, part.kind.value, part.text) for part in read_call(MESSAGES_REQUEST).segments
    ]
    assert said == [
        ("/system/0/text", "system", "text", "be brief"),
        ("/messages/0/content", "user", "text", "what is the weather?"),
        ("/messages/1/content/0/thinking", "assistant", "other", "hm"),
        ("/messages/1/content/1/text", "assistant", "text", "let me look"),
        ("/messages/1/content/2/input", "assistant", "tool_call", '{"city":"Oslo"}'),
        ("/messages/2/content/0/content/0/text", "tool", "tool_result", "rain"),
        ("/messages/2/content/0/content/1/source/url", "tool", "image", "https://pictures.example/rain.png"),
        ("/messages/2/content/1/title", "user", "text", "notes"),
        ("/messages/2/content/1/source/data", "user", "text", "dry"),
        ("/messages/2/content/2/source/data", "user", "image", said[9][3]),
    ]
    assert said[9][3].startswith("sha256:")


def test_a_result_is_linked_to_its_call() -> None:
    linked = [(part.name, part.call_id) for part in read_call(MESSAGES_REQUEST).segments if part.call_id]
    assert linked == [("weather", "toolu_1"), ("", "toolu_1"), ("", "toolu_1")]


def test_a_plain_system_prompt_and_a_plain_result_are_read() -> None:
    body = {
        "model": "m",
        "system": "be brief",
        "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "rain"}]}],
    }
    assert [(part.position, part.text) for part in read_call(body).segments] == [
        ("/system", "be brief"), ("/messages/0/content/0/content", "rain"),
    ]  # fmt: skip


def test_found_documents_keep_their_words_and_their_source() -> None:
    found = {
        "type": "search_result",
        "source": "https://a.example",
        "title": "A",
        "content": [{"type": "text", "text": "words"}],
    }
    nested = {
        "type": "document",
        "source": {"type": "content", "content": [{"type": "text", "text": "more"}]},
        "context": "old",
    }
    segments = read_call({"model": "m", "messages": [{"role": "user", "content": [found, nested]}]}).segments
    assert [(part.role.value, part.kind.value, part.text) for part in segments] == [
        ("tool", "tool_result", "A"), ("tool", "tool_result", "words"), ("user", "text", "old"), ("user", "text", "more"),
    ]  # fmt: skip
    assert segments[0].name == "https://a.example"


@pytest.mark.parametrize(
    ("source", "said"),
    [({"type": "file", "file_id": "file-1"}, "file-1"), ({"type": "disk", "of": 1}, '{"of":1,"type":"disk"}')],
)
def test_documents_kept_elsewhere_are_named(source: dict[str, Any], said: str) -> None:
    block = {"type": "document", "source": source}
    [part] = read_call({"model": "m", "messages": [{"role": "user", "content": [block]}]}).segments
    assert (part.kind, part.text) == ("file", said)


def test_results_of_tools_the_provider_ran_are_results() -> None:
    block = {
        "type": "web_search_tool_result",
        "tool_use_id": "s",
        "content": [{"type": "web_search_result", "url": "https://a.example"}],
    }
    [part] = read_call({"model": "m", "messages": [{"role": "assistant", "content": [block]}]}).segments
    assert (part.role, part.kind, part.call_id) == ("tool", "tool_result", "s")
    assert "https://a.example" in part.text


def test_what_we_have_no_word_for_is_kept_whole() -> None:
    [part] = read_call(
        {"model": "m", "messages": [{"role": "user", "content": [{"type": "smell", "of": "rain"}]}]}
    ).segments
    assert (part.kind, part.text) == ("other", '{"of":"rain","type":"smell"}')


def test_the_bounds_and_the_schemas_are_read() -> None:
    call = read_call(MESSAGES_REQUEST)
    assert (call.model, call.max_output_tokens, call.response_schema, call.charged) == (
        "claude-sonnet-4-5",
        64,
        WEATHER,
        True,
    )


def test_tools_the_provider_runs_are_told_from_ours() -> None:
    offers = read_call(MESSAGES_REQUEST).tools
    assert [(tool.name, tool.hosted) for tool in offers] == [
        ("weather", False), ("bash", False), ("web_search", True), ("tickets", True),
    ]  # fmt: skip
    assert offers[0].schema == WEATHER


def test_counting_is_not_charged() -> None:
    call = read_call({**MESSAGES_REQUEST, "max_tokens": None}, charged=False)
    assert (call.charged, call.max_output_tokens) == (False, 0)


@pytest.mark.parametrize("container", ["container_1", {"id": "container_1", "skills": []}])
def test_a_container_kept_at_the_provider_is_named(container: Any) -> None:
    assert read_call({**MESSAGES_REQUEST, "container": container}).remembered == ("container_1",)


@pytest.mark.parametrize(
    "body",
    [
        None, {}, {"model": "m", "system": 1}, {"model": "m", "messages": [{"role": "tool", "content": "x"}]},
        {"model": "m", "messages": [{"role": "user", "content": 1}]}, {"model": "m", "messages": [{"role": "user", "content": [{}]}]},
        {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": None}]}]},
        {"model": "m", "messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]},
        {"model": "m", "messages": [{"role": "assistant", "content": [{"type": "tool_use", "name": "x", "input": "{}"}]}]},
        {"model": "m", "max_tokens": "9"}, {"model": "m", "tools": {}}, {"model": "m", "mcp_servers": [{}]},
    ],
)  # fmt: skip
def test_a_wrong_type_where_it_matters_is_refused(body: Any) -> None:
    with pytest.raises(WireError):
        read_call(body)


def test_an_answer_is_read_with_its_calls_and_its_use() -> None:
    answer = read_answer(MESSAGES_ANSWER)
    assert answer.texts == ("let me look",)
    assert answer.proposals == (
        ProposedCall(name="weather", call_id="toolu_9", arguments='{"city":"Rome"}'),
        ProposedCall(name="web_search", call_id="srvtoolu_1", arguments='{"query":"rome"}', hosted=True),
    )
    assert answer.usage == Usage(input_tokens=20, output_tokens=7, cache_read_tokens=5, cache_write_tokens=5)
    assert (answer.finish, answer.reasoning_chars) == ("tool_use", 2)
