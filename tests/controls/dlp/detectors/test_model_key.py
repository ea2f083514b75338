from __future__ import annotations

import pytest

from aisecops.controls.dlp.detectors.model_key import DETECTORS
from support.detecting import assert_linear, seen
from support.samples import Random, secrets

IDS = ("anthropic_key", "openai_key", "huggingface_token", "nvidia_key", "pinecone_key")


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("seed", range(5))
def test_it_finds_the_whole_value_in_prose_json_and_code(name: str, seed: int) -> None:
    _, value = secrets(Random(seed))[name]
    for text in (value, f"use {value} now", f'{{"key": "{value}"}}', f"KEY={value}\nNEXT=1"):
        assert (name, value) in seen(DETECTORS, text)


def test_it_is_linear_on_text_made_to_be_slow() -> None:
    assert_linear(DETECTORS)
