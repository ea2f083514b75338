"""Who asks the control plane: an agent, a run, an operator, or a gateway in an agent's name (contract 8)."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from enum import StrEnum

from aisecops.gateway.runs.identity import Identities
from aisecops.gateway.runs.vouch import SCHEME, Vouching
from aisecops.model.ids import AgentId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.people import PersonRole
from aisecops.model.refusals import Code
from aisecops.model.value import Value

_DOTS_OF_A_TOKEN = 2


class Role(StrEnum):
    """What somebody may do here."""

    AGENT = "agent"
    GATEWAY = "gateway"
    VIEWER = "viewer"
    APPROVER = "approver"
    OPERATOR = "operator"


class Asker(Value):
    """Somebody who has proven who they are. `run_id` when they came with a run's credentials."""

    role: Role
    name: str
    agent_id: AgentId | None = None
    run_id: RunId | None = None

    person: bool = False

    @property
    def title(self) -> str:
        """`agent:support-bot`, `operator:local`, `person:ann`: as the record names who did something.

        A person keeps one name whatever their role: whoever opened a run does not answer for it in another one.
        """
        return f"person:{self.name}" if self.person else f"{self.role.value}:{self.name}"

    @property
    def sees_all(self) -> bool:
        """True for people; agents see what is theirs."""
        return self.role in {Role.VIEWER, Role.APPROVER, Role.OPERATOR}


def as_person(name: str, role: PersonRole) -> Asker:
    """Somebody whom the rules or their provider name, in their role."""
    return Asker(role=Role(role.value), name=name, person=True)


ByToken = Callable[[str], Awaitable[Asker | Refuse]]


class Doorkeeper:
    """Reads the `Authorization` header. Compares every secret in constant time."""

    def __init__(
        self,
        identities: Identities,
        *,
        operator_secret: str,
        gateway_secret: str,
        vouching: Vouching,
        by_token: ByToken | None = None,
    ) -> None:
        """`by_token` says whom a token of an OpenID provider is of, and raises `PolicyError` when it cannot."""
        self._identities = identities
        self._by_token = by_token
        self._vouching = vouching
        self._bearers = ((Role.OPERATOR, "local", operator_secret), (Role.GATEWAY, "gateway", gateway_secret))

    async def who(self, authorization: str | None, *, method: str, target: str) -> Asker | Refuse:
        """The asker of `method target`, or the refusal. Raises `StoreError` when credentials cannot be checked."""
        if authorization is None:
            return _unknown("no credentials were sent")
        scheme, _, given = authorization.strip().partition(" ")
        if scheme.lower() == "bearer":
            said = self._bearer(given.strip().encode())
            signed = self._by_token is not None and isinstance(said, Refuse) and given.count(".") == _DOTS_OF_A_TOKEN
            return await self._by_token(given.strip()) if signed and self._by_token is not None else said
        if scheme.lower() == SCHEME.lower():
            agent_id = self._vouching.heard(authorization, method, target)
            caller = _unknown("nobody vouches for this") if agent_id is None else self._identities.vouched(agent_id)
        else:
            caller = await self._identities.identify(authorization, source="")
        if isinstance(caller, Refuse):
            return _unknown(caller.detail)
        return Asker(role=Role.AGENT, name=caller.agent_id, agent_id=caller.agent_id, run_id=caller.run_id)

    def _bearer(self, given: bytes) -> Asker | Refuse:
        """Whose secret it is: ours, a gateway's, or that of somebody whom the rules name under `people`."""
        known = [Asker(role=role, name=name) for role, name, secret in self._bearers if _same(given, secret.encode())]
        for person, secret in self._identities.people():
            if _same(given, secret):
                known.append(as_person(person.name, person.role))
        if len(known) > 1:
            return _unknown("two people have this secret; give each their own")
        return known[0] if known else _unknown("the bearer secret is wrong")


def _same(given: bytes, secret: bytes) -> bool:
    return bool(secret) and hmac.compare_digest(given, secret)


def _unknown(detail: str) -> Refuse:
    return Refuse(code=Code.IDENTITY_REQUIRED, detail=detail)
