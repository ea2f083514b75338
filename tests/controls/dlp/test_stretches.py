from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.dlp.stretches import OVERLAP, PIECE, around, pieces
from support.samples import Random

DIGITS = re.compile("[0-9]+")


def test_pieces_overlap_and_cover_the_text() -> None:
    text = "".join(Random(1).choices("abc ", k=3 * PIECE + 17))
    cut = list(pieces(text))
    assert all(text[start : start + len(piece)] == piece for start, piece in cut)
    assert all(a + len(piece) - b == OVERLAP for (a, piece), (b, _) in pairwise(cut))
    assert cut[-1][0] + len(cut[-1][1]) == len(text)


@given(st.text(alphabet="a 1@", max_size=300), st.integers(min_value=0, max_value=20))
def test_whatever_holds_the_anchor_and_little_around_it_stands_whole_in_a_stretch(text: str, reach: int) -> None:
    stretches = list(around(DIGITS, reach, text))
    assert all(text[start : start + len(stretch)] == stretch for start, stretch in stretches)
    for match in DIGITS.finditer(text):
        first, last = max(0, match.start() - reach), min(len(text), match.end() + reach)
        assert any(start <= first and last <= start + len(stretch) for start, stretch in stretches)


def test_where_no_anchor_is_nothing_is_looked_at_and_long_stretches_come_in_pieces() -> None:
    assert list(around(DIGITS, 5, "no number here" * 1000)) == []
    assert [len(stretch) for _, stretch in around(DIGITS, 5, "1" * (PIECE + 1))] == [PIECE, OVERLAP + 1]
    assert list(around(DIGITS, 2, "abcd1efgh")) == [(2, "cd1ef")]
