"""Which stretches of a text are prose: sentences and names, not code, tables, links or rows of numbers.

A language model calls thousands of identifiers organisations; it is shown prose only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_LINE = re.compile(r"[^\n]+")
_CODE = re.compile(
    r"[{}<>=;\\|`^~]|\(\)|::|->|://|[a-z][A-Z]|_[a-z]|[a-z]\.[a-z]|\b(?:def|import|return|function|const|var)\b"
)
_CODE_PER_WORD = 0.15
_LETTERS = 0.6
_LONGEST = 2000
"""Characters of one stretch: a sentence is shorter, and cost grows with length."""


def prose(text: str) -> Iterator[tuple[int, str]]:
    """The stretches of `text` that are prose, each with where it begins; neighbouring lines are one stretch."""
    begin, end = 0, -1
    for line in _LINE.finditer(text):
        if not _is_prose(line[0]):
            continue
        for start in range(line.start(), line.end(), _LONGEST):
            stop = min(start + _LONGEST, line.end())
            if end >= 0 and start - end <= 1 and stop - begin <= _LONGEST:
                end = stop
                continue
            if end >= 0:
                yield begin, text[begin:end]
            begin, end = start, stop
    if end >= 0:
        yield begin, text[begin:end]


def _is_prose(line: str) -> bool:
    words = line.split()
    letters = sum(map(str.isalpha, line))
    if not words or letters < _LETTERS * sum(map(len, words)):
        return False
    return len(_CODE.findall(line)) <= _CODE_PER_WORD * len(words)
