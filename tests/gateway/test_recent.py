"""What was worked out lately is at hand; what was not asked for longest is forgotten first."""

from __future__ import annotations

import pytest

from aisecops.gateway.recent import OfTexts, Recent, Seen


def test_what_is_at_hand_is_not_worked_out_again():
    recent, asked = Recent(2), []
    for name in ("a", "a", "b", "a"):
        assert recent.of(name, lambda name=name: asked.append(name) or name.upper()) == name.upper()
    assert asked == ["a", "b"]


def test_what_was_not_asked_for_longest_is_forgotten_first():
    recent = Recent(2)
    for name in ("a", "b", "a", "c"):
        recent.of(name, lambda: None)
    assert ["a" in recent, "b" in recent, "c" in recent] == [True, False, True]


def test_what_failed_is_tried_again():
    recent = Recent(2)
    with pytest.raises(ValueError, match="no"):
        recent.of("a", lambda: (_ for _ in ()).throw(ValueError("no")))
    assert recent.of("a", lambda: 1) == 1


def test_what_would_take_too_much_room_is_worked_out_each_time():
    recent, asked = Recent(2), []
    for _ in range(2):
        recent.of("a", lambda: asked.append(1), keep=False)
    assert asked == [1, 1]


def test_what_is_made_of_a_text_is_made_once():
    made = []
    of = OfTexts(lambda text: made.append(text) or len(text))
    assert [of("one"), of("three"), of("o" + "ne"), of("three")] == [3, 5, 3, 5]
    assert made == ["one", "three"]


def test_texts_in_use_stay_and_others_go_when_there_are_too_many_characters():
    made = []
    of = OfTexts(lambda text: made.append(text) or text.upper(), most_chars=10_000)
    for number in range(1_000):
        assert of("in use") == "IN USE"
        assert of(f"text {number}") == f"TEXT {number}"
    assert made.count("in use") == 1
    assert of("text 0") == "TEXT 0"
    assert made.count("text 0") == 2


def test_a_text_that_would_take_much_of_the_room_is_not_kept():
    made = []
    of = OfTexts(lambda text: made.append(text) or 1, most_chars=1_000)
    for _ in range(2):
        of("x" * 200)
    assert len(made) == 2


def test_what_cannot_be_made_is_tried_again():
    of = OfTexts(lambda text: 1 // (len(text) - 1))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            of("x")


def test_what_is_put_is_at_hand_and_no_more_than_may_be():
    recent = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    recent.put("a", 3)
    recent.put("c", 4)
    assert list(recent.names) == ["a", "c"]
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (3, None, 4)


def test_what_is_at_hand_is_told_without_making_anything():
    made = []
    of = OfTexts(lambda text: made.append(text) or text.upper())
    of("a")
    assert of.at_hand(["a", "b"]) == {"a": "A"}
    assert made == ["a"]
    assert of.of_each(["a", "b"]) == {"a": "A", "b": "B"}
    assert made == ["a", "b"]


def test_a_number_that_was_there_is_known_and_one_in_use_stays():
    seen = Seen(4)
    for number in range(100):
        seen.add([-1, number])
        assert seen.among([number, number + 1]) == {number}
        assert seen.among([-1]) == {-1}
    assert seen.among(range(100)) <= {96, 97, 98, 99}
