"""Phrases: tried near their triggers, across line breaks and marks, and bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.firewall.detectors import DETECTORS
from aisecops.controls.firewall.sign import MAX_SIGNS, REACH, Passage, Trigger, phrases
from aisecops.model.provenance import Span

PEARS = phrases("pears", (0.5, "pear", r"\beat (?:a|the [a-z ]{3,9}) pears?\b"))


def spans(text: str) -> list[Span]:
    return [sign.span for sign in PEARS.find(Passage(text))]


def test_a_space_stands_for_what_is_between_words_and_never_for_the_end_of_a_sentence() -> None:
    assert spans("Eat\n>  **a** PEAR") == [Span(start=0, end=17)]
    assert spans("eat. a pear") == []


def test_a_space_in_a_class_stays_one() -> None:
    assert spans("eat the big red pear") == [Span(start=0, end=20)]


def test_it_is_looked_for_wherever_a_trigger_is() -> None:
    text = "x" * 5_000 + " eat a pear " + "y" * 5_000 + " eat a pear"
    assert [text[span.start : span.end] for span in spans(text)] == ["eat a pear"] * 2


def test_more_of_the_same_says_nothing_new() -> None:
    assert len(spans("eat a pear. " * 1_000)) == MAX_SIGNS


def test_lower_case_keeps_every_place() -> None:
    text = "\u0130\u0130\u0130 eat a pear"
    (span,) = spans(text)
    assert text[span.start : span.end] == "eat a pear"


@given(st.text("aber x", max_size=400), st.text("aber x", min_size=1, max_size=6))
def test_a_trigger_is_found_wherever_it_stands_however_short(text: str, said: str) -> None:
    places = Passage(text).places(Trigger.of(said))
    assert places[:1] == ([text.index(said)] if said in text else [])
    assert all(text.startswith(said, at) for at in places)
    last = text.rfind(said)
    assert last < 0 or any(0 <= last - at < REACH for at in places)


def test_every_detector_has_a_name_of_its_own() -> None:
    assert len({detector.name for detector in DETECTORS}) == len(DETECTORS)


def test_what_repeats_without_end_does_so_a_hundred_times_and_blanks_are_not_given_back() -> None:
    found = phrases("figs", (0.5, "fig", r"\bfig\w*\s*[:*] ?\w{2,}?\*+?x")).find(Passage(f"fig{'s' * 100}\n  : ab**x"))
    assert [sign.span for sign in found] == [Span(start=0, end=113)]
    assert list(phrases("figs", (0.5, "fig", r"fig\w*!")).find(Passage(f"fig{'s' * 101}!"))) == []


@pytest.mark.parametrize("unit", ["агент", "أرسلو", "send~+an>\ne-mail~=to"])
def test_words_without_end_are_looked_through(unit: str) -> None:
    """In a second, or for minutes when each beginning goes on to the end."""
    passage = Passage(unit * (400_000 // len(unit)))
    assert all(len(list(detector.find(passage))) < 500 for detector in DETECTORS)
