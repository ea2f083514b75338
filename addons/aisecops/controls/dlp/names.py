"""People, places, organisations and groups, by a spaCy model. The only file that imports spaCy.

Import it in worker processes only. The model is the operator's: what it calls a person is one here. It is shown prose
only, and what it said of the last texts is remembered, for each kind asks anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from aisecops.controls.dlp.detector import Sighting
from aisecops.controls.dlp.prose import prose
from aisecops.model.provenance import Span

CONFIDENCE = 0.85
"""What Presidio gives such a finding."""

_LABELS: Mapping[str, str] = {
    "PERSON": "PERSON", "PER": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION",
    "NORP": "NRP", "ORG": "ORGANIZATION",
}  # fmt: skip
_UNUSED = ("parser", "tagger", "attribute_ruler", "lemmatizer", "senter")


class NamesDetector:
    """Looks for one kind with a model that it shares with the others."""

    def __init__(self, entity: str, model: _Model) -> None:
        self.entity = entity
        self.id = f"names.{entity.lower()}"
        self._model = model

    def find(self, text: str) -> Iterator[Sighting]:
        for label, span in self._model.named(text):
            if label == self.entity:
                yield Sighting(span=span, confidence=CONFIDENCE)


def names_detectors(model: str) -> tuple[NamesDetector, ...]:
    """A detector for each kind that `model` (a package or a folder) tells. Raises OSError when it cannot load."""
    loaded = _Model(model)
    return tuple(NamesDetector(entity, loaded) for entity in sorted(set(_LABELS.values())))


class _Model:
    def __init__(self, name: str) -> None:
        import spacy

        self._pipeline: Any = spacy.load(name, exclude=_UNUSED)
        self.named = lru_cache(maxsize=8)(self._named)

    def _named(self, text: str) -> tuple[tuple[str, Span], ...]:
        return tuple(
            (_LABELS[found.label_], Span(start=at + found.start_char, end=at + found.end_char))
            for at, stretch in prose(text)
            for found in self._pipeline(stretch).ents
            if found.label_ in _LABELS
        )
