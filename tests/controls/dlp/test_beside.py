"""What texts say that stand near one another. `tests/gateway/test_cut_over_fields.py` has the attacks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.dlp.beside import (
    FAR,
    REACH,
    Field,
    _first_and_last,
    _near,
    _together,
    beside,
)
from support.senders import AWS, IBAN, cut

ONE, TWO = cut(AWS, 9)


def said(
    *texts: str, new: list[bool] | None = None, planted: bool = False, at: str = "body:/field_N"
) -> list[list[str]]:
    """For each text, what it says together with others; a seam is written as a bar."""
    fields = [(at.replace("N", chr(97 + number % 26)), text) for number, text in enumerate(texts)]
    found = dict(beside(fields, new or [True] * len(texts), planted=planted))
    return [["|".join(line.halves) for line in found.get(number, [])] for number in range(len(texts))]


def test_words_that_go_on_are_held_against_one_another_in_either_order():
    assert f"{ONE}|{TWO}" in said(f"the key {ONE}", f"{TWO} is old")[1]
    assert f"{ONE}|{TWO}" in said(f"{TWO} is old", f"the key {ONE}")[1]


def test_what_stands_before_a_part_as_its_name_is_left_away():
    assert f"{ONE}|{TWO}" in said(f"first: {ONE}", f"and the other part of it is: {TWO}")[1]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("the key {}...", "...{} is old"),
        ("the key {}\u2026", "\u2026{} is old"),
        ("the key {} -", "- {} is old"),
        ("the key {}-", "-{} is old"),
        ("the key *{}*", "*{}* is old"),
        ("the key \u201c{}\u201d", "\u201c{}\u201d is old"),
        ("the key {}\u200b", "\u200b{} is old"),
        ("the key /{}/", "/{}/ is old"),
        ("the key {}\u3002", "\u300c{}\u300d is old"),
        ("(1) the key {}", "(2) {} is one of the words of a text that goes on and on until it is a long one"),
        ("1/2: the key {}", "2/2:{} is one of the words of a text that goes on and on until it is a long one"),
    ],
)
def test_marks_around_the_parts_are_left_away(one, two):
    assert f"{ONE}|{TWO}" in said(one.format(ONE), two.format(TWO))[1]


@pytest.mark.parametrize("between", [1, REACH - 1])
def test_others_may_stand_between(between):
    assert f"{ONE}|{TWO}" in said(f"the key {ONE}", *["a word"] * between, f"{TWO} is old")[-1]


def test_further_away_than_that_nothing_is_held_against_it():
    assert said(f"the key {ONE}", *["a word"] * REACH, f"{TWO} is old")[-1] == []


def test_texts_of_one_word_are_a_row():
    one, two, three = cut(AWS, 6, 12)
    assert f"{one}{two}|{three}" in said(f"it begins {one}", two, f"{three} at last")[-1]


def test_names_are_beside_names_and_values_beside_values():
    fields = [("key:", f"the {ONE}"), ("body:/a", "1"), ("key:", f"{TWO} thing"), ("body:/b", "2")]
    found = [
        ["|".join(line.halves) for line in lines if line.near] for _, lines in beside(fields, [True] * 4, planted=False)
    ]
    assert found == [[], [], [f"{ONE}|{TWO}"], []]


def test_words_and_ids_cost_nothing():
    texts = ["see the pattern", "https://acme.test/a/b", "ord_8f2k1m5x9q", "da39a3ee5e6b4b0d3255bfef95601890afd80709"]
    texts += ["MetadataConfigurationItem", "secretName", "48291034", "2026-11-27", "Harbour street 7", "4711"]
    assert said(*texts) == [[]] * len(texts)


def test_exact_values_are_looked_for_in_neighbours_and_only_where_there_are_any():
    assert said("it is blue-", "heron-7741 then") == [[], []]
    assert "blue-|heron-7741" in said("it is blue-", "heron-7741 then", planted=True)[1]


def test_pairs_that_were_looked_at_are_left_out():
    texts = [f"the key {ONE}", f"{TWO} is old", "and more"]
    assert said(*texts, new=[False, False, True]) == [[], [], []]
    assert said(*texts, new=[False, True, False])[1] != []
    assert said(*texts, *["more"] * 2 * REACH, new=[False] * (2 * REACH + 2) + [True])[1] == []


def test_of_very_many_new_texts_those_in_the_middle_are_held_against_their_neighbours_alone():
    middle = [f"the key {ONE}", "some other words", f"{TWO} is old"]
    around = ["a word"] * FAR
    assert said(*around, *middle, *around)[FAR + 2] == []
    assert said(*around, *middle[::2], *around)[FAR + 1] != []


@pytest.mark.parametrize(
    ("texts", "counts"),
    [
        (("card 4111 1111", "1111 1111 then"), True),
        (("4111 1111", "1111 1111"), True),
        (("it is 4111111", "111111111 then"), True),
        (("41111111", "11111111"), False),
        (("(41111111)", "\u201c11111111\u201d"), False),
        (("order 41111111", "11111111"), False),
        (("my visa 41111111", "11111111"), True),
        (("it is 536-22", "-8726 then"), True),
        (("536-22-", "8726"), True),
    ],
)
def test_digits_count_where_words_or_groups_say_so(texts, counts):
    fields = [("body:/user", texts[0]), ("body:/number", texts[1])]
    lines = [line for _, found in beside(fields, [True, True], planted=False) for line in found]
    assert any(line.numbers for line in lines) is counts


@pytest.mark.parametrize(
    ("where", "anything"),
    [
        ("body:/rest", True),
        ("body:/v", True),
        ("body:/user", False),
        ("body:/text", True),
        ("form:note_2", True),
        ("body:", True),
        ("body:/order_id", False),
    ],
)
def test_some_names_are_for_texts_of_any_sort(where, anything):
    assert Field.of(where, "1").says_anything is anything


def test_an_account_is_seen_in_groups_and_small_letters():
    grouped = "de89 3704 0044 0532 0130 00"
    for value in (IBAN, grouped):
        one, two = cut(value, 12)
        assert f"pay {one}|{two} now" in said(f"pay {one}", f"{two} now")[1]


_PARTS = (
    *("ghp_", "then ghp", "_abc then", "x" * 20, "4111 11", "11 1111-1111", "536-22", "-8726", "de8", "9370400440532"),
    *("-----BEGIN RSA", " PRIVATE KEY-----", "1A1zP1eP5QGefi", "2DMPTfTL5SLmv7Divf", "postgres://a:", "b@c.d", "=="),
)
_TEXTS = st.lists(st.sampled_from(_PARTS) | st.text(st.sampled_from("ab1- A:.@"), max_size=30), max_size=3).map("".join)


@given(_TEXTS, _TEXTS, st.booleans())
def test_a_text_that_surely_does_not_go_on_in_another_says_nothing_with_it(text, other, near):
    one, two = Field.of("body:/a", text), Field.of("body:/b", other)
    if not one.words.goes_on_in(two.words):
        assert list(_together(one, two, near=near, planted=False)) == []


@given(st.lists(st.booleans(), max_size=80))
def test_near_is_what_stands_no_further_than_its_reach_from_a_new_one(new):
    found = [at for at in range(len(new)) if any(new[max(0, at - REACH) : at + REACH + 1])]
    stretches = [*_near(new)]
    assert [at for stretch in stretches for at in stretch] == found
    assert all(one.stop < two.start for one, two in itertools.pairwise(stretches))


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 8))
def test_the_first_and_the_last_new_ones(new, many):
    fresh = [at for at, one in enumerate(new) if one]
    assert _first_and_last(new, many) == {*fresh[:many], *fresh[-many:]}
