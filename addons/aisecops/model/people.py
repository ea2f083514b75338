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


class PersonRule(Value):
    """Somebody who speaks to the control plane with a secret of their own; `secret` says where it is."""

    name: str
    place: Place
    role: PersonRole
    secret: str
