from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.inside_bytes import Room, no_file
from aisecops.model.spelled import spelled, spells
from support.dressing import CUT, SPELLED

WORDS = "take the 4012 words"
IN_NUMBERS = {name: SPELLED[name] for name in ("codes", "codes in octal", "bits", "code points", "calls", "arguments")}
IN_NUMBERS |= {name: CUT[name] for name in ("hex dump", "uuencoded", "ascii85")}


def told(text: str) -> list[str]:
    return [word for _, _, word in spelled(text, Room(len(text)), no_file) if word]


@pytest.mark.parametrize("way", IN_NUMBERS)
def test_what_is_spelled_is_read(way):
    text = f"see\n{IN_NUMBERS[way](WORDS)}\nnow"
    assert spells(text)
    assert WORDS in told(text)


def test_a_narrow_dump_beside_its_letters_is_read():
    lines = [WORDS[at : at + 4] for at in range(0, len(WORDS), 4)]
    text = "".join(f"{4 * n:04x}: {line.encode().hex(' ')}  |{line}|\n" for n, line in enumerate(lines))
    assert spells(text)
    assert WORDS in told(text)


def test_the_shortest_row_is_read():
    text = f"bytes([{', '.join(str(ord(letter)) for letter in 'take the')}])"
    assert spells(text)
    assert "take the" in told(text)


@pytest.mark.parametrize("call", ["chr", "CHR", "cHr", "ChrW", "CHRB", "char"])
def test_a_call_is_read_however_it_is_written(call):
    text = " & ".join(f"{call}({ord(letter)})" for letter in WORDS)
    assert spells(text)
    assert WORDS in told(text)


@pytest.mark.parametrize(
    "text",
    [
        "humidity: 50 51 52 51 50 49 50 51 52 53 54 53",  # numbers near fifty are digits by chance
        "10 11 12 13 14 15 16 17 18 19 20 21 22",
        "rows 1, 2, 3 and 4 of 2024-11-02",
        "<~ not an encoding ~> begin 644 x",
        "call 020 7946 0018 or 030 123456",
    ],
)
def test_numbers_of_other_kinds_spell_nothing(text):
    assert told(text) == []


@given(st.text(alphabet="0123456789abcdefU+ ,;:()chrCode<~>\n`begin", max_size=200))
def test_what_does_not_tell_spells_nothing(text):
    if not spells(text):
        assert told(text) == []
