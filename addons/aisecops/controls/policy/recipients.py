"""Whom a request reaches, by the places that its rule names (spec 3.4).

Knows how recipients are written: alone, in a list, several in one text. Counts them, and judges nothing. An address
that stands for many, such as a mailing list, is one here: who is behind it is known to its server alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from aisecops.controls.policy.jmes import JmesError, found_in
from aisecops.controls.policy.template import Filling, filled, is_template
from aisecops.model.budget import MOST_RECIPIENTS
from aisecops.model.errors import WireError
from aisecops.model.rules import RecipientsRule

MOST_KEPT = MOST_RECIPIENTS + 1
"""Of one request so many different ones are told apart: one more than any budget may allow."""
_BETWEEN = re.compile(r"[,;\n]")
_ADDRESS = re.compile(r"(?<![^\s,;<>\"'()\[\]])[^\s,;<>\"'()\[\]]+@[^\s,;<>\"'()\[\]]+")


def recipients_of(rule: RecipientsRule, filling: Filling) -> tuple[str, ...]:
    """The different recipients in the order in which they stand, in one spelling each; empty when nobody is there.

    Of more than `MOST_KEPT` so many.
    """
    found: dict[str, None] = {}
    for place in rule.at:
        for text in _texts(_at(place, filling)):
            for one in _named(text):
                found[one] = None
                if len(found) == MOST_KEPT:
                    return tuple(found)
    return tuple(found)


def _at(place: str, filling: Filling) -> Any:
    try:
        return filled(place, filling) if is_template(place) else found_in(place, filling.body)
    except (JmesError, WireError):
        return None


def _texts(value: Any) -> Iterator[str]:
    """Every text and number in `value`; of an object each of its values may be one."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list | tuple):
            waiting += reversed(one)
        elif isinstance(one, dict):
            waiting += reversed(one.values())
        elif isinstance(one, str):
            yield one
        elif isinstance(one, int) and not isinstance(one, bool):
            yield str(one)


def _named(text: str) -> Iterator[str]:
    """The recipients in one text. With an `@` in it they are addresses, whatever stands between and around them."""
    parts = _ADDRESS.findall(text) or _BETWEEN.split(text)
    for part in parts:
        if plain := unicodedata.normalize("NFKC", part).casefold().strip():
            yield plain
