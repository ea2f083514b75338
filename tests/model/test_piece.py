from __future__ import annotations

from aisecops.model.piece import MAX_PIECE_CHARS, piece_of


def test_a_short_text_is_kept_whole_and_of_a_long_one_both_ends():
    short = piece_of("body:", "a" * MAX_PIECE_CHARS)
    assert (short.head, short.tail, short.end) == ("a" * MAX_PIECE_CHARS, "", short.head)
    text = "b" * MAX_PIECE_CHARS + "middle" + "e" * MAX_PIECE_CHARS
    long = piece_of("body:", text)
    assert long.head + "middle" + long.end == text


def test_it_does_not_print_what_it_holds():
    assert "half" not in repr(piece_of("body:", "half"))


def test_marks_around_a_whole_text_are_taken_off_and_a_long_one_stays():
    assert piece_of("body:", '("half")').stripped('()"') == piece_of("body:", "half")
    long = piece_of("body:", f"({'a' * MAX_PIECE_CHARS})")
    assert long.stripped("()") is long
