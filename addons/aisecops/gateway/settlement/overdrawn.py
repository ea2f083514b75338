"""Answers that come to cost more than was reserved for them, while they come.

Nobody knows beforehand how long an answer will be that neither its request nor its price bounds (spec 4.4). Such a
stream may go beyond what was reserved as long as its run could pay for it, by what is seen of it, and no longer.
"""

from __future__ import annotations

from collections.abc import Mapping

from aisecops.gateway.step.permits import Permit, Permits
from aisecops.gateway.step.prices import drawn_micros, most_output_tokens

GROWTH = 16
"""A stream is read through again when it has grown by a sixteenth: what that costs in all stays in proportion."""


class Overdrawn:
    """What open streams have drawn beyond what was reserved for them."""

    def __init__(self, permits: Permits) -> None:
        self._permits = permits
        self._known: dict[str, tuple[int, int]] = {}

    def by_now(self, standing: Mapping[str, Permit]) -> dict[str, int]:
        """Of each permit in `standing` whose answer has cost more than was reserved: how much more, in millionths."""
        self._known = {name: known for name, known in self._known.items() if name in standing}
        over = ((name, self._of(name, permit)) for name, permit in standing.items())
        return {name: micros for name, micros in over if micros > 0}

    def _of(self, name: str, permit: Permit) -> int:
        step, stream = permit.step, self._permits.stream(name)
        if stream is None or step.model is None or step.call is None or not step.call.charged:
            return 0
        if most_output_tokens(step.model, step.call) is not None:
            return 0  # all that it can cost was reserved
        again, micros = self._known.get(name, (0, 0))
        if stream.size < again:
            return micros
        answer = stream.answer()
        if answer is not None:
            drawn = drawn_micros(step.model, step.call, answer, permit.facts.request.model)
            micros = drawn - permit.facts.request.cost_micros
        self._known[name] = stream.size + stream.size // GROWTH + 1, micros
        return micros
