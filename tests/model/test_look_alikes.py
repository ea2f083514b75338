from __future__ import annotations

import pytest

from aisecops.model.look_alikes import stand_ins


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("41\u200b11", "4111"),
        ("\uff14\uff11", "41"),
        ("\u0664\u0661", "41"),
        ("gh\u0440_a", "ghp_a"),
        ("10\u201320\u00a030", "10-20 30"),
        ("\U000e0034\U000e0031", "41"),
        ("4\x001", "41"),
        ("\U0001d7d2\U0001d7cf", "41"),
    ],
)
def test_what_reads_as_ascii_is_read_as_ascii(text, says):
    assert text.translate(stand_ins(text)) == says


@pytest.mark.parametrize(
    "text", ["plain\ttext\r\n", "привет, мир", "Grüße \u2013 \u201cé\u201d", "日本語。テスト", "\ud800"]
)
def test_what_is_a_languages_own_stays(text):
    assert stand_ins(text) == {}
