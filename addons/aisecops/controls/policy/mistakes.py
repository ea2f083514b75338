"""How a mistake in the rules is said: where it is, what it is, and how to mend it.

Knows the words of a problem and the nearest right word. Which mistakes there are is for the readers.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from aisecops.model.place import Place, Problem

LISTED = 20
SHOWN = 60
"""Characters of foreign text that a problem repeats at most."""


class Mistakes(Exception):
    """One or more problems in one part of the rules; the reader around it collects them and reads on."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


def mistake(place: Place, what: str, mend: str = "") -> Mistakes:
    """A single problem, ready to raise."""
    return Mistakes([Problem(place=place, what=what, mend=mend)])


def shown(text: str) -> str:
    """Foreign text in backticks: one line, no control characters, cut when it is long."""
    cut = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return f"`{''.join(char if char.isprintable() else '·' for char in cut)}`"


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like `word`, or the empty string when none is near."""
    written = {one.lower(): one for one in sorted(known)}
    found = difflib.get_close_matches(word.lower(), list(written), n=1, cutoff=0.6)
    return written[found[0]] if found else ""


def pick(word: str, known: Iterable[str]) -> str:
    """How to mend a wrong `word`: the nearest right one, else all that are allowed."""
    words = list(known)
    near = nearest(word, words)
    if near:
        return f"did you mean `{near}`?"
    if not words:
        return "none is declared yet"
    listed = ", ".join(f"`{one}`" for one in words[:LISTED])
    return f"allowed here: {listed}" if len(words) <= LISTED else f"allowed here, among others: {listed}"
