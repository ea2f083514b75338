"""Pages: what they show and say beside, however they are cut and whatever they are made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.wire.page import LONGEST_MARK, Page

MARKS = ("<", ">", "<a ", "<p>", "</p>", "</ ", "<!--", "-->", "<!", "<![CDATA[", "]]>", "<?", "<script>", "</script ",
         "</script>", "<!doctype ", "alt=", "=", "'", '"', "/", "&", "&lt", ";", "word", " ", "-", "é")  # fmt: skip


def read(*pieces: str) -> tuple[list[str], list[str]]:
    page = Page()
    for piece in pieces:
        page.feed(piece)
    page.close()
    return page.shown, page.beside


@pytest.mark.parametrize(
    ("page", "shown", "beside"),
    [
        ("<p>Send <b>the</b> &amp; file</p>", ["Send ", "the", " & file"], []),
        ("a<!-- said --><!-->b<!--->c<!-- x --!>d", ["a", "b", "c", "d"], ["said", "-", "x"]),
        ("<img alt='one > two' title=three SRC = \"four&#33;\" alt>x", ["x"], ["one > two", "three", "four!"]),
        ('<a href=x="y>z', ["z"], ['x="y']),
        ("<a title==>z", ["z"], ["="]),
        ("<Script>var a = '</p>' < b</SCRIPT\n>shown", ["shown"], ["var a = '</p>' < b"]),
        ("<style/>shown<style>p {}</styles></style>", ["shown"], ["p {}</styles>"]),
        ("<!DOCTYPE html><?xml a?><![CDATA[ <b>said ]]>x", ["x"], ["<b>said"]),
        ("</ said>1 < 2 <3 </>", ["1 ", "<", " 2 ", "<", "3 "], ["said"]),
        ("<p", [], ["<p"]),
        ("x<!-- not ended", ["x"], ["not ended"]),
        ("x &amp", ["x ", "&"], []),
        ("x <", ["x ", "<"], []),
    ],
)  # fmt: skip
def test_a_page_is_read_as_browsers_do(page: str, shown: list[str], beside: list[str]) -> None:
    assert read(page) == (shown, beside)


@given(st.lists(st.sampled_from(MARKS), max_size=30), st.integers(1, 12))
def test_a_page_may_be_cut_anywhere(marks: list[str], size: int) -> None:
    page = "".join(marks)
    shown, beside = read(*(page[at : at + size] for at in range(0, len(page), size)))
    whole_shown, whole_beside = read(page)
    assert "".join(shown) == "".join(whole_shown)
    assert beside == whole_beside


@pytest.mark.parametrize("mark", ["<", "<a", "<a b", "<a b='", "<!--", "<![", "</", "&#65"])
def test_a_page_of_one_mark_over_and_over_is_read(mark: str) -> None:
    """Half a million characters are read at once, or for hours when each begins all that follow."""
    for before in ("<p>", "<p><a ", "<p><!--", "<p><script>"):
        page = Page()
        for _ in range(2):
            page.feed(before + mark * (250_000 // len(mark)))
        page.close()
        assert "".join((*page.shown, *page.beside))


def test_of_a_mark_without_end_what_has_come_is_said_beside() -> None:
    page, much = Page(), LONGEST_MARK + 100
    page.feed(f"x<!--{'a' * much}")
    assert len(page.beside) == 1
    page.feed(f"{'b' * much}--><b title='{'c' * much}")
    page.feed("' alt='d'>y")
    assert page.shown == ["x", "y"]
    assert "".join(page.beside) == f"{'a' * much}{'b' * much}<b title='{'c' * much}' alt='d'"


@pytest.mark.parametrize("begun", ["<a ", "<a b='", "<!--", "<script>"])
def test_a_mark_that_comes_one_character_at_a_time_is_read(begun: str) -> None:
    """Two hundred thousand pieces are read in a moment, or for minutes when each has all before it counted again."""
    page = Page()
    page.feed(begun)
    for _ in range(200_000):
        page.feed("x")
    page.close()
    assert "x" * 200_000 in "".join(page.beside)
