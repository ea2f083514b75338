"""A sentence that tells its reader to act, in a text that otherwise tells of something: learned, not listed.

The weights are our own, made by `benchmarks/stray_order.py train`, one line for each trait of `sentences.py`; they lie
beside this file as text, to be read in a review. Never enough alone to block. `reasons` says what weighed most.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib.resources import files

from aisecops.controls.firewall.sentences import Sentence, sentences, traits
from aisecops.controls.firewall.sign import MAX_SIGNS, Detector, Passage, Sign
from aisecops.model.provenance import Span

LEAST_TRAITS = 10
"""A sentence of fewer traits is weighed as if it had so many: two words are no evidence."""
_SCALE = 100
_BIAS, _LINE = "<bias>", "<line>"  # names that no trait has
SAYING = 4
"""A sentence with fewer words of letters is a heading or a greeting."""
_FLAGS, _HINTS = 0.5, 0.3
_HINT = 0.7
"""So far below the line a sentence is a hint, which counts only beside another detector's."""
_STEEP, _MOST = 0.12, 0.8


def _read() -> dict[str, float]:
    lines = files(__package__).joinpath("stray_order.weights").read_text("utf-8").splitlines()
    pairs = (line.rsplit("\t", 1) for line in lines if not line.startswith("##"))
    return {name: int(weight) / _SCALE for name, weight in pairs}


_WEIGHTS = _read()  # part of the program, as this file is: without it nothing starts


def evidence(sentence: Sentence) -> float:
    """The log odds that the sentence is a stray order, as far as the weights know."""
    seen = {name for name, _, _ in traits(sentence)}
    return _WEIGHTS[_BIAS] + sum(_WEIGHTS.get(name, 0.0) for name in seen) / math.sqrt(max(len(seen), LEAST_TRAITS))


def reasons(sentence: Sentence, most: int = 5) -> list[tuple[str, float, Span]]:
    """The traits that spoke most for an order: name, weight and place in the text, the heaviest first."""
    found = {}
    for name, start, end in traits(sentence):
        if _WEIGHTS.get(name, 0.0) > 0:
            stretch = sentence.words[start:end] or sentence.words[:1]
            found[name] = (name, _WEIGHTS[name], Span(start=stretch[0].start, end=stretch[-1].end))
    return sorted(found.values(), key=lambda one: (-one[1], one[2].start))[:most]


def may_be_one(sentence: Sentence) -> bool:
    """True when there is enough of it, in a text that has more than it: one sentence alone may be what a person asks."""
    return sentence.place != "alone" and sum(word.said.isalpha() for word in sentence.words) >= SAYING


def _find(passage: Passage) -> Iterator[Sign]:
    line = _WEIGHTS[_LINE]
    weighed: dict[tuple[str, ...], float] = {}  # rows of a table and repetitions are weighed once
    found: list[Sign] = []
    for sentence in filter(may_be_one, sentences(passage.text)):
        said = (sentence.place, *(word.said for word in sentence.words))
        over = weighed.get(said)
        if over is None:
            over = weighed[said] = evidence(sentence) - line
        if over >= 0:
            found.append(Sign(span=sentence.span, weight=min(_FLAGS + _STEEP * over, _MOST)))
        elif over >= -_HINT:
            found.append(Sign(span=sentence.span, weight=_HINTS))
    yield from sorted(found, key=lambda sign: (-sign.weight, sign.span.start))[:MAX_SIGNS]


DETECTOR = Detector(name="stray_order", find=_find)
