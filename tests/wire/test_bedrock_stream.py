from __future__ import annotations

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.aws_frames import FrameReader
from aisecops.wire.bedrock_stream import ConverseStream
from support.bedrock_samples import STREAM, call_block, said, stream, text_block


def streamed(raw: bytes) -> ConverseStream:
    reader = ConverseStream()
    for event in FrameReader().feed(raw):
        reader.feed(event)
    return reader


def test_the_whole_is_what_the_frames_said():
    answer = streamed(STREAM).answer()
    assert (answer.texts, answer.finish, answer.complete) == (("let me look",), "tool_use", True)
    assert [(call.name, call.arguments) for call in answer.proposals] == [("weather", '{"city": "Rome"}')]
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (20, 7)


def test_a_call_is_pending_from_its_start_to_its_stop():
    reader, seen = ConverseStream(), []
    for event in FrameReader().feed(b"".join([*text_block(0, "well"), *call_block(1, "a", {"x": 1})])):
        reader.feed(event)
        seen.append((reader.pending, len(reader.placed)))
    assert seen == [(False, 0), (False, 0), (True, 0), (True, 0), (True, 0), (False, 1)]
    assert reader.placed[0][0] == (1, 0)


def test_a_piece_of_a_call_after_its_end_or_before_its_start_is_cut():
    block = call_block(1, "a", {"x": 1})
    for frames in ([*block, block[1]], block[1:]):
        with pytest.raises(WireError):
            streamed(b"".join(frames))


def test_what_the_provider_calls_itself_is_not_held():
    start = {"toolUse": {"toolUseId": "t", "name": "nova_grounding", "type": "server_tool_use"}}
    frames = [
        said("contentBlockStart", contentBlockIndex=0, start=start),
        said("contentBlockDelta", contentBlockIndex=0, delta={"toolUse": {"input": "{}"}}),
    ]
    reader = streamed(b"".join(frames))
    assert ([call.hosted for call in reader.proposals], reader.pending, reader.placed) == ([True], False, ())


def test_a_stream_that_fails_says_so_and_one_that_breaks_off_is_not_complete():
    assert streamed(FrameReader().closing({"message": "no"}, begun=True)).answer().finish == "error"
    assert not streamed(stream(text_block(0, "well"))[:-200]).answer().complete


def test_a_call_that_begins_within_another_is_cut():
    with pytest.raises(WireError):
        streamed(b"".join([call_block(0, "a", {"x": 1})[0], call_block(1, "b", {"x": 1})[0]]))
