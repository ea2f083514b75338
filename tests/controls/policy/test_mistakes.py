"""The words of a problem."""

from __future__ import annotations

from aisecops.controls.policy.mistakes import Mistakes, mistake, nearest, pick, shown
from aisecops.model.place import Place


def test_a_mistake_carries_its_place_and_mend():
    raised = mistake(Place(file="f", line=3, column=5), "wrong", "right")

    assert isinstance(raised, Mistakes)
    assert str(raised) == "f:3:5: wrong"
    assert raised.problems[0].mend == "right"


def test_foreign_text_is_one_short_line_in_backticks():
    assert shown("a\nb\x1b[0m") == "`a·b·[0m`"
    assert len(shown("x" * 1000)) == 62


def test_the_nearest_word_is_offered_and_a_far_one_is_not():
    assert nearest("Grant", ["grants", "role"]) == "grants"
    assert nearest("zzz", ["grants", "role"]) == ""


def test_what_is_allowed_is_listed_when_nothing_is_near():
    assert pick("zzz", ["one", "two"]) == "allowed here: `one`, `two`"
    assert pick("zzz", []) == "none is declared yet"
    assert pick("zzz", map(str, range(50))).startswith("allowed here, among others: `0`")
