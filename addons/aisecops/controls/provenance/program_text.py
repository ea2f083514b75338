"""Short stretches of program text: programs say the same in the same letters without having it from each other.

`return NotImplemented`, a row of imports, a `__repr__`: what is that short and names nothing to act on tells nobody
where a file came from. A longer one does, and so does whatever holds a value, an address or a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aisecops.model.provenance import Span

_SIGNS_EACH = 24
"""Characters for each of which a stretch of program text has a sign of one."""
_LONGEST_LINE = 400
_LONGEST_STRETCH = 2_000
_SIGN = re.compile(
    r"\w[(\[]|\)[:;.\[(]|[=!:+<>-]=|[-=]>|::|&&|\|\||\w ?= ?[\w\"'\[{(-]|\"[\w-]+\" ?:|[;{}]\s|\w_\w|\b_|\b[A-Z]{2,}_"
    r"|[a-z0-9][A-Z]|[a-z]\.[a-z_]|\w: \w+(?: \|| =|,\s|\))"
)
_LINE = re.compile(
    r"^[ \t]*(?:from\s+[\w.]+\s+import\b|import\s+[\w., ]+$|(?:async\s+)?(?:def|class)\s+\w+|return\s+[\w.]+[^\w\s]"
    r"|raise\s+\w+[(\n]|except\b.*:|try:|else:|(?:elif|if|for|while|with)\b.*:\s*$|@[\w.]+|#\s*(?:include|define)\b"
    r"|[A-Z]\w+-[A-Z][\w-]+: |(?:const|let|var|function|export|public|private|static)\s+\w+)",
    re.MULTILINE,
)
_VALUE = re.compile(  # each begins where a word does and takes no letter back, so that no text makes it dear
    r"(?<![^\s@\"'`<>()\[\],;])[^\s@\"'`<>()\[\],;]++@[^\s@\"'`<>()\[\],;]+\.\w+"
    r"|(?:https?://|(?<![\w.-])\.*+(?:[\w-]++\.++)+(?<=\.)[a-z]{2,}+/)[^\s\"'`<>()\[\],;]*"
    r"|(?<!\w)\d[\d .,-]{0,40}\d{3}(?!\w)"
    r"|(?<=[\"'`])(?:[\w-]++\.)+[a-z]{2,}(?=[\"'`])"
    r"|\b(?:curl|nc|ping|rsync|scp|ssh|wget)\s(?:-\S{1,60}\s{1,8}){0,8}(?:[\w-]++\.)+[a-z]{2,}"
)


def is_program_text(text: str, span: Span) -> bool:
    """True when what stands in `text` at `span`, or a line of it from its beginning, is written as programs are."""
    signs, size = 0, span.end - span.start
    for at in range(span.start, span.end, _LONGEST_STRETCH):  # in pieces: a look at all would hold other threads up
        signs += len(_SIGN.findall(text, at, min(span.end, at + _LONGEST_STRETCH)))
        if signs * _SIGNS_EACH >= size:
            return True
    first = text.rfind("\n", max(0, span.start - _LONGEST_LINE), span.start) + 1
    return _LINE.search(text, first or span.start, span.end) is not None


def named(text: str, span: Span) -> Iterator[Span]:
    """Where an address, a link or a number of four digits or more stands whole in `text` at `span`.

    A stretch of few letters over more than `_LONGEST_STRETCH` characters is not looked through: all of it may be one.
    """
    if span.end - span.start > _LONGEST_STRETCH:
        yield span
        return
    first, last = max(0, span.start - _LONGEST_LINE), span.end + _LONGEST_LINE
    for found in _VALUE.finditer(text, first, last):
        if span.start <= found.start() and found.end() <= span.end:
            yield Span(start=found.start(), end=found.end())
