"""People who speak to the control plane, as the rules name them (contract 8)."""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.place import Place
from aisecops.model.value import Value


class PersonRole(StrEnum):
    """What a person may do: look, answer for held steps, or everything."""

    VIEWER = "viewer"
    APPROVER = "approver"
    OPERATOR = "operator"


class Duty(Value):
    """Hours in which a person answers, every week. `days`: 0 is Monday; minutes of the day in `zone`, by its clocks.

    `end_min` not after `start_min`: until that time of the next day.
    """

    days: frozenset[int]
    start_min: int
    end_min: int
    zone: str


class PersonRule(Value):
    """Somebody who speaks to the control plane with a secret of their own; `secret` says where it is.

    `duty` empty: nobody says when they answer.
    """

    name: str
    place: Place
    role: PersonRole
    secret: str
    duty: tuple[Duty, ...] = ()

    @property
    def answers(self) -> bool:
        """True for whoever may answer for held steps."""
        return self.role is not PersonRole.VIEWER

    @property
    def title(self) -> str:
        """As the record names them. One name whatever their role: who opened a run does not answer in another one."""
        return f"person:{self.name}"
