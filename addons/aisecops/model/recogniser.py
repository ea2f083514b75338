"""A kind that an operator describes in the rules, in the format of Presidio's own recognisers."""

from __future__ import annotations

from aisecops.model.value import Value

FLAGS = "(?ims)"
"""How expressions are read, as with Presidio: case ignored, `^` at each line, `.` for line breaks too."""


class RecogniserPattern(Value):
    """One expression and how sure a match of it is, 0 to 1, before any word nearby is looked at."""

    regex: str
    score: float
    name: str = ""


class RecogniserRule(Value):
    """What to look for and call `entity`: expressions, whole words, and words before a match that make it surer."""

    name: str
    entity: str
    patterns: tuple[RecogniserPattern, ...] = ()
    deny_list: tuple[str, ...] = ()
    deny_list_score: float = 1.0
    context: tuple[str, ...] = ()
