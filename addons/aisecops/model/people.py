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
    """Somebody who speaks to the control plane.

    `secret` says where a secret of their own is, `login` what the OpenID provider calls them, `slack` what Slack does;
    each may be empty. `duty` empty: nobody says when they answer.
    """

    name: str
    place: Place
    role: PersonRole
    secret: str = ""
    duty: tuple[Duty, ...] = ()
    login: str = ""
    slack: str = ""

    @property
    def answers(self) -> bool:
        """True for whoever may answer for held steps."""
        return self.role is not PersonRole.VIEWER

    @property
    def title(self) -> str:
        """As the record names them. One name whatever their role: who opened a run does not answer in another one."""
        return f"person:{self.name}"


class OidcRoles(Value):
    """Which role the values of `claim` give, the highest of those named; a claim below others is written with dots."""

    claim: str
    viewer: tuple[str, ...] = ()
    approver: tuple[str, ...] = ()
    operator: tuple[str, ...] = ()


class OidcRules(Value):
    """The OpenID provider that says who people are. `name` is the claim that a person is called by.

    `audience` is that of access tokens, `client_id` where it is empty; `client_secret` says where it is.
    """

    issuer: str
    client_id: str
    place: Place
    client_secret: str = ""
    audience: str = ""
    name: str = "sub"
    roles: OidcRoles | None = None


class HookForm(StrEnum):
    """How a held step is announced."""

    JSON = "json"
    SLACK = "slack"


class AnnounceRule(Value):
    """Where held steps are announced. `url` is one, or says where it is; `secret` says what it is signed with.

    `answers` are the people whose answers may come from there, signed with the same secret.
    """

    url: str
    place: Place
    form: HookForm = HookForm.JSON
    secret: str = ""
    answers: tuple[str, ...] = ()


class ApprovalRules(Value):
    """How people are told of held steps. `slack_secret` says where the signing secret of a Slack app is."""

    announce: tuple[AnnounceRule, ...] = ()
    slack_secret: str = ""
