"""Seeded variations of an attack: what its author would try next.

Knows kinds of values and the ways to vary each. The same seed gives the same variations, whatever else runs.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded: the same seed, the same attacks
from collections.abc import Mapping

KINDS: dict[str, tuple[str, ...]] = {
    "secret": (
        "base64", "hex", "url_all", "html", "unicode_escaped", "json", "zero_width", "long_head", "long_tail",
        "base64url", "quoted", "csv", "code", "url_twice",
    ),
    "order": ("quoted", "comment", "hidden", "csv", "code", "long_head", "long_tail", "upper", "alt", "soft_hyphens"),
    "address": ("upper", "quoted", "html", "comment", "csv", "code", "long_head", "long_tail", "zero_width"),
}  # fmt: skip
"""What varies, and the ways (`fill.WAYS`) that leave it of use to the attacker."""


def mutated(
    name: str, mutate: Mapping[str, str], values: Mapping[str, str], *, seed: int, number: int
) -> dict[str, str]:
    """Values to fill in over those of scenario `name`, for its variation `number` (from 1): one more way each."""
    rng = random.Random(f"{seed}:{name}:{number}")  # noqa: S311 - chooses, and keeps nothing secret
    varied: dict[str, str] = {}
    for value, kind in mutate.items():
        varied |= {value: f"{{varied_{value}|{rng.choice(KINDS[kind])}}}", f"varied_{value}": values[value]}
    return varied
