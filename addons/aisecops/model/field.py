"""Fields as rules name them, and the places of findings that they cover.

A field is a JSON pointer into the body in which `*` is any one step (`/messages/*/content`), a JMESPath that only goes
down (`messages[].content`), or another place as findings say it (`header:x-note`, `query:q`, `form:note`).
"""

from __future__ import annotations

import re
from functools import lru_cache

_BODY = "body:"
_ELSEWHERE = re.compile(r"(?:header|query|path|form|upload|key|cookie):\S{1,200}")
_POINTER = re.compile(r"(?:/[^/\s]{1,100}){1,32}")
_NAME = r"(?:[A-Za-z_][A-Za-z0-9_]{0,99}|\"[^\"\\]{1,100}\")"
_DOWNWARDS = re.compile(rf"{_NAME}(?:\.{_NAME}|\.\*|\[(?:\*|[0-9]{{1,6}})?\])*")
_STEP = re.compile(r"\.?(?:\"([^\"\\]+)\"|([A-Za-z_][A-Za-z0-9_]*|\*)|\[(\*|[0-9]+)?\])")
_ANY = "*"


@lru_cache(maxsize=1024)
def read_field(text: str) -> str:
    """`text` as the place that findings would say, `*` for any one step. Raises ValueError with the mend."""
    if _ELSEWHERE.fullmatch(text):
        return text
    if _POINTER.fullmatch(text):
        return _BODY + text
    if _DOWNWARDS.fullmatch(text):
        steps = (quoted or plain or index or _ANY for quoted, plain, index in _STEP.findall(text))
        return _BODY + "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
    raise ValueError(
        "write a JSON pointer with `*` for any step (`/messages/*/content`), a path (`messages[].content`), "
        "or a place such as `header:x-note`"
    )


def covers_field(field: str, where: str) -> bool:
    """True when a finding at `where` stands in `field`."""
    wanted, there = read_field(field).split("/"), where.split("/")
    return len(wanted) == len(there) and all(want in {_ANY, step} for want, step in zip(wanted, there, strict=True))
