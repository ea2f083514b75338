from __future__ import annotations

import re

import pytest

from aisecops.controls.dlp.detector import PatternDetector
from aisecops.controls.dlp.detectors import SECRET_DETECTORS
from aisecops.controls.dlp.marks import holds_a_mark, is_marked

MARKED = [one for one in SECRET_DETECTORS if is_marked(one)]


def test_most_detectors_of_secrets_have_marks_that_say_something():
    assert len(MARKED) > len(SECRET_DETECTORS) * 0.9


@pytest.mark.parametrize("before", ["", "x", "grüße \u2013 ", "\ud800", "\n" * 5_000])
def test_each_mark_is_seen_wherever_it_stands(before):
    marks = [mark for one in MARKED for mark in one.trigger]
    assert [mark for mark in marks if not holds_a_mark(f"{before}{mark}rest", MARKED)] == []


def test_a_text_without_a_mark_holds_none():
    text = "The quick brown fox jumps over the lazy dog. Meeting at 10:30 in room 12, please? " * 50
    assert not any(mark in text for one in MARKED for mark in one.trigger)
    assert not holds_a_mark(text, MARKED)
    assert not holds_a_mark("AKIA", [])


def test_signs_of_an_expression_stand_for_themselves():
    one = PatternDetector(id="one", entity="API_KEY", trigger=("a.b*[",), pattern=re.compile("x"))
    assert holds_a_mark("xa.b*[x", [one])
    assert not holds_a_mark("xaxb*[x", [one])


def test_a_mark_that_stands_in_every_text_is_none():
    assert not is_marked(PatternDetector(id="one", entity="API_KEY", trigger=("SK",), pattern=re.compile("x")))
