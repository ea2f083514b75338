"""What an operator's rules ask to be looked for beyond the kinds we know.

Exact values, each as a keyed fingerprint, kinds that the rules describe, and with which spaCy model names are told
(empty: none is there, or no rule asks).
"""

from __future__ import annotations

from aisecops.model.recogniser import RecogniserRule
from aisecops.model.value import Value


class Planted(Value):
    """An exact value, of which only this is kept.

    `length` counts characters; `beginning` is a keyed hash of the first eight (32 bits, to find where the value may
    begin), `digest` one of the whole (16 bytes).
    """

    entity: str
    length: int
    beginning: int
    digest: bytes


class Watchlist(Value):
    """Everything of the kind at once, as scanning workers hold it."""

    planted: tuple[Planted, ...] = ()
    recognisers: tuple[RecogniserRule, ...] = ()
    names_model: str = ""
