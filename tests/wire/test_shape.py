"""What is a call to a model wherever it goes, and what only looks a little like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.wire.shape import call_in
from support import bedrock_samples as bedrock
from support import gemini_samples as gemini
from support.wire_samples import CHAT_REQUEST, MESSAGES_REQUEST, OLLAMA_REQUEST, RESPONSES_REQUEST

SAMPLES = {
    "chat": ("openai", CHAT_REQUEST),
    "responses": ("openai", RESPONSES_REQUEST),
    "messages": ("anthropic", MESSAGES_REQUEST),
    "gemini": ("gemini", gemini.REQUEST),
    "bedrock": ("bedrock", bedrock.REQUEST),
    "ollama": ("ollama", OLLAMA_REQUEST),
    "prompt": ("openai", {"model": "m", "prompt": ["once upon"], "max_tokens": 5}),
    "generate": ("ollama", {"model": "m", "prompt": "once upon", "options": {}}),
    "short": ("openai", {"messages": [{"role": "user", "content": "hello"}]}),
    "input": ("openai", {"input": "hello", "instructions": "be brief"}),
    "snake": ("gemini", {"contents": {"parts": {"text": "hello"}}}),
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("path", ["/", "/api/v2/ask", "/ask/it", "/send"])
def test_a_call_is_one_at_any_path(name, path):
    dialect, body = SAMPLES[name]
    call = call_in(path, body)
    assert call is not None
    assert (call.dialect, bool(call.segments)) == (dialect, True)


@pytest.mark.parametrize("path", ["/x/chat/completions", "/v1beta/models/m:generateContent", "/model/m/converse"])
def test_a_path_of_calls_alone_makes_one(path):
    assert path == "/x/chat/completions" or call_in(path, {}) is not None
    with pytest.raises(WireError):
        call_in(path, {"messages": 1, "contents": 1})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/messages", {"to": "ann", "text": "hello"}),
        ("/responses", {"form": 7, "answers": []}),
        ("/api/chat", {"room": "r", "text": "hello"}),
        ("/v1/embeddings", {"model": "m", "input": "hello"}),
        ("/v1/embeddings", {"model": "m", "input": ["hello"]}),
        ("/v1/images/generations", {"model": "m", "prompt": "a cat", "n": 1}),
        ("/batch", {"messages": [{"id": 1, "text": "hello"}]}),
        ("/batch", {"messages": []}),
        ("/documents", {"contents": [{"title": "a", "parts": 3, "role": "owner"}]}),
        ("/rpc", {"jsonrpc": "2.0", "method": "tools/call", "params": {}}),
        ("/rpc", [{"role": "user", "content": "hello"}]),
        ("/rpc", None),
    ],
)
def test_what_only_looks_a_little_like_one_is_none(path, body):
    assert call_in(path, body) is None


def test_a_turn_that_cannot_be_read_does_not_make_the_others_pass():
    with pytest.raises(WireError):
        call_in("/send", {"messages": [{"role": "user", "content": "hello"}, {"role": "Owner", "content": "x"}]})


def test_a_stream_is_known_by_its_path_where_the_body_does_not_say():
    for body in (gemini.REQUEST, bedrock.REQUEST):
        assert not call_in("/ask", body).stream
        assert call_in("/ask/stream", body).stream


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.none(), max_size=1)
KEYS = st.sampled_from(["messages", "contents", "input", "prompt", "role", "parts", "content", "type", "model", "system", "stream", "text"])  # fmt: skip


@given(st.sampled_from(["/", "/chat/completions", "/model/m/converse", "/m:generateContent"]), st.recursive(VALUES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12))  # fmt: skip
def test_whatever_comes_is_a_call_none_or_a_wire_error(path, body):
    try:
        call = call_in(path, body)
    except WireError:
        return
    assert call is None or call.dialect
