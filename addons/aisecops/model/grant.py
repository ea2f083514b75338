"""Grants: what a capability token allows. A child may only shrink (spec 5.2)."""

from __future__ import annotations

from typing import Any

from aisecops.model.ids import AgentId, RunId, TokenId
from aisecops.model.value import Value


class Constraints(Value):
    """Limits inside a grant; None is no limit of this kind. Money in millionths."""

    max_rows: int | None = None
    max_cost_micros: int | None = None
    uses: int | None = None
    max_ttl_s: int | None = None

    def narrowed(self, other: Constraints) -> Constraints:
        """Both at once: of each kind the smaller limit."""
        return Constraints(
            max_rows=_smaller(self.max_rows, other.max_rows),
            max_cost_micros=_smaller(self.max_cost_micros, other.max_cost_micros),
            uses=_smaller(self.uses, other.uses),
            max_ttl_s=_smaller(self.max_ttl_s, other.max_ttl_s),
        )

    def within(self, outer: Constraints) -> bool:
        """True when nothing here is wider than in `outer`."""
        return self.narrowed(outer) == self


def _smaller(one: int | None, other: int | None) -> int | None:
    return min((n for n in (one, other) if n is not None), default=None)


class Grant(Value):
    """What is allowed: a tool (name or pattern), a scope pattern, limits."""

    tool: str
    scope: str
    constraints: Constraints = Constraints()


class Above(Value):
    """A token that the one in hand was made from; each use of a child is one of all above it. `exp` in seconds."""

    jti: TokenId
    agent_id: AgentId
    run_id: RunId
    exp: int
    uses: int | None = None


class Claims(Value):
    """What a verified capability token says (contract 5). Times in seconds since the epoch.

    `above` are the tokens it was narrowed from, the issued one first; empty for an issued one. `kid` is the issuer's.
    """

    iss: str
    aud: str
    jti: TokenId
    iat: int
    nbf: int
    exp: int
    agent_id: AgentId
    run_id: RunId
    grant: Grant
    risk_score: float
    policy_version: str
    kid: str
    uses: int | None = None
    cnf: dict[str, Any] | None = None
    parent: TokenId | None = None
    above: tuple[Above, ...] = ()

    @property
    def granted_to(self) -> AgentId:
        """Whose grant it rests on: who was issued the first token of the chain."""
        return self.above[0].agent_id if self.above else self.agent_id

    @property
    def counted(self) -> tuple[tuple[TokenId, int, int], ...]:
        """Each token of the chain that has a number of uses: its id, the number, until when it counts (seconds)."""
        whole = (*((one.jti, one.uses, one.exp) for one in self.above), (self.jti, self.uses, self.exp))
        return tuple((jti, uses, exp) for jti, uses, exp in whole if uses is not None)
