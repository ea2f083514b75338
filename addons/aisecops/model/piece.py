"""What one text that leaves may be a part of a value with: its beginning and its end."""

from __future__ import annotations

from aisecops.model.value import Value

MAX_PIECE_CHARS = 192
"""Characters of a beginning, and of an end; of a value that is cut, more than that is a value of its own."""


class Piece(Value, gc=False):
    """A text at `place` (a place without its positions); `tail` is empty where `head` is all of it."""

    place: str
    head: str
    tail: str = ""

    def __repr__(self) -> str:
        return f"Piece(place={self.place!r})"  # content does not belong into a log

    def stripped(self, marks: str) -> Piece:
        """The same without `marks` around a text that is all of it."""
        head = self.head.strip(marks)
        return self if self.tail or head == self.head else Piece(place=self.place, head=head)

    @property
    def end(self) -> str:
        """The last characters."""
        return self.tail or self.head


def piece_of(place: str, text: str) -> Piece:
    """`text` as it is kept."""
    if len(text) <= MAX_PIECE_CHARS:
        return Piece(place=place, head=text)
    return Piece(place=place, head=text[:MAX_PIECE_CHARS], tail=text[-MAX_PIECE_CHARS:])
