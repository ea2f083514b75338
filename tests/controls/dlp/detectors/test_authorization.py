from __future__ import annotations

import base64

import pytest

from aisecops.controls.dlp.detectors.authorization import DETECTORS
from support.detecting import assert_linear, seen
from support.samples import ALNUM, Random, letters

TOKEN = letters(Random(2), ALNUM, 40)
PAIR = base64.b64encode(b"jane:s3cr3tPw9").decode()


def values(text: str) -> list[str]:
    return [value for _, value in seen(DETECTORS, text)]


@pytest.mark.parametrize(
    "form", ["Authorization: Bearer {}", '"authorization": "Bearer {}"', "-H 'Authorization: token {}'"]
)
def test_a_bearers_token_is_found(form: str) -> None:
    assert values(form.format(TOKEN)) == [TOKEN]


@pytest.mark.parametrize("form", ["Authorization: Basic {}", '{{"auth": "{}"}}', "_auth={}"])
def test_a_name_and_password_in_base64_are_found(form: str) -> None:
    assert values(form.format(PAIR)) == [PAIR]


def test_a_password_for_curl_is_found() -> None:
    assert values("curl -u jane:s3cr3tPw9 https://host/") == ["s3cr3tPw9"]
    assert values("curl --user 'jane:s3cr3tPw9'") == ["s3cr3tPw9"]


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer <token>", "Authorization: Bearer YOUR_ACCESS_TOKEN_HERE", "Basic QUJDREVGR0g=",
        "basic knowledge of things", "auth: required", "docker run -u 1000:1000 x", "curl -u user:changeme1 x",
    ],
)  # fmt: skip
def test_stand_ins_and_words_are_none(text: str) -> None:
    assert values(text) == []


def test_it_is_linear_on_text_made_to_be_slow() -> None:
    assert_linear(DETECTORS)
