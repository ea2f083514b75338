from __future__ import annotations

import gzip
import json
import re

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.controls.dlp.lexicon import Lexicon
from aisecops.model.exchange import HttpResponse
from aisecops.wire.aws_frames import FrameReader, frame
from aisecops.wire.dialects import event_restorer
from aisecops.wire.json_array import ArrayReader
from aisecops.wire.json_lines import LineReader
from aisecops.wire.restore_stream import EventRestorer, restored_answer, restored_events
from aisecops.wire.sse import SseReader
from support.parrot import chat, message, responses

REAL = 'O"Neil'
KNOWN = Lexicon({"k7x@mail.example": "ann@corp.com", "Bratri Kovu": REAL, "Bratri": "O"}, any_case=True)
SPEAK = {"chat": (chat, "openai"), "responses": (responses, "openai"), "messages": (message, "anthropic")}


def through(stream: list[bytes], dialect: str | None) -> list[dict]:
    """The events that an agent gets, each as what it says."""
    parser, restorer = SseReader(), event_restorer(dialect, KNOWN)
    events = [out for raw in stream for event in parser.feed(raw) for out in restorer.restored(event)]
    raw = b"".join(event.raw for event in [*events, *restorer.end()])
    told = SseReader().feed(raw)
    return [orjson.loads(event.data) for event in told if event.data and event.data != "[DONE]"]


def texts(events: list[dict]) -> tuple[str, str]:
    """The text and the arguments that a client puts together of them."""
    said = arguments = ""
    for event in events:
        for choice in event.get("choices", ()):
            delta = choice["delta"]
            said += delta.get("content") or ""
            arguments += "".join(call["function"]["arguments"] for call in delta.get("tool_calls", ()))
        if event.get("type", "").endswith("arguments.delta"):
            arguments += event["delta"]
        elif event.get("type") == "response.output_text.delta":
            said += event["delta"]
        elif event.get("type") == "content_block_delta":
            said += event["delta"].get("text", "")
            arguments += event["delta"].get("partial_json", "")
    return said, arguments


@pytest.mark.parametrize("way", SPEAK)
def test_a_stand_in_in_pieces_is_put_back_in_text_and_in_arguments(way: str) -> None:
    speak, dialect = SPEAK[way]
    words = "It is Bratri Kovu <k7x@mail.example>, Bratri"
    said, _ = texts(through(speak("", words)[1], dialect))
    assert said == 'It is O"Neil <ann@corp.com>, O'
    arguments = json.dumps({"to": "k7x@mail.example", "name": "Bratri Kovu", "n": [1, 2]})
    _, called = texts(through(speak(arguments, "")[1], dialect))
    assert json.loads(called) == {"to": "ann@corp.com", "name": REAL, "n": [1, 2]}


@pytest.mark.parametrize("way", SPEAK)
def test_no_event_says_a_stand_in_and_every_number_comes_once(way: str) -> None:
    speak, dialect = SPEAK[way]
    for arguments, words in (("", "for Bratri Kovu, k7x@mail.example"), ('{"to":"k7x@mail.example"}', "")):
        events = through(speak(arguments, words)[1], dialect)
        assert "Bratri" not in json.dumps(events)
        assert "mail.example" not in json.dumps(events)
        numbers = [event["sequence_number"] for event in events if "sequence_number" in event]
        assert numbers == list(range(len(numbers)))


@pytest.mark.parametrize("way", SPEAK)
def test_a_stream_without_a_stand_in_keeps_every_byte(way: str) -> None:
    speak, dialect = SPEAK[way]
    _, stream = speak("", "Nothing of it. Not a thing")
    parser, restorer = SseReader(), event_restorer(dialect, KNOWN)
    assert b"".join(o.raw for raw in stream for e in parser.feed(raw) for o in restorer.restored(e)) == b"".join(stream)


def test_text_flows_at_once_and_only_a_possible_beginning_waits() -> None:
    parser, restorer = SseReader(), event_restorer("anthropic", KNOWN)

    def passed(text: str) -> str:
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
        (event,) = parser.feed(b"data: " + orjson.dumps(delta) + b"\n\n")
        return texts([orjson.loads(out.data or "{}") for out in restorer.restored(event)])[0]

    assert passed("Dear friend, dear k7") == "Dear friend, dear "
    assert passed("x@mail.exam") == ""
    assert passed("s, it is") == "k7x@mail.exams, it is"


def test_json_that_is_said_as_text_stays_json() -> None:
    said, _ = texts(through(chat("", '{"name": "Bratri Kovu"}')[1], "openai"))
    assert json.loads(said) == {"name": REAL}


def test_two_choices_at_once_do_not_mix() -> None:
    def chunk(index: int, text: str, finish: str | None = None) -> bytes:
        choice = {"index": index, "delta": {"content": text}, "finish_reason": finish}
        return b"data: " + orjson.dumps({"choices": [choice]}) + b"\n\n"

    stream = [chunk(0, "Bra"), chunk(1, "Bratri K"), chunk(0, "tri"), chunk(1, "ovu", "stop"), chunk(0, "", "stop")]
    events = through(stream, "openai")
    by_choice = {index: texts([e for e in events if e["choices"][0]["index"] == index])[0] for index in (0, 1)}
    assert by_choice == {0: "O", 1: REAL}


def test_a_stream_that_breaks_off_says_all_that_came() -> None:
    broken = chat("", "call k7x@mail.example, Bratri Ko")[1][:-3]
    assert texts(through(broken, "openai"))[0] == "call ann@corp.com, O Ko"


@pytest.mark.parametrize("dialect", [None, "openai"])
def test_a_stream_of_texts_and_of_other_fields_is_restored_whole(dialect: str | None) -> None:
    parser, restorer = SseReader(), event_restorer(dialect, KNOWN)
    stream = b'\xef\xbb\xbfid: 7\nevent: note\ndata: {"a": ["Bratri", 1],\ndata: "b": {"c": "x"}}\n\n: keep\n\ndata: hi Bratri\n\n'
    out = [o for event in parser.feed(stream) for o in restorer.restored(event)]
    assert out[0].raw == b'\xef\xbb\xbfid: 7\nevent: note\ndata: {"a":["O",1],"b":{"c":"x"}}\n\n'
    assert out[1].raw == b": keep\n\n"
    assert out[2].raw == b"data: hi O\n\n"


def test_a_whole_answer_is_restored_under_its_coding_and_without_it() -> None:
    headers = (("Content-Type", "application/json"), ("Content-Encoding", "gzip"))
    packed = HttpResponse(status=200, headers=headers, body=gzip.compress(b'{"a": "Bratri"}'))
    restored = restored_answer(packed, KNOWN, max_bytes=99)
    assert (restored.headers, restored.body) == (headers[:1], b'{"a": "O"}')
    nothing = HttpResponse(status=200, headers=headers, body=gzip.compress(b'{"a": "x"}'))
    assert restored_answer(nothing, KNOWN, max_bytes=99) is nothing
    broken = HttpResponse(status=200, headers=headers, body=b"Bratri")
    assert restored_answer(broken, KNOWN, max_bytes=99) is broken
    events = HttpResponse(status=200, headers=(("Content-Type", "text/event-stream"),), body=b"data: Bratri\n\n")
    assert restored_answer(events, KNOWN, max_bytes=99).body == b"data: O\n\n"


def test_a_whole_body_of_events_is_restored() -> None:
    assert restored_events(b'data: {"a": "Bratri"}\n\n', KNOWN) == b'data: {"a":"O"}\n\n'


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["Bratri", " Kovu", "k7x@mail", ".example", " ", '"', "a", "Br", "\n", "{", "x" * 9]), max_size=9))  # fmt: skip
def test_a_text_in_pieces_says_what_the_whole_says(words: list[str]) -> None:
    text = "say " + "".join(words)
    said, _ = texts(through(message("", text)[1], "anthropic"))
    assert said == KNOWN.replaced(text)


def candidate(text: str, finish: str = "") -> bytes:
    end = {"finishReason": finish} if finish else {}
    return orjson.dumps({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, **end}]})


def block(kind: str, **data: object) -> bytes:
    return frame({":event-type": kind, ":message-type": "event"}, orjson.dumps({"contentBlockIndex": 0, **data}))


BLOCKS = [block("contentBlockDelta", delta={"text": text}) for text in ("to Brat", "ri K")] + [
    block("contentBlockStop")
]


@pytest.mark.parametrize(
    ("dialect", "framing", "stream"),
    [
        ("gemini", ArrayReader, [b"[" + candidate("to Brat"), b",\n" + candidate("ri K"), b"]"]),
        ("gemini", ArrayReader, [b"[" + candidate("to Brat"), b",\n" + candidate("ri K", "STOP"), b"]"]),
        (
            "ollama",
            LineReader,
            [b'{"message":{"content":"to Brat"}}\n', b'{"message":{"content":"ri K"},"done":true}\n'],
        ),
        ("bedrock", FrameReader, BLOCKS),
        ("ollama", LineReader, [b'{"response":"to Brat"}\n', b'{"response":"ri K"}\n']),
    ],
)
def test_streams_in_other_framings_stay_what_they_are(dialect: str, framing, stream: list[bytes]) -> None:
    parser, restorer = framing(), event_restorer(dialect, KNOWN)
    events = [event for raw in stream for event in parser.feed(raw)] + parser.end()
    raw = b"".join(o.raw for o in [*(o for event in events for o in restorer.restored(event)), *restorer.end()])
    again = framing()
    told = [event.data for event in [*again.feed(raw), *again.end()] if event.data]
    assert "".join(re.findall(r'"(?:text|content|response)":"([^"]*)"', "".join(told))) == "to O K"


def test_events_that_are_no_objects_pass() -> None:
    restorer = EventRestorer(KNOWN)
    (event,) = SseReader().feed(b"data: [1]\n\n")
    assert restorer.restored(event) == [event]
