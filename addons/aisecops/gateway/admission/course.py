"""How far one request has come on its way in (`admit.py`)."""

from __future__ import annotations

from dataclasses import dataclass

from aisecops.model.decision import Judgment
from aisecops.model.facts import TokenFacts
from aisecops.model.ids import DecisionId
from aisecops.model.state import Approval


@dataclass
class Course:
    """How far one request has come: what was waited for, what it has used up, and may it still go on a guess?

    `must_ask`: what it rests on is not enough, and must be asked for.
    """

    decision_id: DecisionId
    approval: Approval | None
    stray: tuple[Judgment, ...] = ()
    counted: bool = False
    waited: bool = False
    may_guess: bool = True
    must_ask: bool = False
    spent: TokenFacts | None = None
