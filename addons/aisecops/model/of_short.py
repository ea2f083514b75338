"""What follows from a short text alone, and is asked again and again: names of headers, fields, places, words."""

from __future__ import annotations

from collections.abc import Callable

LONGEST = 256
"""Characters of a text that is kept, where nothing else is said: whoever sends texts decides how long they are."""


class OfShort[V](dict[str, V]):
    """What `work` makes of texts; the short ones are found again without a call, and forgotten when they are `most`.

    What `work` raises is not kept. From any thread: each step on it is one.
    """

    def __init__(self, work: Callable[[str], V], *, most: int, longest: int = LONGEST) -> None:
        self._work = work
        self._most = most
        self._longest = longest

    def __missing__(self, text: str) -> V:
        made = self._work(text)
        if len(text) <= self._longest:
            if len(self) >= self._most:
                self.clear()
            self[text] = made
        return made


def of_short[V](*, most: int, longest: int = LONGEST) -> Callable[[Callable[[str], V]], Callable[[str], V]]:
    """Makes a function of one text keep what it made of short ones."""
    return lambda work: OfShort(work, most=most, longest=longest).__getitem__
