from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.dlp.prose import prose


@pytest.mark.parametrize(
    "text",
    [
        "Ada Marlow",
        "Please send it to Ada Marlow in Port Ellis, before 5 June 2024.",
        "Dear Ms. Marlow,",
        "Überweisung an Jürgen Groß",
    ],
)
def test_sentences_and_names_are_prose(text: str) -> None:
    assert list(prose(text)) == [(0, text)]


@pytest.mark.parametrize(
    "text",
    [
        "def run(self, *args): return self.total_amount", 'const user = {"name": load()};', "https://example.org/a/b",
        "2024-11-02T10:00:00Z 12.50 998877", "user_name,first_name,last_name", "return total_amount_in_cents", "", "  ", "12 34",
    ],
)  # fmt: skip
def test_code_links_and_numbers_are_not(text: str) -> None:
    assert list(prose(text)) == []


def test_neighbouring_lines_of_prose_are_one_stretch_and_code_between_cuts() -> None:
    text = "Ada Marlow wrote\nto all of us.\nx = call(user_name)\nThen she left."
    assert [stretch for _, stretch in prose(text)] == ["Ada Marlow wrote\nto all of us.", "Then she left."]


@given(st.text(max_size=200))
def test_stretches_stand_where_they_say(text: str) -> None:
    assert all(text[start : start + len(stretch)] == stretch for start, stretch in prose(text))


def test_a_long_text_comes_in_bounded_stretches() -> None:
    stretches = list(prose("word " * 5000))
    assert max(len(stretch) for _, stretch in stretches) <= 2000
    assert sum(len(stretch) for _, stretch in stretches) >= 5 * 5000 - 1
