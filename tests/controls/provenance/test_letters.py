from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.provenance.letters import letters, plain
from aisecops.model.provenance import Span


def test_case_marks_spaces_accents_and_invisible_characters_make_no_difference() -> None:
    assert plain("H\u00e9llo,\u200b  W\u00f6rld!") == plain("hello\nWORLD") == "helloworld"


def test_composed_and_decomposed_letters_are_the_same() -> None:
    text = "\u00c5ngstr\u00f6m \u1e69"
    assert plain(unicodedata.normalize("NFC", text)) == plain(unicodedata.normalize("NFD", text))


def test_letters_of_another_script_that_look_the_same_are_the_same() -> None:
    assert plain("\u0440\u0430y\u0440\u0430l") == plain("paypal")


def test_letters_in_other_styles_are_plain_letters() -> None:
    assert plain("\U0001d412\U0001d41e\U0001d427\U0001d41d \uff21\uff22 \ufb01ne") == "sendabfine"


def test_one_character_that_becomes_two_has_one_place() -> None:
    found = letters("a\ufb01b")
    assert (str(found), found.span(1, 3).start, found.span(1, 3).end) == ("afib", 1, 2)


@given(st.text())
def test_any_text_has_a_normal_form_whose_places_rise_and_lie_in_the_text(text: str) -> None:
    found = letters(text)
    places = found.places.tolist()
    assert places == sorted(places)
    assert all(0 <= place < len(text) for place in places)
    assert all(character.isalnum() for character in str(found) if ord(character) < 0x20000)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF)))
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_characters_are_read_the_quick_way_as_they_are_the_other_way(text: str) -> None:
    quick, other = letters(text), letters(f"{text}\N{IDEOGRAPHIC SPACE}")  # of which nothing is left
    assert (str(quick), list(quick.places)) == (str(other), list(other.places))


@given(st.text(), st.data())
def test_the_letters_of_a_stretch_are_those_that_stand_in_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    span = Span(start=start, end=data.draw(st.integers(start, len(text))))
    first, end = letters(text).between(span)
    assert [start <= place < span.end for place in letters(text).places] == [
        first <= at < end for at in range(len(letters(text)))
    ]
