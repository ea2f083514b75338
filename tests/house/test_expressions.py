"""No expression takes more than its share for a text that somebody else chooses: a letter more costs a letter more.

Python's engine tries every way to match. Where that shows: give nothing back (`*+`, `(?>...)`), say how often something
may repeat, let a match not begin in the midst of a run (a look-behind), or ask RE2.
"""

from __future__ import annotations

import re

import pytest

from support.pumps import Asked, every_expression, is_slow, pumps_of

OF_SHORT_TEXTS = {
    ("adapters.policies.cedar_text", "_TOKEN"): "the operator's own policies",
    ("controls.dlp.seams", "_SAME_TEXT"): "places, which have no more steps than JSON may be deep",
    ("controls.dlp.seams", "_TAGS_BEHIND"): "beginnings and ends of texts: `MAX_PIECE_CHARS`",
    ("controls.firewall.sign", "_WRITTEN"): "our own expressions",
    ("controls.policy.leaves", "CEDAR_FILES"): "names of files in rules",
    ("controls.policy.jmes", "_LITERAL"): "expressions in rules: `LONGEST`",
}
"""Whose cost may grow faster, and why no text that they are asked of is long; this list may only become shorter."""


def slow(asked: Asked) -> tuple[str, str, str] | None:
    """Of what it is slow, where it is: before, again and again, and at the end."""
    return next((pump for pump in pumps_of(asked.pattern) if is_slow(asked, *pump)), None)


@pytest.mark.parametrize("part", range(4))
def test_the_cost_of_an_expression_grows_no_faster_than_the_text(part: int) -> None:
    found = {
        min(one.homes): (one.pattern.pattern, pump)
        for one in every_expression()[part::4]
        if one.homes.isdisjoint(OF_SHORT_TEXTS) and (pump := slow(one))
    }
    assert found == {}


def test_a_name_that_is_let_off_is_of_an_expression() -> None:
    assert OF_SHORT_TEXTS.keys() <= {home for one in every_expression() for home in one.homes}


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:a+)+b",
        r"[ \t]*(?:x|y)",
        r"<a[^>]*>",
        # an import, and a number behind a word, as they once were
        r"(?m)^[ \t]*(?:from[ \t]+[\w.]{1,80}[ \t]+import[ \t]+[\w,. \t]{1,200}|import[ \t]+[\w,. \t]{1,200})[ \t]*$",
        r"(?:\(?\+?[0-9]{1,4}\)?[ ./-]{0,2}){1,6}[0-9]{2,4}(?![\w.:/-]*[0-9])",
    ],
)
def test_a_slow_expression_is_told(pattern: str) -> None:
    assert slow(Asked(re.compile(pattern), frozenset(), frozenset({"search"})))


@pytest.mark.parametrize("pattern", [r"(?<!a)(?:a++)++b", r"(?<![ \t])[ \t]*+(?:x|y)", r"<a[^<>]{0,9}>", r"\d{1,9}-\d"])
def test_a_quick_one_is_not(pattern: str) -> None:
    assert not slow(Asked(re.compile(pattern), frozenset(), frozenset({"search"})))
