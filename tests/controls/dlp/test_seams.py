"""What two texts say together, and which finding in that counts. `tests/gateway/leaving/test_trails.py` has the attacks."""

from __future__ import annotations

import pytest

from aisecops.controls.dlp.seams import (
    _IBAN,
    _MARKS,
    NUMBERS_KEPT,
    PIECES_KEPT,
    REPEATS_COUNT,
    ROW_CHARS,
    End,
    Line,
    Place,
    distinct,
    without_positions,
)
from aisecops.model.finding import Finding
from aisecops.model.piece import piece_of
from aisecops.model.provenance import Span
from support.samples import Random, letters


def said(*texts: str) -> Place:
    place = Place()
    for text in texts:
        place.add(piece_of("body:/text", text))
    return place


def together(place: Place, text: str, *, planted: bool = True) -> list[tuple[str, str]]:
    piece = piece_of("body:/text", text)
    return [line.halves for line in distinct([*place.with_next(piece), *place.with_each(piece, planted=planted)])]


def found(entity: str, start: int, end: int) -> Finding:
    return Finding(entity=entity, where="", span=Span(start=start, end=end), confidence=1.0, fingerprint="ab")


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("body:/messages/3/content", "body:/messages"),
        ("body:/messages/3/content/0/text", "body:/messages"),
        ("body:/contents/0/parts/1/text", "body:/contents"),
        ("body:/rows/17/name", "body:/rows/*/name"),
        ("body:/rows/17/{2}", "body:/rows"),
        ("body:/text", "body:"),
        ("body:", "body:"),
        ("query:q", "query:q"),
        ("path:2", "path:2"),
    ],
)
def test_texts_that_are_told_alike_have_one_place(where, place):
    assert without_positions(where) == place


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("it begins AKIAQW3E...", "...RT5YUI7OPA2S there"),
        ("it begins AKIAQW3E\u2026", "\u2026RT5YUI7OPA2S there"),
        ("it begins AKIAQW3E-", "-RT5YUI7OPA2S there"),
        ("it begins /AKIAQW3E/", "/RT5YUI7OPA2S/ there"),
        ("it begins <p>AKIAQW3E</p>", "<p>RT5YUI7OPA2S</p> there"),
        ("it begins AKIAQW3E\u3002", "RT5YUI7OPA2S\u3002 there"),
    ],
)
def test_marks_around_the_parts_are_left_away(before, behind):
    place = said(before)
    assert any((one[-8:], two[:12]) == ("AKIAQW3E", "RT5YUI7OPA2S") for one, two in together(place, behind))


def test_what_is_a_values_own_mark_stays():
    place = said("it begins sk-ant-")
    assert ("sk-ant-", "api03-abcdef") in together(place, "api03-abcdef there")


def test_of_nothing_said_nothing_is_told():
    assert together(Place(), "a text") == []


def test_the_last_text_and_all_pieces_in_a_row_go_before_the_next():
    assert ("two-three", "four") in together(said("one-", "two-three"), "four")
    assert ("one-two-three", "four") in together(said("one-", "two-three"), "four")


def test_words_end_a_row_and_leave_their_last_word_or_their_longest():
    assert ("AKIAABCD", "EFGHIJ") in together(said("zz", "it is AKIAABCD."), "EFGHIJ")
    long = "so many words that nobody would take them for a label before a value, and then " + "AKIAABCD"
    assert ("AKIAABCD", "EFGHIJ") in together(said(long), "EFGHIJ")


def test_each_text_of_before_is_held_against_it_either_way_when_one_has_a_mark_or_values_are_planted():
    place = said("AKIA12345678", "nothing", "of interest")
    assert ("AKIA12345678", "90ABCDEF") in together(place, "90ABCDEF", planted=False)
    assert ("90ABCDEF", "AKIA12345678") in together(place, "90ABCDEF", planted=False)
    assert ("nothing", "90ABCDEF") not in together(place, "90ABCDEF", planted=False)
    assert ("nothing", "90ABCDEF") in together(place, "90ABCDEF", planted=True)


def test_what_is_kept_is_bounded():
    place = said(*(f"piece-{number}-" for number in range(500)))
    assert len(place.pieces) == PIECES_KEPT
    assert len(place.row) == ROW_CHARS
    assert len(said(*map(str, range(500))).numbers) == NUMBERS_KEPT


def test_what_is_known_needs_not_be_said_again_but_letters_and_numbers_do():
    place = said("a longer text", "abc", "12345")
    assert place.knows(piece_of("body:/text", "a longer text"))
    assert not place.knows(piece_of("body:/text", "abc"))
    assert not place.knows(piece_of("body:/text", "12345"))


@pytest.mark.parametrize(
    ("numbers", "where", "rows"),
    [
        (["4012", "8888"], "body:/text", ["40128888"]),
        (["4012 8888", "8888"], "body:/id", ["4012 88888888", "401288888888"]),
        (["40128888", "8888"], "body:/id", []),
        (["40", "12", "88", "88"], "body:/id", ["40128888"]),
        (["77", "77", "77", "77"], "body:/id", []),
        (["4012"], "body:/text", []),
    ],
)
def test_numbers_are_read_as_one_where_they_may_stand_for_themselves(numbers, where, rows):
    assert [line.text for line in distinct(said(*numbers).in_numbers(where))] == rows


@pytest.mark.parametrize(
    ("line", "finding", "counts"),
    [
        (Line("abcdefgh", 4, near=False), found("AWS_KEY", 2, 6), True),
        (Line("abcdefgh", 4, near=False), found("AWS_KEY", 0, 4), False),
        (Line("abcdefgh", 4, near=False), found("DATABASE_URL", 5, 8), True),
        (Line("https://mailto:ab", 8, near=True), found("DATABASE_URL", 9, 12), False),
        (Line("abcdefgh", 4, near=False), found("CRYPTO", 2, 6), False),
        (Line("abcdefgh", 4, near=True), found("CRYPTO", 2, 6), True),
        (Line("abcdefgh", 4, near=True), found("PHONE_NUMBER", 2, 6), False),
        (Line("abcdefgh", 4, near=True), found("CREDENTIAL", 2, 6), False),
        (Line("40128888", 4, near=True), found("CREDIT_CARD", 0, 8), False),
        (Line("40128888", 4, near=True, numbers=True), found("CREDIT_CARD", 1, 8), True),
        (Line("40128888", 4, near=True, numbers=True, whole=True), found("CREDIT_CARD", 1, 8), False),
        (Line("40128888", 4, near=True, numbers=True, whole=True), found("CREDIT_CARD", 0, 8), True),
    ],
)
def test_a_finding_counts_where_both_texts_are_needed_for_it(line, finding, counts):
    assert line.says(finding) is counts


def test_of_equal_lines_the_one_that_lets_more_count_stays():
    lines = [Line("ab", 1, near=False), Line("ab", 1, near=True, numbers=True), Line("ab", 1, near=True)]
    assert distinct(lines) == (lines[1],)


@pytest.mark.parametrize("seed", range(20))
def test_two_ends_are_looked_at_where_a_mark_is_in_either_or_across_them_and_nowhere_else(seed: int) -> None:
    chance = Random(seed)
    for _ in range(200):
        mark = chance.choice(_MARKS)
        at = chance.randint(0, len(mark))
        whole = chance.choice([("", ""), (mark[:at], mark[at:])])
        before = letters(chance, "AKIghp_sx-oSG.:/@eyJ01", chance.randint(1, 9)) + whole[0]
        behind = whole[1] + letters(chance, "AKIghp_sx-oSG.:/@eyJ01", chance.randint(1, 9))
        together = before + behind
        address = "://" in together and ("@" in together or ("://" not in before and "://" not in behind))
        others = (one for one in _MARKS if one != "://")
        marked = address or any(one in together for one in others) or _IBAN.search(together) is not None
        assert End.of(before).may_go_on(End.of(behind)) is marked, (before, behind)


def test_the_same_few_characters_count_so_often_and_no_more():
    """`v1` in the path of every call would make every call another row of texts to look through."""
    place, same = Place(), piece_of("path:0", "v1")
    for _ in range(REPEATS_COUNT + 1):
        assert not place.knows(same)
        place.add(same)
    row = place.row
    assert place.knows(same)
    place.add(same)
    assert place.row == row


def test_what_is_worn_out_counts_again_behind_anything_else():
    place, same = Place(), piece_of("path:0", "v1")
    for _ in range(REPEATS_COUNT + 1):
        place.add(same)
    place.add(piece_of("path:0", "x"))
    assert not place.knows(same)


def test_numbers_are_never_worn_out():
    place, zero = Place(), piece_of("body:/text", "0")
    for _ in range(2 * REPEATS_COUNT):
        place.add(zero)
    assert not place.knows(zero)


def test_a_value_in_single_characters_is_seen_behind_what_is_worn_out():
    place, value = said(*["v1"] * (REPEATS_COUNT + 5)), "ghp_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"
    for character in value[:-1]:
        place.add(piece_of("body:/text", character))
    assert any((before + behind).endswith(value) for before, behind in together(place, value[-1]))


def test_the_same_few_characters_again_and_again_are_no_value_but_one_that_is_planted():
    place, same = said(*["ab"] * 9), piece_of("body:/text", "ab")
    assert list(place.with_next(same, planted=False)) == []
    assert "ab" * 10 in [line.text for line in place.with_next(same, planted=True)]
    assert "ab" * 9 + "cd" in [line.text for line in place.with_next(piece_of("body:/text", "cd"), planted=False)]


def test_the_same_digits_again_and_again_may_be_a_value():
    assert list(said(*["00"] * 7).with_next(piece_of("body:/text", "00"), planted=False))
