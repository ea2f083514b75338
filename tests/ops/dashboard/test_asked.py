"""Whatever stands in an address, it is a whole number from zero on."""

import pytest

from aisecops.ops.dashboard.asked import number_in


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("50", 50), ("007", 7), ("9" * 15, int("9" * 15))])
def test_numbers(text, number):
    assert number_in(text) == number


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.5", "1e3", "x", " 1", "9" * 16, "\N{ARABIC-INDIC DIGIT ONE}", "\N{SUPERSCRIPT TWO}"]
)
def test_everything_else_is_nothing(text):
    assert number_in(text) == 0
