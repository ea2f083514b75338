from __future__ import annotations

import pytest

from aisecops.controls.dlp.detectors.iban import DETECTORS
from support.detecting import assert_linear, seen
from support.samples import Random, iban

PUBLISHED = (
    "GB82 WEST 1234 5698 7654 32", "DE89 3704 0044 0532 0130 00", "FR14 2004 1010 0505 0001 3M02 606",
    "NO93 8601 1117 947", "MT84 MALT 0110 0001 2345 MTLC AST0 01S", "CH93 0076 2011 6238 5295 7",
    "LC55 HEMM 0001 0001 0012 0012 0002 3015", "BR18 0036 0305 0000 1000 9795 493C 1",
)  # fmt: skip
"""From the registry's own examples."""


def values(text: str) -> list[str]:
    return [value for _, value in seen(DETECTORS, text)]


@pytest.mark.parametrize("number", PUBLISHED)
def test_it_is_found_in_any_case_and_any_grouping(number: str) -> None:
    plain = number.replace(" ", "")
    for written in (number, plain, plain.lower(), number.replace(" ", "-"), f"{plain[:4]} {plain[4:]}"):
        for text in (written, f"pay to {written} by Friday", f'{{"iban":"{written}"}}', f"IBAN:{written}."):
            assert values(text) == [written], text


@pytest.mark.parametrize("seed", range(5))
def test_a_wrong_digit_or_a_longer_word_is_none(seed: int) -> None:
    value = iban(Random(seed))
    wrong = value[:-1] + str((int(value[-1]) + 1) % 10)
    assert values(f"{wrong} x{value} {value}7 {value[:-1]}") == []


def test_it_is_linear_on_text_made_to_be_slow() -> None:
    assert_linear(DETECTORS)
    assert values("DE89" * 20_000) == []
    assert values("DE89 " * 20_000) == []
