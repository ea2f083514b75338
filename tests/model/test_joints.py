from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.inside_bytes import Room, no_file
from aisecops.model.joints import is_in_pieces, put_together
from support.dressing import PIECES, SPELLED


def told(text: str) -> list[str]:
    return [said for _, _, said in put_together(text, Room(len(text)), no_file)]


@pytest.mark.parametrize("way", PIECES)
def test_two_pieces_are_one_word(way):
    text = f"see {PIECES[way]('abcd1234efgh5678')} now"
    assert is_in_pieces(text)
    assert any("abcd1234efgh5678" in said for said in told(text))


def test_entities_that_are_declared_are_put_in():
    assert "abcd1234efgh5678" in "".join(told(SPELLED["declared entities"]("abcd1234efgh5678")))


def test_an_entity_of_entities_ends():
    declared = "".join(f'<!ENTITY e{n} "{f"&e{n + 1};" * 9}">' for n in range(9))
    assert len("".join(told(f"<!DOCTYPE a [{declared}]><a>&e0;</a>"))) < 10_000


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "4012", "b": "8888"}',
        "<tr><td>4012</td><td>8888</td></tr>",
        "'one', 'two'",
        "it isn't the dog's",
        "<p>one</p><p>two</p>",
        '"id","number"\n"4012","8888"',
    ],
)
def test_fields_cells_and_words_stay_apart(text):
    assert told(text) == []


@given(st.text(alphabet="ab<>/*'\"\\\n +!-[]CDATA&;", max_size=120))
def test_what_does_not_tell_is_not_put_together(text):
    if not is_in_pieces(text):
        assert told(text) == []
