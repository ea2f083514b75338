"""A spaCy model that knows three names: a real pipeline on disk, made without weights."""

from __future__ import annotations

from pathlib import Path

import spacy

NAMES = {"PERSON": "Ada Marlow", "GPE": "Port Ellis", "ORG": "Heron Works"}


def small_model(folder: Path) -> str:
    """Where it was put."""
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": label, "pattern": name} for label, name in NAMES.items()])  # type: ignore[attr-defined]
    pipeline.to_disk(folder / "model")
    return str(folder / "model")
