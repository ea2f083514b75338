from __future__ import annotations

import pytest

from aisecops.controls.dlp.detectors.phone_in_words import DETECTORS
from support.detecting import assert_linear, seen


def values(text: str) -> list[str]:
    return [value for _, value in seen(DETECTORS, text)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Phone:\n358 0594\n", "358 0594"),
        ("Phone: (99) 645-791", "(99) 645-791"),
        ("call me on 450 0840?", "450 0840"),
        ("You can call 73 448 266 now", "73 448 266"),
        ("nobody answering at 71-33-52-22", "71-33-52-22"),
        ("93 72 61 office", "" ),
        ("937-26-61 office", "937-26-61"),
        ("921-877671-Office", "921-877671"),
        ("fax (311)905-4466x8827", "(311)905-4466x8827"),
        ("reach +1-054-353-1726x16954 or", "+1-054-353-1726x16954"),
        ("tel:+358 40 1234567", "+358 40 1234567"),
    ],
)  # fmt: skip
def test_a_number_that_is_named_or_written_for_abroad_is_found(text: str, number: str) -> None:
    assert number in values(text) if number else values(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "call 12", "call 911 now", "phone case 3 for 20.00", "call of 2024-11-02", "office hours 9-17", "x+1000000000",
        "call 10.20.30.40:8080 to", "office 365 licence", "mobile first since 2012", "+00:00 +12.5 +1 +100",
        "call 1234567890123456789", "2024-11-02 office",
    ],
)  # fmt: skip
def test_dates_short_numbers_and_addresses_are_none(text: str) -> None:
    assert values(text) == []


def test_it_is_linear_on_text_made_to_be_slow() -> None:
    assert_linear(DETECTORS)
    for unit in ("call 1 ", "+1 ", "1-", "office ", "1 office"):
        assert_linear_of(unit)


def assert_linear_of(unit: str) -> None:
    assert sum(len(value) for value in values(unit * 20_000)) <= len(unit) * 20_000


@pytest.mark.parametrize("text", [f"call {'5' * 30} " * 60_000, f"call {'5' * 4_000_000}", "call-5555555-" * 150_000])
def test_digits_that_can_be_grouped_in_many_ways_are_read(text: str) -> None:
    """Two million characters are read in a second, or for minutes when each way is tried."""
    assert len(values(text)) <= 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("call 555 0100 11é2", ["555 0100 11"]),
        ("call 555 0100 office", ["555 0100"]),
        ("x 555 0100-11 office", ["555 0100-11"]),
        ("555 0100-11\noffice", ["555 0100-11"]),
        ("call 555-0100-see/5", []),
    ],
)
def test_a_number_ends_where_its_digits_do(text: str, found: list[str]) -> None:
    assert values(text) == found
