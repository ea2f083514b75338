"""What a worksheet is made of: headings of spec 23, and under each one fact a line."""

from __future__ import annotations

from collections.abc import Iterable

from aisecops.model.value import Value
from aisecops.ops.listing import cell


class Part(Value):
    """One heading of the worksheet in its section (`23.1 Agent overview`), with its facts."""

    section: str
    heading: str
    facts: tuple[str, ...]


def part(section: str, heading: str, facts: Iterable[str], *, nothing: str) -> Part:
    """The facts in the order given, each once and in one printable line; `nothing` where there is none."""
    told = tuple(dict.fromkeys(cell(" ".join(fact.split())) for fact in facts))
    return Part(section=section, heading=heading, facts=told or (nothing,))
