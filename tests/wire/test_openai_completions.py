from __future__ import annotations

import json

import pytest

from aisecops.model.errors import WireError
from aisecops.wire.dialects import read_answer, read_call, stream_reader, with_notice
from support.wire_samples import events, stream

PATH = "/v1/completions"
CHOICE = {"index": 0, "text": "a time", "logprobs": None, "finish_reason": "stop"}
ANSWER = {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [CHOICE],
          "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}  # fmt: skip


def test_every_prompt_is_the_users():
    call = read_call(
        "openai", "POST", PATH, {"model": "m", "prompt": ["once", "twice"], "suffix": "end", "max_tokens": 9, "n": 2}
    )
    assert [(part.position, part.role.value, part.text) for part in call.segments] == [
        ("/prompt/0", "user", "once"), ("/prompt/1", "user", "twice"), ("/suffix", "user", "end"),
    ]  # fmt: skip
    assert (call.model, call.max_output_tokens, call.answers) == ("m", 9, 4)


def test_a_prompt_of_numbers_cannot_be_read():
    with pytest.raises(WireError):
        read_call("openai", "POST", PATH, {"model": "m", "prompt": [[1, 2]]})


@pytest.mark.parametrize(("prompt", "noted"), [("once", "N\n\nonce"), (["once", "twice"], ["N\n\nonce", "N\n\ntwice"])])
def test_the_notice_stands_before_each_prompt(prompt, noted):
    body = {"model": "m", "prompt": prompt}
    call = read_call("openai", "POST", PATH, body)
    assert json.loads(with_notice(json.dumps(body), call, "N")) == {"model": "m", "prompt": noted}


def test_an_answer_is_read_whole_and_streamed():
    answer = read_answer("openai", ANSWER)
    assert (answer.texts, answer.usage.output_tokens, answer.finish) == (("a time",), 2, "stop")
    reader = stream_reader("openai")
    chunks = [
        ANSWER | {"choices": [CHOICE | {"text": piece, "finish_reason": None}], "usage": None}
        for piece in ("a ", "time")
    ]
    for event in events(stream(*chunks, ANSWER | {"choices": [CHOICE | {"text": ""}]}, "[DONE]")):
        reader.feed(event)
    assert (reader.answer().texts, reader.answer().usage.input_tokens, reader.answer().complete) == (
        ("a time",),
        3,
        True,
    )
