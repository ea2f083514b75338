from __future__ import annotations

import pytest

from aisecops.controls.dlp.nearby import lifted
from aisecops.model.provenance import Span


def score(before: str, value: str, *context: str, alone: float = 0.2) -> float:
    text = f"{before}{value}"
    return lifted(alone, text, Span(start=len(before), end=len(text)), context)


@pytest.mark.parametrize("before", ["her ssn is ", "SSN: ", "my_ssn=", "the ssn of this one here "])
def test_a_word_shortly_before_makes_a_weak_match_count(before: str) -> None:
    assert score(before, "219099998", "ssn") == pytest.approx(0.55)


@pytest.mark.parametrize("before", ["", "order ", "ssn of nobody at all, not this one: ", "ssn" + " " * 100])
def test_no_word_or_a_word_far_away_lifts_nothing(before: str) -> None:
    assert score(before, "219099998", "ssn") == 0.2


def test_a_word_with_blanks_around_it_must_stand_alone() -> None:
    assert score("using ", "130692544", " sin ") == 0.2
    assert score("sin_number ", "130692544", " sin ") == pytest.approx(0.55)


def test_what_is_sure_stays_sure_and_nothing_is_surer_than_that() -> None:
    assert score("ssn ", "1", "ssn", alone=1.0) == 1.0
    assert score("ssn ", "1", "ssn", alone=0.9) == 1.0
