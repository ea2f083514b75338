"""Calls taken out of Converse's answers, whole and streamed. boto3 reads them in `tests/clients`."""

from __future__ import annotations

import json

import orjson
import pytest

from aisecops.gateway.watch import StreamWatch
from aisecops.wire.aws_frames import FrameReader
from aisecops.wire.dialects import withdrawn
from support.bedrock_samples import ANSWER, STREAM, call_block, stream, text_block

KIND = "application/vnd.amazon.eventstream"
CALLS = stream(text_block(0, "well"), call_block(1, "a", {"x": 1}), call_block(2, "b", {}))
LEFT = [("a", ["b"], "tool_use"), ("b", ["a"], "tool_use"), ("ab", [], "end_turn")]


def through(raw, refuses, size):
    watch = StreamWatch(status=200, dialect="bedrock", judged=True, framing=FrameReader())
    passed = b""
    for at in range(0, len(raw), size):
        passed += b"".join(watch.feed(raw[at : at + size]))
        while calls := watch.waiting:
            passed += b"".join(watch.weighed({n: "no" for n, call in enumerate(calls) if call.name in refuses}))
    return passed + b"".join(watch.end())


def put_together(raw):
    """What a client makes of the frames: its blocks in order, and why it stopped."""
    blocks, stop = {}, ""
    for event in FrameReader().feed(raw):
        data = json.loads(event.data)
        index = data.get("contentBlockIndex")
        if event.event == "contentBlockStart":
            blocks[index] = data["start"]["toolUse"]["name"]
        elif event.event == "contentBlockDelta" and "text" in data["delta"]:
            blocks[index] = blocks.get(index, "") + data["delta"]["text"]
        elif event.event == "messageStop":
            stop = data["stopReason"]
    return list(blocks.values()), stop


@pytest.mark.parametrize(("refused", "left", "stop"), LEFT)
def test_a_whole_answer_says_why_where_the_call_stood(refused, left, stop):
    uses = [{"toolUse": {"toolUseId": name, "name": name, "input": {}}} for name in "ab"]
    whole = ANSWER | {"output": {"message": {"role": "assistant", "content": [{"text": "well"}, *uses]}}}
    changed = orjson.loads(withdrawn("bedrock", orjson.dumps(whole), {"ab".index(name): "no" for name in refused}))
    told = [block.get("text") or block["toolUse"]["name"] for block in changed["output"]["message"]["content"]]
    assert told == ["well", *("no" if name in refused else name for name in "ab")]
    assert changed["stopReason"] == stop


@pytest.mark.parametrize("size", [1, 50, 100_000])
def test_what_is_allowed_passes_byte_for_byte(size):
    assert through(STREAM, set(), size) == STREAM


@pytest.mark.parametrize(("refused", "left", "stop"), LEFT)
@pytest.mark.parametrize("size", [7, 100_000])
def test_a_stream_says_why_where_the_call_stood(refused, left, stop, size):
    told = ["well", *("no" if name in refused else name for name in "ab")]
    assert put_together(through(CALLS, refused, size)) == (told, stop)
