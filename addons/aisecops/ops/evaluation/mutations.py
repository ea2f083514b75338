"""Seeded variations of an attack: what its author would try next.

Knows kinds of values and the ways to vary each. The same seed gives the same variations, whatever else runs.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded: the same seed, the same attacks
from collections.abc import Mapping

from aisecops.model.value import Value
from aisecops.ops.evaluation.cuts import CUTS, OPEN, cut, halves
from aisecops.ops.evaluation.fill import names_in
from aisecops.ops.evaluation.languages import LANGUAGES
from aisecops.ops.evaluation.scenario import Scenario, Step

KINDS: dict[str, tuple[str, ...]] = {
    "secret": (
        "base64", "hex", "url_all", "html", "unicode_escaped", "json", "zero_width", "long_head", "long_tail",
        "base64url", "quoted", "csv", "code", "url_twice",
    ),
    "order": ("quoted", "comment", "hidden", "csv", "code", "long_head", "long_tail", "upper", "alt", "soft_hyphens"),
    "address": ("upper", "quoted", "html", "comment", "csv", "code", "long_head", "long_tail", "zero_width"),
}  # fmt: skip
"""What varies, and the ways (`fill.WAYS`) that leave it of use to the attacker."""

_PLACES = ("quoted", "comment", "hidden", "csv", "long_head", "long_tail")


class Variation(Value):
    """What is filled in over a scenario's values, its steps, and in a word how they differ from those as written.

    `open` says why it is known not always to be stopped.
    """

    values: dict[str, str]
    steps: tuple[Step, ...]
    how: str
    open: str = ""


def mutated(scenario: Scenario, values: Mapping[str, str], *, seed: int, number: int) -> Variation:
    """Variation `number` (from 1): a way of writing; of a secret perhaps a cut; of an order perhaps a language."""
    rng = random.Random(f"{seed}:{scenario.name}:{number}")  # noqa: S311 - chooses, and keeps nothing secret
    varied: dict[str, str] = {}
    steps, said = scenario.steps, []
    for value, kind in scenario.mutate.items():
        pieces = _pieces(scenario, value, values) if kind == "secret" and rng.random() < _OTHERWISE else None
        if pieces is not None:
            how = rng.choice(sorted(CUTS))
            steps, varied = cut(steps, value, how), varied | pieces
        elif kind == "order" and rng.random() < _OTHERWISE and (whom := _whom(value, values)):
            how, way = rng.choice(sorted(LANGUAGES)), rng.choice(_PLACES)
            order = LANGUAGES[how].replace("{whom}", f"{{{whom}}}")
            varied |= {value: f"{{varied_{value}|{way}}}", f"varied_{value}": order}
            how = f"{how}, {way}"
        else:
            how = rng.choice(KINDS[kind])
            varied |= {value: f"{{varied_{value}|{how}}}", f"varied_{value}": values[value]}
        said.append(how)
    return Variation(values=varied, steps=steps, how="; ".join(said), open="".join(OPEN.get(how, "") for how in said))


_OTHERWISE = 0.5
"""How often it is something else than another way of writing, where it can be."""


def _pieces(scenario: Scenario, value: str, values: Mapping[str, str]) -> dict[str, str] | None:
    """The two pieces, where what must not be seen stands in the value as it is."""
    secrets = [name for text in scenario.must.unseen for name, ways in names_in(text) if not ways]
    return next((found for name in secrets if (found := halves(value, values[value], name))), None)


def _whom(value: str, values: Mapping[str, str]) -> str:
    """Who is named by `value` or whatever goes into it: the attacker, or their account."""
    found, left = {value}, [value]
    while left:
        inner = {name for name, _ in names_in(values.get(left.pop(), ""))} - found
        found |= inner
        left += inner
    return next((name for name in ("attacker", "account") if name in found), "")
