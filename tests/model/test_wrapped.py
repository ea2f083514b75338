from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.model.inside_bytes import Room, no_file
from aisecops.model.wrapped import goes_on_in_lines, is_wrapped, unwrapped, without_line_ends
from support.dressing import CUT

WORDS = "the words of it, all 12 of them, and Nothing Else"


@pytest.mark.parametrize("way", [name for name in CUT if name.startswith(("base64", "base32")) and "utf" not in name])
def test_what_is_encoded_goes_on_behind_its_marks(way):
    text = f"see the file: {CUT[way](WORDS)}"
    assert is_wrapped(text)
    assert any(WORDS in said for _, _, said in unwrapped(text, Room(len(text)), no_file))


def test_a_file_is_opened_and_a_broken_one_is_none():
    def opener(data: bytes, _room: Room) -> str | None:
        if data.endswith(b"broken"):
            raise WireError("broken")
        return data.decode() if data.startswith(b"PK") else None

    text = CUT["base64 with blanks"]("PK and the words of 1 file")
    assert any("PK and the words" in said for _, _, said in unwrapped(text, Room(999), opener))
    text = CUT["base64 with blanks"]("PK and the words of 1 file broken")
    assert [said for _, _, said in unwrapped(text, Room(999), opener)] != []


def test_a_key_goes_on_in_the_next_line_and_no_number_does():
    text = "the key\n  a1B2c3D4e5F6\n  g7H8i9J0k1\nis old"
    assert goes_on_in_lines(text)
    assert [said for _, _, said in without_line_ends(text, Room(99), no_file)] == ["a1B2c3D4e5F6g7H8i9J0k1"]
    text = "key: >-\n  a1B2c3D4e5F6\n  g7H8i9J0k1\n  abcd\n"
    assert [said for _, _, said in without_line_ends(text, Room(99), no_file)] == ["a1B2c3D4e5F6g7H8i9J0k1abcd"]
    assert not goes_on_in_lines("4012888888\n881881\n4012888888\n881881\n")


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox jumps over the lazy dog near the river.",
        "2024-11-02T10:00:00Z order 2024-1123 ref 998877 total 12.50",
        "def run(self, *args): return self.total_amount + args[0].value",
        "getValue.setName.fooBar.bazQux and other methodNames",
    ],
)
def test_words_logs_and_code_say_nothing_else(text):
    assert [said for _, _, said in unwrapped(text, Room(len(text)), no_file) if said] == []
    assert not goes_on_in_lines(text)


@given(st.text(alphabet="aB1 .\n-+/=", max_size=120))
def test_any_text_gives_stretches_of_itself(text):
    for start, end, said in without_line_ends(text, Room(len(text)), no_file):
        written = iter(text[start:end])
        assert all(one in written for one in said.splitlines()[0])
