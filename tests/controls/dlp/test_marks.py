from __future__ import annotations

import re

import pytest

from aisecops.controls.dlp.detector import PatternDetector
from aisecops.controls.dlp.detectors import SECRET_DETECTORS
from aisecops.controls.dlp.marks import any_stands_in, is_marked, marks_of

MARKED = [one for one in SECRET_DETECTORS if is_marked(one)]
MARKS = marks_of(SECRET_DETECTORS)


def test_most_detectors_of_secrets_have_marks_that_say_something():
    assert len(MARKED) > len(SECRET_DETECTORS) * 0.9


@pytest.mark.parametrize("before", ["", "x", "grüße \u2013 ", "\ud800", "\n" * 5_000])
def test_each_mark_is_seen_wherever_it_stands(before):
    assert {mark for one in MARKED for mark in one.trigger} == MARKS
    assert [mark for mark in MARKS if not any_stands_in(f"{before}{mark}rest", MARKS)] == []


def test_a_text_without_a_mark_holds_none():
    text = "The quick brown fox jumps over the lazy dog. Meeting at 10:30 in room 12, please? " * 50
    assert not any(mark in text for mark in MARKS)
    assert not any_stands_in(text, MARKS)


def test_signs_of_an_expression_stand_for_themselves():
    assert any_stands_in("xa.b*[x", frozenset({"a.b*["}))
    assert not any_stands_in("xaxb*[x", frozenset({"a.b*["}))


def test_a_mark_that_stands_in_every_text_is_none():
    one = PatternDetector(id="one", entity="API_KEY", trigger=("SK",), pattern=re.compile("x"))
    assert not is_marked(one)
    assert marks_of([one]) == frozenset()
