from __future__ import annotations

import pytest

from aisecops.controls.dlp.detectors.private_key import DETECTORS
from support.detecting import assert_linear, seen
from support.samples import Random, secrets

IDS = ("private_key",)


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("seed", range(5))
def test_it_finds_the_whole_value_in_prose_json_and_code(name: str, seed: int) -> None:
    _, value = secrets(Random(seed))[name]
    for text in (value, f"use {value} now", f'{{"key": "{value}"}}', f"KEY={value}\nNEXT=1"):
        assert (name, value) in seen(DETECTORS, text)


def test_it_is_linear_on_text_made_to_be_slow() -> None:
    assert_linear(DETECTORS)


def test_a_key_cut_off_before_its_end_counts_to_the_end_of_the_text() -> None:
    _, value = secrets(Random(1))["private_key"]
    cut = value[:90]
    assert seen(DETECTORS, f"see {cut}") == [("private_key", cut)]


def test_a_public_key_is_none() -> None:
    dashes = "-" * 5
    assert seen(DETECTORS, f"{dashes}BEGIN PUBLIC KEY{dashes} abc {dashes}END PUBLIC KEY{dashes}") == []
