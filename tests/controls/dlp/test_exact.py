from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.dlp.exact import MIN_PLANTED, ExactDetector, exact_detectors, planted
from support.detecting import seen

KEY = b"a key"
VALUE = "blue-heron-7741"


def detector(*values: str, entity: str = "CANARY") -> ExactDetector:
    return ExactDetector(entity, [planted(entity, value, key=KEY) for value in values], key=KEY)


def test_every_place_of_every_value_is_found_also_when_they_begin_alike_or_overlap() -> None:
    one = detector(VALUE, "other-canary", VALUE + "-more")
    text = f"a {VALUE} b {VALUE}-more other-canary"
    assert sorted(value for _, value in seen([one], text)) == sorted((VALUE, VALUE, VALUE + "-more", "other-canary"))
    assert one.holds(text)


@given(st.text(max_size=30), st.text(min_size=MIN_PLANTED, max_size=30), st.text(max_size=30))
def test_any_value_is_found_inside_any_text(before: str, value: str, after: str) -> None:
    text = before + value + after
    assert (len(before), len(before) + len(value)) in {(s.span.start, s.span.end) for s in detector(value).find(text)}


def test_a_value_across_the_cuts_of_a_long_text_is_found_once() -> None:
    for at in range(4096 - len(VALUE) - 2, 4096 + 2):
        text = "." * at + VALUE + "." * 9000
        assert [sighting.span.start for sighting in detector(VALUE).find(text)] == [at]


@given(st.text(alphabet="ab", max_size=40))
def test_nothing_else_is_found(text: str) -> None:
    value = "abbaabbaab"
    expected = [at for at in range(len(text)) if text.startswith(value, at)]
    assert [sighting.span.start for sighting in detector(value).find(text)] == expected


def test_a_value_is_the_same_in_large_and_small_letters() -> None:
    for planted_as in (VALUE, VALUE.upper(), VALUE.title()):
        for sent in (VALUE, VALUE.upper(), VALUE.title()):
            assert seen([detector(planted_as)], f"\u0130 {sent} \u0130") == [("canary", sent)]


def test_another_spelling_another_key_or_a_shorter_text_is_not_the_value() -> None:
    assert seen([detector(VALUE)], VALUE.replace("-", "_")) == []
    assert seen([ExactDetector("CANARY", [planted("CANARY", VALUE, key=b"other")], key=KEY)], VALUE) == []
    assert seen([detector(VALUE)], VALUE[:-1]) == seen([detector(VALUE)], "") == []


def test_a_short_value_is_turned_down_without_being_repeated() -> None:
    with pytest.raises(ValueError, match="at least 8") as caught:
        planted("CANARY", "abc1234", key=KEY)
    assert "abc1234" not in str(caught.value)


def test_what_is_kept_holds_no_value() -> None:
    kept = planted("CANARY", VALUE, key=KEY)
    assert VALUE not in repr(kept)
    assert VALUE not in repr(vars(detector(VALUE)))


def test_each_kind_has_a_detector_of_its_own() -> None:
    values = [planted("CANARY", VALUE, key=KEY), planted("KNOWN_SECRET", "tall-otter-5150", key=KEY)]
    assert [one.entity for one in exact_detectors(values, key=KEY)] == ["CANARY", "KNOWN_SECRET"]
    assert exact_detectors((), key=KEY) == ()
