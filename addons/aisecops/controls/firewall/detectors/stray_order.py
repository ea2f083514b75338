"""A sentence that tells its reader to act, in a text that otherwise tells of something: learned, not listed.

The weights are our own, made by `benchmarks/stray_order.py train`, one line for each trait of `sentences.py`; they lie
beside this file as text, to be read in a review. Never enough alone to block. `reasons` says what weighed most.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from importlib.resources import files
from itertools import islice

from aisecops.controls.firewall.sentences import Sentence, places_in, sentences, traits
from aisecops.controls.firewall.sign import MAX_SIGNS, Detector, Passage, Sign

LEAST_TRAITS = 10
"""A sentence of fewer traits is weighed as if it had so many: two words are no evidence."""
_SCALE = 100
BIAS, LINE = "<bias>", "<line>"
"""Names in the weights that no trait has: what stands for nothing seen, and the evidence at which it is an order."""
SAYING = 4
"""A sentence with fewer words of letters is a heading or a greeting."""
_FLAGS, _HINTS = 0.5, 0.3
_HINT = 0.7
"""So far below the line a sentence is a hint, which counts only beside another detector's."""
_STEEP, _MOST = 0.12, 0.8
_TOLD = 3
"""Traits that a sign names."""


def _read() -> dict[str, float]:
    lines = files(__package__).joinpath("stray_order.weights").read_text("utf-8").splitlines()
    pairs = (line.rsplit("\t", 1) for line in lines if "\t" in line)
    return {name: int(weight) / _SCALE for name, weight in pairs}


WEIGHTS = _read()  # part of the program, as this file is: without it nothing starts


def weighed(names: Collection[str], weights: Mapping[str, float]) -> float:
    """The log odds that a sentence with these traits, each named once, is a stray order."""
    known = math.fsum(weights.get(name, 0.0) for name in names)
    return weights[BIAS] + known / math.sqrt(max(len(names), LEAST_TRAITS))


def evidence(sentence: Sentence, weights: Mapping[str, float] = WEIGHTS) -> float:
    """The log odds that the sentence is a stray order, as far as the weights know."""
    return weighed(traits(sentence), weights)


def reasons(sentence: Sentence, weights: Mapping[str, float] = WEIGHTS) -> list[str]:
    """The traits that spoke for an order, the heaviest first."""
    found = [name for name in traits(sentence) if weights.get(name, 0.0) > 0]
    return sorted(found, key=lambda name: (-weights[name], name))


def _told(sentence: Sentence, weights: Mapping[str, float]) -> tuple[str, ...]:
    """The strongest of them that are kinds of words: the others are words of the text, which no record holds."""
    return tuple(islice((name for name in reasons(sentence, weights) if name.startswith("=")), _TOLD))


def may_be_one(sentence: Sentence) -> bool:
    """True when there is enough of it to be an order."""
    return sum(word[0].isalpha() for word in sentence.words) >= SAYING


def detector(weights: Mapping[str, float]) -> Detector:
    """The detector with these weights; a benchmark has others than those that lie here."""

    def find(passage: Passage) -> Iterator[Sign]:
        known: dict[tuple[tuple[str, ...], str], float] = {}  # rows of a table and repetitions are weighed once
        found: list[tuple[float, Sentence]] = []
        for sentence in filter(may_be_one, sentences(passage.text)):
            said = (sentence.words, sentence.place)
            over = known.get(said)
            if over is None:
                over = known[said] = evidence(sentence, weights) - weights[LINE]
            if over >= 0 and sentence.place != "alone":  # one alone may be what a person asks, a title, a line of a log
                found.append((min(_FLAGS + _STEEP * over, _MOST), sentence))
            elif over >= -_HINT:
                found.append((_HINTS, sentence))
        found.sort(key=lambda one: (-one[0], one[1].row.start, one[1].first))
        signs = found[:MAX_SIGNS]
        places = {row: places_in(passage.text, row) for row in {sentence.row for _, sentence in signs}}
        for weight, sentence in signs:
            span = sentence.span_in(places[sentence.row])
            yield Sign(span=span, weight=weight, traits=_told(sentence, weights))

    return Detector(name="stray_order", find=find)


DETECTOR = detector(WEIGHTS)
