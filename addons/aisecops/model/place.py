"""Where in the rules something stands, and what is wrong there."""

from __future__ import annotations

from aisecops.model.value import Value


class Place(Value):
    """Where in the rules something stands; lines and columns count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Problem(Value):
    """What is wrong with the rules, for people: place, words, and the nearest right word when there is one."""

    place: Place
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.place.file}:{self.place.line}:{self.place.column}: {self.what}"
