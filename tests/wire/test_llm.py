"""What every dialect is read into: one hash for the same words, and estimates that lean high."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.wire.llm import (
    LlmAnswer,
    LlmCall,
    ProposedCall,
    Role,
    Segment,
    SegmentKind,
    ToolOffer,
    estimated_input_tokens,
    estimated_output_tokens,
    prompt_hash,
)


def said(text: str, **more: Any) -> Segment:
    return Segment(**{"position": "/x", "role": Role.USER, "kind": SegmentKind.TEXT, "text": text, **more})


def call(*segments: Segment, **more: Any) -> LlmCall:
    return LlmCall(
        **{"dialect": "openai", "model": "m", "stream": False, "max_output_tokens": 1, "segments": segments, **more}
    )


def test_the_same_words_have_the_same_hash_whoever_carries_them() -> None:
    assert prompt_hash(call(said("a"))) == prompt_hash(call(said("a", position="/y"), model="n", stream=True))


@pytest.mark.parametrize(
    "other",
    [[said("b")], [said("a"), said("")], [said("a", role=Role.SYSTEM)], [said("a", kind=SegmentKind.FILE)], [said("a", name="n")],
     [said("a", call_id="c")], []],
)  # fmt: skip
def test_other_words_have_another_hash(other: list[Segment]) -> None:
    assert prompt_hash(call(*other)) != prompt_hash(call(said("a")))


@given(st.text(max_size=200), st.text(max_size=200))
def test_more_words_never_weigh_less(first: str, second: str) -> None:
    assert estimated_input_tokens(call(said(first))) <= estimated_input_tokens(call(said(first + second)))


def test_english_is_estimated_a_little_high() -> None:
    words = "the quick brown fox jumps over the lazy dog and then it rests for a while " * 100  # about 1,600 tokens
    assert 1600 <= estimated_input_tokens(call(said(words))) <= 3200


def test_images_and_offered_tools_weigh_too() -> None:
    plain = estimated_input_tokens(call(said("a")))
    assert estimated_input_tokens(call(said("a", kind=SegmentKind.IMAGE))) > plain + 1000
    tool = ToolOffer(name="x", position="/tools/0", size_bytes=3000)
    assert estimated_input_tokens(call(said("a"), tools=(tool,))) >= plain + 1000


def test_an_answer_weighs_its_texts_its_calls_and_its_reasoning() -> None:
    answer = LlmAnswer(model="m", usage=None, texts=("x" * 300, "y" * 3))
    assert estimated_output_tokens(answer) == 101
    proposed = ProposedCall(name="n", call_id="c", arguments="z" * 300)
    assert estimated_output_tokens(LlmAnswer(model="m", usage=None, proposals=(proposed,))) > 100
    assert estimated_output_tokens(LlmAnswer(model="m", usage=None, reasoning_chars=300)) == 100
