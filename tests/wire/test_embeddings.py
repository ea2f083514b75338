"""What is to become numbers is read like a prompt, and what cannot be read is no call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.dialects import read_call
from aisecops.wire.embeddings import read_answer
from aisecops.wire.llm import SegmentKind

GEMINI = "/v1beta/models/gemini-embedding-001"


def parts(*texts: str) -> dict[str, Any]:
    return {"parts": [{"text": text} for text in texts]}


@pytest.mark.parametrize(
    ("path", "body", "dialect", "model", "said"),
    [
        ("/v1/embeddings", {"model": "e", "input": "one"}, "openai", "e", {"/input": "one"}),
        ("/v1/embeddings", {"model": "e", "input": ["one", "two"]}, "openai", "e", {"/input/0": "one", "/input/1": "two"}),
        ("/openai/deployments/mine/embeddings", {"input": "one"}, "openai", "mine", {"/input": "one"}),
        ("/api/embed", {"model": "e", "input": ["one"]}, "ollama", "e", {"/input/0": "one"}),
        ("/api/embeddings", {"model": "e", "prompt": "one"}, "ollama", "e", {"/prompt": "one"}),
        (f"{GEMINI}:embedContent", {"content": parts("one"), "title": "two"}, "gemini", "gemini-embedding-001",
         {"/content/parts/0/text": "one", "/title": "two"}),
        (f"{GEMINI}:batchEmbedContents", {"requests": [{"content": parts("one", "two")}, {"content": parts("three")}]},
         "gemini", "gemini-embedding-001",
         {"/requests/0/content/parts/0/text": "one", "/requests/0/content/parts/1/text": "two",
          "/requests/1/content/parts/0/text": "three"}),
    ],
)  # fmt: skip
def test_every_text_is_read_with_its_place(path, body, dialect, model, said):
    call = read_call("openai", "POST", path, body)
    assert call is not None
    assert (call.dialect, call.model, call.embeds, call.max_output_tokens) == (dialect, model, True, 0)
    assert {part.position: part.text for part in call.segments} == said
    assert {part.kind for part in call.segments} == {SegmentKind.EMBEDDED}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"model": "e", "input": [1, 2, 3]}),
        ("/v1/embeddings", {"model": "e", "input": [[1, 2], [3]]}),
        ("/v1/embeddings", {"model": "e", "input": ["one", {"image": "https://evil.test/x.png"}]}),
        ("/v1/embeddings", {"model": "e"}),
        ("/v1/embeddings", {"input": "one"}),
        ("/v1/embeddings", None),
        ("/api/embed", {"model": "e", "prompt": "one"}),
        (f"{GEMINI}:embedContent", {"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}}),
        (f"{GEMINI}:embedContent", {"content": {"parts": [{"text": "one", "inlineData": {"data": "AAAA"}}]}}),
        (f"{GEMINI}:batchEmbedContents", {"requests": [{"content": parts("one")}], "content": parts("two")}),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(path, body):
    with pytest.raises(WireError):
        read_call("openai", "POST", path, body)


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_only_a_post_is_a_call(method):
    assert read_call("openai", method, "/v1/embeddings", {"model": "e", "input": "one"}) is None


@pytest.mark.parametrize(
    ("body", "counted"),
    [
        ({"data": [{"embedding": [0.5] * 5000}], "model": "e", "usage": {"prompt_tokens": 7, "total_tokens": 7}}, 7),
        ({"model": "e", "embeddings": [[0.5]], "prompt_eval_count": 4}, 4),
        ({"embedding": {"values": [0.5]}}, None),
    ],
)
def test_of_the_answer_only_its_cost_is_read(body, counted):
    answer = read_answer(json.dumps(body).encode())
    assert (answer.usage.input_tokens if answer.usage else None) == counted
    assert (answer.texts, answer.proposals, answer.complete) == ((), (), True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"choices":[]}',
        b'{"data":[],"usage":{"prompt_tokens":-5}}',
        b'{"data":[],"usage":{"prompt_tokens":"7"}}',
        b"\xff",
    ],
)
def test_an_answer_that_cannot_be_read_is_none(body):
    with pytest.raises(WireError):
        read_answer(body)
