"""One field of a form as it reads, and where in the body each of its characters is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aisecops.model.provenance import Span


@dataclass(frozen=True, slots=True)
class FieldText:
    """The text at `where`; `starts` are the bytes at which its characters begin, and at last the one behind them.

    `escaped`: it is written as a URL writes it.
    """

    where: str
    text: str
    starts: Sequence[int]
    escaped: bool

    def place(self, span: Span) -> Span:
        """Where in the body `span` of the text is written, in bytes."""
        return Span(start=self.starts[span.start], end=self.starts[span.end])
