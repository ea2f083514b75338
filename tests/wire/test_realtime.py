"""What a realtime model says of its own use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aisecops.wire.llm import Usage
from aisecops.wire.realtime import usage_in


def done(**usage: Any) -> bytes:
    return json.dumps({"type": "response.done", "response": {"usage": usage}}).encode()


def test_the_end_of_an_answer_says_what_it_used() -> None:
    assert usage_in(done(input_tokens=3, output_tokens=4)) == Usage(input_tokens=3, output_tokens=4)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b'{"type": "response.created"}',
        b'{"type": "other", "about": "response.done"}',
        b'{"type": "response.done"',
        b'{"type": "response.done", "response": {}}',
        done(input_tokens=-1, output_tokens=1),
        done(input_tokens=True, output_tokens=1),
        done(input_tokens="3", output_tokens=1),
    ],
)
def test_other_messages_say_nothing(message: bytes) -> None:
    assert usage_in(message) is None
