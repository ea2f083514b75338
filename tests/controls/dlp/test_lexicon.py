from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.controls.dlp.lexicon import Lexicon

KNOWN = {"Jane Miller": "Ann Smith", "Jane": "Ann", "k7x@mail.example": 'a"b@c.de', "\u738b\u5c0f": "Li"}
LEXICON = Lexicon(KNOWN, any_case=True)


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("Jane Miller, and Jane.", "Ann Smith, and Ann."),
        ("JANE MILLER", "Ann Smith"),
        ("_Jane_ **Jane** (Jane)", "_Ann_ **Ann** (Ann)"),
        ("Janet, xJane, Jane2", "Janet, xJane, Jane2"),
        ("mailto:k7x@mail.example?", 'mailto:a"b@c.de?'),
        ("\u4f60\u597dJane\u5148\u751f \u738b\u5c0f\u660e", "\u4f60\u597dAnn\u5148\u751f Li\u660e"),
        ("nobody", "nobody"),
    ],
)
def test_what_is_known_is_replaced_where_it_stands_as_a_word(text: str, replaced: str) -> None:
    assert LEXICON.replaced(text) == replaced


def test_case_counts_where_it_must() -> None:
    assert Lexicon({"May": "X"}, any_case=False).replaced("May I? You may, MAY") == "X I? You may, MAY"


def test_a_text_is_written_as_it_must_be_there() -> None:
    assert LEXICON.replaced("k7x@mail.example", written=lambda text: text.replace('"', '\\"')) == 'a\\"b@c.de'


def test_what_went_before_decides_whether_a_word_begins() -> None:
    assert LEXICON.replaced("Jane", before="x") == "Jane"
    assert LEXICON.replaced("Jane", before=" ") == "Ann"


@pytest.mark.parametrize(
    ("text", "held"),
    [("see Jan", 3), ("see Jane Mill", 9), ("see Jane", 4), ("see k", 1), ("see Janx", 0), ("knows ", 0), ("xJan", 0)],
)
def test_only_what_may_be_a_beginning_is_held_back(text: str, held: int) -> None:
    assert LEXICON.beginning(text) == held


def test_an_empty_one_finds_nothing() -> None:
    empty = Lexicon({}, any_case=True)
    assert (len(empty), empty.replaced("Jane"), empty.beginning("Jane")) == (0, "Jane", 0)


@settings(max_examples=60)
@given(st.lists(st.sampled_from([*KNOWN, "Janet", " ", ", ", "Mil", "J", "k7", "@", "\u738b"]), max_size=8), st.data())
def test_a_text_in_pieces_comes_out_as_the_whole_does(words: list[str], data: st.DataObject) -> None:
    text = "".join(words)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    out, held, before = "", "", ""
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        piece = held + text[start:end]
        back = LEXICON.beginning(piece, before=before)
        goes, held = piece[: len(piece) - back], piece[len(piece) - back :]
        out += LEXICON.replaced(goes, before=before)
        before = goes[-1:] or before
    assert out + LEXICON.replaced(held, before=before) == LEXICON.replaced(text)
