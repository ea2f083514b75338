from __future__ import annotations

import pytest

from aisecops.controls.dlp.detectors.aws_key import DETECTORS
from support.detecting import assert_linear, seen
from support.samples import Random, secrets

IDS = ("aws_access_key_id", "aws_session_token")


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("seed", range(5))
def test_it_finds_the_whole_value_in_prose_json_and_code(name: str, seed: int) -> None:
    _, value = secrets(Random(seed))[name]
    for text in (value, f"use {value} now", f'{{"key": "{value}"}}', f"KEY={value}\nNEXT=1"):
        assert (name, value) in seen(DETECTORS, text)


def test_it_is_linear_on_text_made_to_be_slow() -> None:
    assert_linear(DETECTORS)


def test_the_secret_is_known_by_the_name_it_is_given() -> None:
    value = "".join(Random(3).choices("abcdefABCDEF0123456789/+", k=40))
    for name in ("aws_secret_access_key = ", '"SecretAccessKey": "', "AWS_SECRET_ACCESS_KEY=", "secret key is "):
        assert ("aws_secret_access_key", value) in seen(DETECTORS, f"{name}{value}")


def test_forty_letters_without_a_name_are_a_commit_and_no_secret() -> None:
    assert seen(DETECTORS, "".join(Random(3).choices("abcdef0123456789", k=40))) == []


def test_the_samples_of_the_documentation_are_let_be() -> None:
    assert seen(DETECTORS, "AK" + "IAIOSFODNN7" + "EXAMPLE") == []
