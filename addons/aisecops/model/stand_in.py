"""What leaves in the place of a real value, and comes back as that value."""

from __future__ import annotations

from aisecops.model.ids import RunId
from aisecops.model.value import Value


class StandIn(Value):
    """One value of one tree of runs, and the `text` that stands for it. `entity` is the kind it was found as."""

    entity: str
    value: str
    text: str

    def __repr__(self) -> str:
        return f"StandIn(entity={self.entity!r})"  # neither of the two belongs into a log


class Given(Value):
    """One stand-in that has left in run `run_id` for `to`, a host and port."""

    run_id: RunId
    to: str
    stand_in: StandIn
