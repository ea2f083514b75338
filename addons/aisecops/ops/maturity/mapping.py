"""The eight controls of spec 16, and where other lists speak of the same: read from `controls.json`, the one place.

NIST AI RMF 1.0 by subcategory, the OWASP Top 10 for LLM Applications 2025, and the threats of OWASP's Agentic AI
Threats and Mitigations 1.0. A mapping says what a control is about, not that it is all there is to do.
"""

from __future__ import annotations

import functools
from importlib.resources import files

import msgspec

from aisecops.model.value import Value


class Mapped(Value):
    """One control: its objective and layer, and what it answers elsewhere."""

    objective: str
    layer: str
    nist_ai_rmf: tuple[str, ...]
    owasp_llm_2025: tuple[str, ...]
    owasp_agentic: tuple[str, ...]


@functools.cache
def mapping() -> dict[str, Mapped]:
    """Every control by its id, in the order of spec 16."""
    return msgspec.json.decode(files(__package__).joinpath("controls.json").read_bytes(), type=dict[str, Mapped])
