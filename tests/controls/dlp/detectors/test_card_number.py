from __future__ import annotations

import pytest

from aisecops.controls.dlp.detectors.card_number import DETECTORS
from aisecops.controls.dlp.scan import FLOOR
from support.detecting import assert_linear, seen
from support.samples import Random, letters
from support.samples import luhn as check_digit


def made(beginning: str, length: int, seed: int = 1) -> str:
    body = beginning + letters(Random(f"{beginning}{length}{seed}"), "0123456789", length - 1 - len(beginning))
    return body + check_digit(body)


def values(text: str) -> list[str]:
    return [text[s.span.start : s.span.end] for one in DETECTORS for s in one.find(text) if s.confidence >= FLOOR]


@pytest.mark.parametrize(
    ("beginning", "length"),
    [("2223", 16), ("2720", 16), ("4", 19), ("4", 13), ("37", 15), ("2131", 15), ("1800", 15), ("62", 19), ("36", 14),
     ("6011", 16), ("3530", 16), ("2201", 16), ("55", 16)],
)  # fmt: skip
def test_every_brand_is_found_in_its_lengths(beginning: str, length: int) -> None:
    for seed in range(5):
        value = made(beginning, length, seed)
        assert values(f"paid with {value}, thanks") == [value]
        assert values(f'{{"n":"{value}"}}') == [value]


def test_groups_as_people_write_them_are_found_and_others_are_rows_of_numbers() -> None:
    visa, amex = made("4", 16), made("37", 15)
    fours = " ".join(visa[at : at + 4] for at in range(0, 16, 4))
    assert values(fours) == [fours]
    assert values(f"{amex[:4]}-{amex[4:10]}-{amex[10:]}") == [f"{amex[:4]}-{amex[4:10]}-{amex[10:]}"]
    assert values(" ".join(visa[at : at + 2] for at in range(0, 16, 2))) == []
    assert values(f"{visa[:4]} {visa[4:8]}-{visa[8:]}") == []


def test_a_number_of_a_brand_with_wide_ranges_needs_a_word() -> None:
    value = made("5018", 12)
    assert values(f"order {value}") == []
    assert values(f"my card: {value}") == [value]


@pytest.mark.parametrize("seed", range(5))
def test_a_wrong_check_digit_or_length_and_a_part_of_something_longer_are_no_card(seed: int) -> None:
    value = made("4", 16, seed)
    wrong = value[:-1] + str((int(value[-1]) + 1) % 10)
    assert values(f"card {wrong} card a{value} card {value}b card 0.{value} card {value[:11]}") == []


def test_it_is_linear_on_text_made_to_be_slow() -> None:
    assert_linear(DETECTORS)
    assert seen(DETECTORS, "4" * 200_000) == []
