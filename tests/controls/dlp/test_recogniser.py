from __future__ import annotations

import time

import pytest

from aisecops.controls.dlp.recogniser import RuleDetector
from aisecops.controls.dlp.stretches import OVERLAP, PIECE
from aisecops.model.recogniser import RecogniserPattern, RecogniserRule
from support.detecting import seen


def detector(*regexes: str, **more: object) -> RuleDetector:
    patterns = tuple(RecogniserPattern(regex=regex, score=0.3) for regex in regexes)
    return RuleDetector(RecogniserRule(name="staff", entity="STAFF_ID", patterns=patterns, **more))  # type: ignore[arg-type]


def test_expressions_and_words_are_found_in_any_case_and_letters_beyond_ascii_move_nothing() -> None:
    one = detector(r"\bST-[0-9]{4}\b", deny_list=("Project Heron", "heron"))
    assert seen([one], "grüße an st-1234 und ST-12345, project heron; herons") == [
        ("rules.staff", "st-1234"),
        ("rules.staff", "project heron"),
    ]


def test_a_word_before_it_makes_a_match_surer() -> None:
    one = detector("[0-9]{6}", context=("Staff",))
    assert [round(s.confidence, 2) for s in one.find("order 123456, staff no 654321")] == [0.3, 0.65]


@pytest.mark.parametrize("regex", [r"(a|a)*b", r"(\w+\s?)+:"])
def test_an_expression_made_to_be_slow_is_linear(regex: str) -> None:
    before = time.perf_counter()
    assert list(detector(regex).find("a" * 20_000 + "!")) == []
    assert time.perf_counter() - before < 5.0  # on an engine that tries every way, longer than the universe


def test_a_match_across_a_cut_is_found_once_and_whole() -> None:
    one = detector("heron [0-9]{6} otter")
    value = "heron 123456 otter"
    for shift in range(0, len(value) + 2, 3):
        text = "x " * (PIECE // 2 - OVERLAP // 2 + shift) + value + " y" * PIECE
        assert seen([one], text) == [("rules.staff", value)]


def test_an_empty_match_is_none_and_an_expression_that_cannot_be_read_is_an_error() -> None:
    assert list(detector("a*").find("bbb")) == []
    with pytest.raises(ValueError, match="of `staff` cannot be read"):
        detector("(?=a)")
