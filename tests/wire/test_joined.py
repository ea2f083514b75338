from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.wire.joined import joined

CARD = "4111111111111111"
SECRET = "begin_4f9Kq1Zr8Xw2Lm7Tb3"


@pytest.mark.parametrize("parts", [2, 3, 4, 8, 16])
def test_a_value_in_pieces_is_read_as_one(parts):
    size = 16 // parts
    pieces = [CARD[at : at + size] for at in range(0, 16, size)]
    assert CARD in "\n".join(joined(pieces)).splitlines()


def test_a_secret_is_read_from_where_it_begins():
    for pieces in (["x", SECRET[:9], SECRET[9:]], [SECRET[:4], SECRET[4:11], SECRET[11:], "y"], list(SECRET)):
        assert SECRET in "\n".join(joined(pieces)).splitlines()


@pytest.mark.parametrize("numbers", [[int(one) for one in CARD], [4111, 1111, 1111, 1111], [ord(one) for one in CARD]])
def test_numbers_that_are_digits_groups_or_codes_are_read(numbers):
    assert "\n".join(joined(numbers)) == CARD


@pytest.mark.parametrize(
    "values",
    [
        ["one"],
        ["user", "write to jane"],
        ["x" * 200, "y" * 200],
        [1, 2, 3],
        [1024, 768, 300, 1],
        [0.5, 0.25],
        [True] * 16,
        [{}, []],
        [],
        [-4, 1, 1],
    ],
)
def test_what_is_nobodys_halves_says_nothing(values):
    assert list(joined(values)) == []


def test_of_a_list_of_numbers_written_as_texts_only_the_whole_is_read():
    assert list(joined(["1001", "4111", "1111", "1111", "1111", "9"])) == ["100141111111111111119"]


@given(st.lists(st.text(max_size=140) | st.integers() | st.none(), max_size=80))
def test_what_is_read_is_bounded(values):
    length = sum(len(value) for value in values if isinstance(value, str)) + 20 * len(values)
    assert sum(map(len, joined(values))) <= 12 * length + 1
