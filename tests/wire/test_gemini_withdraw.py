"""Calls taken out of Gemini's answers, whole and in both forms of stream. Its own library reads them in `tests/clients`."""

from __future__ import annotations

import orjson
import pytest

from aisecops.gateway.watch import StreamWatch
from aisecops.wire.dialects import stream_framing, withdrawn
from support.gemini_samples import CHUNKS, answer, as_events, as_list, call, candidate

FORMS = [("text/event-stream", as_events), ("application/json", as_list)]
CALLS = [
    answer(candidate({"text": "well"})),
    answer(candidate(call("a", x=1), call("b"))),
    answer(candidate(call("c"), finish="STOP")),
]


def through(kind, stream, refuses, size):
    watch = StreamWatch(status=200, dialect="gemini", judged=True, framing=stream_framing("gemini", kind))
    passed = b""
    for at in range(0, len(stream), size):
        passed += b"".join(watch.feed(stream[at : at + size]))
        while calls := watch.waiting:
            passed += b"".join(watch.weighed({n: "no" for n, one in enumerate(calls) if one.name in refuses}))
    return passed + b"".join(watch.end())


def parts_in(kind, raw):
    framing = stream_framing("gemini", kind)
    chunks = [orjson.loads(event.data) for event in framing.feed(raw) + framing.end() if event.data]
    return [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]


def told(parts):
    return [part["functionCall"]["name"] if "functionCall" in part else part["text"] for part in parts]


@pytest.mark.parametrize("refused", ["a", "b", "c", "ac", "abc"])
def test_a_whole_answer_says_why_where_the_call_stood(refused):
    whole = answer(candidate({"text": "well"}, call("a"), call("b"), call("c"), finish="STOP"))
    words = {"abc".index(name): "no" for name in refused}
    changed = orjson.loads(withdrawn("gemini", orjson.dumps(whole), words))
    assert told(changed["candidates"][0]["content"]["parts"]) == ["well", *("no" if n in refused else n for n in "abc")]


@pytest.mark.parametrize(("kind", "form"), FORMS)
@pytest.mark.parametrize("size", [1, 50, 100_000])
def test_what_is_allowed_passes_byte_for_byte(kind, form, size):
    assert through(kind, form(CHUNKS), set(), size) == form(CHUNKS)


@pytest.mark.parametrize("refused", ["a", "b", "c", "ac", "abc"])
@pytest.mark.parametrize(("kind", "form"), FORMS)
@pytest.mark.parametrize("size", [7, 100_000])
def test_a_stream_says_why_where_the_call_stood(refused, kind, form, size):
    parts = parts_in(kind, through(kind, form(CALLS), refused, size))
    assert told(parts) == ["well", *("no" if n in refused else n for n in "abc")]
