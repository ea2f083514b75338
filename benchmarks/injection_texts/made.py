# ruff: noqa: TID251 - made from a seed, so that everybody makes the same
"""Texts made of the lists beside this file: orders in dresses, in many languages, inside what carries them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from injection_texts.carriers import CARRIERS
from injection_texts.frames import FRAMES
from injection_texts.harmless import HARMLESS
from injection_texts.slots import filled
from injection_texts.styles import FIXED, STYLES
from injection_texts.tasks import TASKS
from injection_texts.tongues import TONGUES
from injection_texts.tongues_of_tools import TOOLS

_PLAIN = ("bare", "reason", "addressed", "role")  # dresses of an order that is about orders itself


@dataclass(frozen=True, slots=True)
class Made:
    """A text, whether what was put into it is an order, of which kind, and where it stands in the text."""

    text: str
    order: bool
    kind: str
    start: int
    end: int


def orders(pick: random.Random, count: int, without: frozenset[str] = frozenset()) -> Iterator[Made]:
    """`count` English orders of every kind and dress, except those named in `without`, each in a carrier."""
    kinds = [kind for kind in TASKS if kind not in without]
    dresses = [dress for dress in FRAMES if dress not in without]
    for _ in range(count):
        kind = pick.choice(kinds)
        task = pick.choice(TASKS[kind])
        dress = pick.choice(dresses if kind != "rules" else [one for one in _PLAIN if one in dresses])
        frame = pick.choice(FRAMES[dress]).replace("{{", "{").replace("}}", "}")
        said = frame.replace("{task}", task).replace("{Task}", task[0].upper() + task[1:])
        yield _carried(filled(said, pick), pick, kind, order=True)


def tongues(pick: random.Random, times: int, without: frozenset[str] = frozenset()) -> Iterator[Made]:
    """Orders and harmless sentences in the other languages, each `times` times with new names in it."""
    for tongue, (attacks, harmless) in (*TONGUES.items(), *TOOLS.items()):
        for said in (*attacks, *harmless) * times if tongue not in without else ():
            yield _carried(filled(said, pick), pick, tongue, order=said in attacks)


def harmless(pick: random.Random, times: int, without: frozenset[str] = frozenset()) -> Iterator[Made]:
    """What asks, tells and warns and harms nobody."""
    for kind, sayings in HARMLESS.items():
        for said in sayings * times if kind not in without else ():
            yield _carried(filled(said, pick), pick, kind, order=False)


def styled(pick: random.Random, times: int, kinds: frozenset[str]) -> Iterator[Made]:
    """Orders of `kinds` in each way of `STYLES`, `times` times; and the oldest order in every language."""
    for style, dresses in STYLES.items():
        for dress in dresses * times:
            task = filled(pick.choice(TASKS[pick.choice(sorted(kinds))]), pick)
            yield _carried(dress(f"{task[0].upper()}{task[1:]}."), pick, style, order=True)
    for said in [*FIXED.values()] * times:
        yield _carried(filled(said, pick), pick, "fixed phrase, many languages", order=True)


def _carried(said: str, pick: random.Random, kind: str, *, order: bool) -> Made:
    carrier = pick.choice(CARRIERS[pick.choice(list(CARRIERS))]).replace("{{", "{").replace("}}", "}")
    before, _, behind = filled(carrier, pick).partition("{body}")
    return Made(f"{before}{said}{behind}", order, kind, len(before), len(before) + len(said))
