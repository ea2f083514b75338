"""What is on its way: every forwarded step until its answer came or it is known that none will."""

from __future__ import annotations

from aisecops.controls.dlp.lexicon import Lexicon
from aisecops.gateway.step.classify import Step
from aisecops.gateway.step.judge import Judged
from aisecops.gateway.watch import StreamWatch
from aisecops.model.facts import Facts
from aisecops.model.ids import DecisionId
from aisecops.model.value import Value


class Permit(Value):
    """One forwarded step: what was decided, on what facts; `restores` is what of its answer stands for real values.

    `join_within_ms`: whose words its answer holds, of so long ago at most, joins chains; None where nothing does.
    `in_proportion`: what it brings is held against what the run sends later.
    """

    decision_id: DecisionId
    facts: Facts
    judged: Judged
    step: Step
    started_ms: int
    policy_version: str
    restores: Lexicon | None = None
    join_within_ms: int | None = None
    in_proportion: bool = False


class Permits:
    """Open permits by name. Each can be taken once; a permit lost with its process stays charged."""

    def __init__(self) -> None:
        self._open: dict[str, Permit] = {}
        self._streams: dict[str, StreamWatch] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, permit: Permit) -> str:
        """Remember `permit`; its decision is its name."""
        self._open[permit.decision_id] = permit
        return permit.decision_id

    def find(self, name: str) -> Permit | None:
        """The open permit, which stays open."""
        return self._open.get(name)

    def standing(self) -> dict[str, Permit]:
        """All that is on its way now, by name."""
        return dict(self._open)

    def answers(self, name: str, stream: StreamWatch) -> None:
        """The answer of an open permit has begun to come."""
        self._streams[name] = stream

    def stream(self, name: str) -> StreamWatch | None:
        """The answer of an open permit that is on its way."""
        return self._streams.get(name)

    def take(self, name: str) -> Permit | None:
        """The permit, closed; None when it was taken before."""
        self._streams.pop(name, None)
        return self._open.pop(name, None)
