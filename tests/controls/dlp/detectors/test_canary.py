from __future__ import annotations

import pytest

from aisecops.controls.dlp.detectors.canary import CanaryDetector
from support.detecting import seen

VALUE = "blue-heron-7741"


def test_every_place_of_every_value_is_found() -> None:
    detector = CanaryDetector((VALUE, "other-canary"))
    assert seen([detector], f"a {VALUE} b {VALUE} other-canary") == [
        ("canary", VALUE),
        ("canary", VALUE),
        ("canary", "other-canary"),
    ]


def test_another_spelling_is_not_the_canary() -> None:
    assert seen([CanaryDetector((VALUE,))], VALUE.upper()) == []


def test_a_short_canary_is_turned_down_without_being_repeated() -> None:
    with pytest.raises(ValueError, match="at least 8") as caught:
        CanaryDetector(("abc1234",))
    assert "abc1234" not in str(caught.value)


def test_its_text_form_holds_no_value() -> None:
    assert VALUE not in repr(CanaryDetector((VALUE,)))
