"""Make a capability token narrower, offline, with the key it is bound to (contract 5).

What a client needs to hand a part of its authority to a sub-agent. Nothing here is asked when a token is checked; that
is `chain.py`.
"""

from __future__ import annotations

from typing import Protocol

import orjson
from msgspec.structs import replace

from aisecops.controls.tokens.chain import CHILD_TYPE, LINK, MOST_CHILDREN, links, wider
from aisecops.controls.tokens.claims import read_claims, write_claims
from aisecops.controls.tokens.codec import ALGORITHM, signing_input, split, to_base64url
from aisecops.controls.tokens.jwks import thumbprint, to_jwk
from aisecops.model.errors import WireError
from aisecops.model.grant import Claims, Constraints
from aisecops.model.ids import AgentId, RunId, TokenId


class Holder(Protocol):
    """The key that a token is bound to, with its private half."""

    @property
    def public(self) -> bytes:
        """The raw Ed25519 public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of `message`."""
        ...


def attenuate(
    token: str,
    holder: Holder,
    *,
    to: bytes,
    jti: TokenId,
    tool: str | None = None,
    scope: str | None = None,
    constraints: Constraints | None = None,
    ends_s: int | None = None,
    agent_id: AgentId | None = None,
    run_id: RunId | None = None,
) -> str:
    """`token` with a child for whoever holds the private half of `to`; what is not given stays as the parent has it.

    `constraints` are added to the parent's, `ends_s` is in seconds since the epoch. The child is for `agent_id` in
    `run_id`, which must be the parent's run or one below it when it is used. Raises ValueError for what would not be
    accepted.
    """
    parent = _claims_of(token)
    if len(links(token)) > MOST_CHILDREN:
        raise ValueError(f"a token is narrowed at most {MOST_CHILDREN} times")
    if parent.cnf is None or parent.cnf["jkt"] != thumbprint(holder.public):
        raise ValueError("the token is not bound to this key, so it cannot be narrowed with it")
    limits = parent.grant.constraints.narrowed(constraints or Constraints())
    grant = replace(parent.grant, tool=tool or parent.grant.tool, scope=scope or parent.grant.scope, constraints=limits)
    child = replace(
        parent,
        jti=jti,
        grant=grant,
        uses=limits.uses,
        exp=parent.exp if ends_s is None else ends_s,
        agent_id=agent_id or parent.agent_id,
        run_id=run_id or parent.run_id,
        cnf={"jkt": thumbprint(to)},
        parent=parent.jti,
    )
    if too_wide := list(wider(child, parent)):
        raise ValueError(f"wider than its parent: {'; '.join(too_wide)}")
    payload = write_claims(child)
    header = orjson.dumps({"alg": ALGORITHM, "typ": CHILD_TYPE, "jwk": to_jwk(holder.public)})
    signed = signing_input(header, payload)
    return f"{token}{LINK}{signed.decode()}.{to_base64url(holder.sign(signed))}"


def _claims_of(token: str) -> Claims:
    try:
        return read_claims(split(links(token)[-1]).payload, "")
    except WireError as error:
        raise ValueError(error.detail) from error
