"""The names things go by. All are text outside; here each has a type of its own."""

from __future__ import annotations

import re
from typing import NewType

RunId = NewType("RunId", str)
"""One task of one agent: `run_` and a ULID."""

AgentId = NewType("AgentId", str)
"""An agent as the rules name it."""

DecisionId = NewType("DecisionId", str)
"""One decision: `dec_` and a ULID."""

ApprovalId = NewType("ApprovalId", str)
"""One question to a person: `apr_` and a ULID."""

TokenId = NewType("TokenId", str)
"""A capability token's `jti`: `cap_` and a ULID."""

RUN_PREFIX = "run_"

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, in which ULIDs are written: no I, L, O, U."""

_TIMED = re.compile(rf"[a-z]+_([{ALPHABET}]{{10}})[{ALPHABET}]{{16}}")


def made_ms(name: str) -> int | None:
    """When a name with a ULID was made, by the clock of whoever made it; None for any other name."""
    found = _TIMED.fullmatch(name)
    if found is None:
        return None
    number = 0
    for char in found[1]:
        number = number * len(ALPHABET) + ALPHABET.index(char)
    return number
