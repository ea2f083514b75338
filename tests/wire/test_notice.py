from __future__ import annotations

import json
from typing import Any

import pytest

from aisecops.wire.dialects import read_call, with_notice

NOTICE = "what the marks mean"
CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
CONVERSE = "/model/m/converse"
GEMINI = "/v1beta/models/m:generateContent"
ASK = {"role": "user", "content": "hello"}


def noticed(dialect: str, path: str, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    call = read_call(dialect, "POST", path, body)
    assert call is not None
    text = json.dumps(body, indent=1)
    said = with_notice(text, call, NOTICE)
    return said, json.loads(said)


@pytest.mark.parametrize(
    ("dialect", "path", "body", "expected"),
    [
        ("openai", CHAT, {"model": "m", "messages": [ASK]}, {"messages": [{"role": "system", "content": NOTICE}, ASK]}),
        (
            "openai",
            CHAT,
            {"model": "m", "messages": [{"role": "system", "content": "be good"}, ASK]},
            {"messages": [{"role": "system", "content": f"be good\n\n{NOTICE}"}, ASK]},
        ),
        (
            "openai",
            CHAT,
            {"model": "m", "messages": [{"role": "developer", "content": [{"type": "text", "text": "be good"}]}, ASK]},
            {
                "messages": [
                    {"role": "developer", "content": [{"type": "text", "text": f"be good\n\n{NOTICE}"}]},
                    ASK,
                ]
            },
        ),
        ("openai", RESPONSES, {"model": "m", "input": "hello"}, {"instructions": NOTICE}),
        (
            "openai",
            RESPONSES,
            {"model": "m", "input": "hello", "instructions": "be good"},
            {"instructions": f"be good\n\n{NOTICE}"},
        ),
        (
            "ollama",
            "/api/chat",
            {"model": "m", "messages": [ASK]},
            {"messages": [{"role": "system", "content": NOTICE}, ASK]},
        ),
        ("ollama", "/api/generate", {"model": "m", "prompt": "hello"}, {"system": NOTICE}),
        (
            "ollama",
            "/api/generate",
            {"model": "m", "prompt": "hello", "system": "be good"},
            {"system": f"be good\n\n{NOTICE}"},
        ),
        ("bedrock", CONVERSE, {"messages": []}, {"system": [{"text": NOTICE}]}),
        ("bedrock", CONVERSE, {"system": [{"cachePoint": {}}]}, {"system": [{"text": NOTICE}, {"cachePoint": {}}]}),
        ("bedrock", CONVERSE, {"system": [{"text": "be good"}]}, {"system": [{"text": f"be good\n\n{NOTICE}"}]}),
        ("bedrock", CONVERSE, {"additionalModelRequestFields": {"a": "b"}}, {"system": [{"text": NOTICE}]}),
        ("gemini", GEMINI, {"contents": []}, {"systemInstruction": {"parts": [{"text": NOTICE}]}}),
        ("gemini", GEMINI, {"systemInstruction": None}, {"systemInstruction": {"parts": [{"text": NOTICE}]}}),
        (
            "gemini",
            GEMINI,
            {"system_instruction": {"parts": {"text": "be good"}}},
            {"system_instruction": {"parts": {"text": f"be good\n\n{NOTICE}"}}},
        ),
        ("gemini", GEMINI, {"systemInstruction": {"parts": []}}, {"systemInstruction": {"parts": [{"text": NOTICE}]}}),
        ("anthropic", MESSAGES, {"model": "m", "max_tokens": 5, "messages": [ASK], "system": None}, {"system": NOTICE}),
        ("anthropic", MESSAGES, {"model": "m", "max_tokens": 5, "messages": [ASK]}, {"system": NOTICE}),
        ("anthropic", MESSAGES, {"model": "m", "max_tokens": 5, "messages": [ASK], "system": ""}, {"system": NOTICE}),
        (
            "anthropic",
            MESSAGES,
            {"model": "m", "max_tokens": 5, "messages": [ASK], "system": "be good"},
            {"system": f"be good\n\n{NOTICE}"},
        ),
        (
            "anthropic",
            MESSAGES,
            {"model": "m", "max_tokens": 5, "messages": [ASK], "system": [{"type": "text", "text": "be good"}]},
            {"system": [{"type": "text", "text": f"be good\n\n{NOTICE}"}]},
        ),
    ],
)
def test_the_notice_stands_in_the_system_slot_and_all_else_as_it_was(
    dialect: str, path: str, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    said, found = noticed(dialect, path, body)
    assert found == body | expected
    assert len(json.loads(said, object_pairs_hook=list)) == len(found)  # no name stands twice
    call = read_call(dialect, "POST", path, found)
    assert call is not None
    assert with_notice(said, call, NOTICE) == said


def test_a_slot_that_is_no_slot_is_not_guessed_at() -> None:
    call = read_call("gemini", "POST", GEMINI, {"systemInstruction": {}})
    assert call is not None
    with pytest.raises(ValueError):
        with_notice('{"systemInstruction": {}}', call, NOTICE)


def test_what_only_counts_is_given_no_slot() -> None:
    call = read_call("gemini", "POST", "/v1beta/models/m:countTokens", {"contents": []})
    assert call is not None
    assert with_notice('{"contents": []}', call, NOTICE) == '{"contents": []}'
