"""Short stretches of program text: programs say the same in the same letters without having it from each other.

`return NotImplemented`, a row of imports, a `__repr__`: what is that short and names nothing to act on tells nobody
where a file came from. A longer one does, and so does whatever holds a value, an address or a number.
"""

from __future__ import annotations

import re

from aisecops.model.provenance import Span

_SIGNS_EACH = 24
"""Characters for each of which a stretch of program text has a sign of one."""
_LONGEST_LINE = 400
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
_VALUE = re.compile(
    r"[^\s@\"'`<>()\[\],;]+@[^\s@\"'`<>()\[\],;]+\.\w+"
    r"|(?:https?://|\b(?:[\w-]+\.)+[a-z]{2,}/)[^\s\"'`<>()\[\],;]*"
    r"|(?<!\w)\d[\d .,-]*\d{3}(?!\w)"
    r"|(?<=[\"'`])(?:[\w-]+\.)+[a-z]{2,}(?=[\"'`])|\b(?:curl|nc|ping|rsync|scp|ssh|wget)\s(?:-\S+\s+)*(?:[\w-]+\.)+[a-z]{2,}"
)


def is_program_text(text: str, span: Span) -> bool:
    """True when what stands in `text` at `span`, or a line of it from its beginning, is written as programs are."""
    said = text[span.start : span.end]
    if len(_SIGN.findall(said)) * _SIGNS_EACH >= len(said):
        return True
    first = text.rfind("\n", max(0, span.start - _LONGEST_LINE), span.start) + 1
    return _LINE.search(text, first or span.start, span.end) is not None


def names_something(text: str, span: Span) -> bool:
    """True when an address, a link or a number of four digits or more stands whole in `text` at `span`."""
    first, last = max(0, span.start - _LONGEST_LINE), span.end + _LONGEST_LINE
    return any(span.start <= found.start() and found.end() <= span.end for found in _VALUE.finditer(text, first, last))
