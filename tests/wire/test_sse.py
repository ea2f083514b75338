"""Event streams, cut anywhere, give the same events, and their bytes untouched."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.wire.framing import StreamEvent
from aisecops.wire.sse import SseReader
from support.wire_samples import CHAT_STREAM, MESSAGES_STREAM

STREAMS = st.lists(
    st.sampled_from([
        b"data", b": ", b":", b"a", b"\n", b"\r", b"\r\n", b"event: x", b"data: y", b"\xef\xbb\xbf", b"\xff", b"\n\n", b"id: 1"
    ]),
    max_size=24,
).map(b"".join)  # fmt: skip


def read(*pieces: bytes, alike: bool = False) -> list[StreamEvent]:
    reader = SseReader(alike=alike)
    return [event for piece in pieces for event in reader.feed(piece)] + reader.end()


@given(STREAMS | st.sampled_from([CHAT_STREAM, MESSAGES_STREAM]), st.lists(st.integers(0, 3000), max_size=6))
@example(b"data: a\r\n\r\ndata: b\r\r\n", [8, 9, 10])
@example(b"data: a\r\r", [8])
def test_the_same_bytes_cut_anywhere_give_the_same_events(raw: bytes, cuts: list[int]) -> None:
    ends = sorted(min(cut, len(raw)) for cut in cuts)
    pieces = [raw[a:b] for a, b in zip([0, *ends], [*ends, len(raw)], strict=True)]
    assert read(*pieces) == read(raw)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_many_lines_cut_at_every_offset(end: bytes) -> None:
    lines = [b"\xef\xbb\xbf: a comment", b"event: said", b"data: one", b"data", b"data:  two", b"", b"data: three", b""]
    raw = b"".join(line + end for line in lines)
    for at in range(len(raw) + 1):
        first, second = read(raw[:at], raw[at:])
        assert (first.event, first.data, second.event, second.data) == ("said", "one\n\n two", "message", "three"), at
        assert first.raw + second.raw == raw


@given(STREAMS)
def test_byte_by_byte_is_no_different(raw: bytes) -> None:
    assert read(*(raw[n : n + 1] for n in range(len(raw)))) == read(raw)


@given(STREAMS | st.binary(max_size=60))
def test_the_raw_bytes_of_the_events_are_the_stream(raw: bytes) -> None:
    passed = b"".join(event.raw for event in read(raw))
    assert raw.startswith(passed)
    rest = raw.removeprefix(passed)
    assert len(read(b"\n" + rest)) == 1  # what is left over holds no whole event


def test_what_the_standard_shows_as_an_example() -> None:
    raw = b"data: YHOO\ndata: +2\ndata: 10\n\n: test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
    assert [event.data for event in read(raw)] == ["YHOO\n+2\n10", None, "first event", "second event", " third event"]


def test_names_of_events_are_read_and_unknown_fields_are_not() -> None:
    [event] = read(b"event: message_stop\nretry: 5\ncolour: red\ndata: {}\n\n")
    assert (event.event, event.data) == ("message_stop", "{}")


def test_an_event_without_a_name_is_a_message() -> None:
    assert read(b"data: x\n\n")[0].event == "message"


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_line_end_counts(end: bytes) -> None:
    assert [event.data for event in read(b"data: a" + end + b"data: b" + end + end)] == ["a\nb"]


def test_a_byte_order_mark_is_skipped_once() -> None:
    events = read(b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n")
    assert [event.data for event in events] == ["a", None]


def test_an_empty_data_field_is_an_event_with_empty_data() -> None:
    assert read(b"data\n\n")[0].data == ""


def test_an_unfinished_event_is_none() -> None:
    assert read(b"data: a\n\ndata: never finis") == read(b"data: a\n\n")


def test_an_event_comes_out_as_soon_as_it_is_whole() -> None:
    reader = SseReader()
    assert reader.feed(b"data: a\n") == []
    assert [event.data for event in reader.feed(b"\ndata:")] == ["a"]


@pytest.mark.parametrize("raw", [b"data: 123456789\n\n", b"data: 1234567890123456"])
def test_an_event_over_its_bound_is_refused(raw: bytes) -> None:
    assert SseReader(max_event_bytes=17).feed(b"data: 123456789\n\n")
    with pytest.raises(WireError) as refused:
        SseReader(max_event_bytes=16).feed(raw)
    assert refused.value.code is Code.TOO_LARGE


@pytest.mark.parametrize("piece", [b"x" * 1000, b"data: x\n" * 125, b": x\r\n" * 200])
def test_an_event_without_end_is_refused_before_it_is_large(piece: bytes) -> None:
    reader, fed = SseReader(max_event_bytes=50_000), 0
    with pytest.raises(WireError):
        while fed < 10_000_000:
            reader.feed(piece)
            fed += len(piece)
    assert fed <= 50_000


def test_many_small_events_are_within_the_bound() -> None:
    assert len(SseReader(max_event_bytes=16).feed(b"data: a\n\n" * 100)) == 100


@pytest.mark.parametrize(
    "raw",
    [
        b'{"candidates":[]}\n\n',  # a line without `data: ` is read by Google's client
        b'data: {}\n{"candidates":[]}\n\n',
        b'data: {}\n\n\xef\xbb\xbfdata: {"choices":[]}\n\n',  # a mark is taken off by Mistral's wherever a chunk begins
        b"\xef\xbb\xbfdata: {}\n\n",  # and not taken off by OpenAI's
        b'data : {"choices":[]}\n\n',
        b'DATA: {"choices":[]}\n\n',
        b'data: {"x":[\ndata: {"choices":[]}\ndata: ]}\n\n',
        b'data: [DONE]\ndata: {"choices":[]}\n\n',
    ],
)
def test_what_some_client_of_a_model_reads_in_another_way_is_refused(raw: bytes) -> None:
    with pytest.raises(WireError):
        read(raw, alike=True)


@pytest.mark.parametrize(
    "raw",
    [
        CHAT_STREAM,
        MESSAGES_STREAM,
        CHAT_STREAM.replace(b"\n", b"\r\n"),
        CHAT_STREAM.replace(b"\n", b"\r"),
        b": keep\nid: 1\nretry: 9\nevent: x\ndata\n\n",
        b'data: {"text":\ndata: "one"}\n\n',
        'data: {"text": "one\u2028two {3}\u2028{four"}\n\n'.encode(),
    ],
)
def test_what_all_clients_of_a_model_read_alike_is_read_as_ever(raw: bytes) -> None:
    assert read(raw, alike=True) == read(raw)
