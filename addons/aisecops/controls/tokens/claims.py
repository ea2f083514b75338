"""What a capability token says, between our names and the outward ones (contract 5).

Knows each claim's name, type and bounds. Whether the token is signed, and whether its time has come, is
`verify.py`'s business.

Decisions of this file: `constraints.max_cost` is a number in currency units, as in the rules.
`constraints.expiry` is `exp` again, in RFC 3339, as the specification writes it; the two must agree.
`uses` may stand beside the constraints or among them; the smaller counts and both then say it. A
rule's limit on lifetime ends in `exp`; read back, `max_ttl_s` is the lifetime the token has.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from aisecops.controls.tokens.codec import read_object
from aisecops.model.errors import WireError
from aisecops.model.grant import Claims, Constraints, Grant
from aisecops.model.ids import AgentId, RunId, TokenId
from aisecops.model.refusals import Code
from aisecops.model.risk import from_micros, to_micros
from aisecops.model.value import Value

DEFAULT_TTL_S = 300
MAX_TTL_S = 900
"""No rule can raise it: longer ones are not signed, and not accepted if signed."""

Name = Annotated[str, Meta(min_length=1, max_length=512)]
Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799)]  # to the end of the year 9999, the last RFC 3339 can write
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]  # whole numbers that every JSON reader keeps whole
Uses = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Money = Annotated[float, Meta(ge=0, le=1e9)]
Score = Annotated[float, Meta(ge=0, le=1e9)]
Thumbprint = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{43}$")]


class _Confirmation(Value):
    """Whose key must prove possession: a SHA-256 JWK thumbprint (RFC 9449 6.1)."""

    jkt: Thumbprint


class _Limits(Value, omit_defaults=True):
    expiry: Name
    max_rows: Count | UnsetType = UNSET
    max_cost: Money | UnsetType = UNSET
    uses: Uses | UnsetType = UNSET


class _Payload(Value, omit_defaults=True):
    """The claims by their outward names. A name that is not here might narrow the grant, so it is refused."""

    iss: Name
    aud: Name
    jti: Name
    iat: Seconds
    nbf: Seconds
    exp: Seconds
    sub: Name
    agent_id: Name
    run_id: Name
    tool: Name
    scope: Annotated[str, Meta(min_length=1, max_length=4096)]
    constraints: _Limits
    risk_score: Score
    policy_version: Name
    uses: Uses | UnsetType = UNSET
    cnf: _Confirmation | UnsetType = UNSET
    parent: Name | UnsetType = UNSET


def read_claims(payload: bytes, kid: str) -> Claims:
    """The claims in `payload`; raises WireError (`token_malformed`) unless they are complete and agree."""
    try:
        said = msgspec.convert(read_object(payload), _Payload)
    except msgspec.ValidationError:
        raise _unreadable("its claims are not those of a capability token, by name, type or bounds") from None
    # sub repeats agent_id for readers that know JWT only
    if said.sub != said.agent_id:
        raise _unreadable("`sub` and `agent_id` differ")
    if said.constraints.expiry != rfc3339(said.exp):
        raise _unreadable("`exp` and `constraints.expiry` differ")
    if not max(said.iat, said.nbf) < said.exp <= min(said.iat, said.nbf) + MAX_TTL_S:
        raise _unreadable(f"its lifetime must be between 1 and {MAX_TTL_S} seconds")
    limits = said.constraints
    uses = _smaller(said.uses, limits.uses)
    return Claims(
        iss=said.iss,
        aud=said.aud,
        jti=TokenId(said.jti),
        iat=said.iat,
        nbf=said.nbf,
        exp=said.exp,
        agent_id=AgentId(said.agent_id),
        run_id=RunId(said.run_id),
        grant=Grant(
            tool=said.tool,
            scope=said.scope,
            constraints=Constraints(
                max_rows=_or_none(limits.max_rows),
                max_cost_micros=None if limits.max_cost is UNSET else to_micros(Decimal(repr(limits.max_cost))),
                uses=uses,
                max_ttl_s=said.exp - said.iat,
            ),
        ),
        risk_score=said.risk_score,
        policy_version=said.policy_version,
        kid=kid,
        uses=uses,
        cnf=None if said.cnf is UNSET else {"jkt": said.cnf.jkt},
        parent=None if said.parent is UNSET else TokenId(said.parent),
    )


def write_claims(claims: Claims) -> bytes:
    """The payload that says `claims`, in outward names; raises ValueError for a claim that cannot be written."""
    limits = claims.grant.constraints
    uses = _smaller(_or_unset(claims.uses), _or_unset(limits.uses))
    try:
        confirmation = UNSET if claims.cnf is None else msgspec.convert(claims.cnf, _Confirmation)
    except msgspec.ValidationError:
        raise ValueError("`cnf` must be `jkt` and a SHA-256 thumbprint") from None
    return msgspec.json.encode(
        _Payload(
            iss=claims.iss,
            aud=claims.aud,
            jti=claims.jti,
            iat=claims.iat,
            nbf=claims.nbf,
            exp=claims.exp,
            sub=claims.agent_id,
            agent_id=claims.agent_id,
            run_id=claims.run_id,
            tool=claims.grant.tool,
            scope=claims.grant.scope,
            constraints=_Limits(
                expiry=rfc3339(claims.exp),
                max_rows=_or_unset(limits.max_rows),
                max_cost=UNSET if limits.max_cost_micros is None else from_micros(limits.max_cost_micros),
                uses=_or_unset(uses),
            ),
            risk_score=claims.risk_score,
            policy_version=claims.policy_version,
            uses=_or_unset(uses),
            cnf=confirmation,
            parent=_or_unset(claims.parent),
        )
    )


def as_carried(claims: Claims, kid: str) -> Claims:
    """`claims` as they are read back from a token signed with the key `kid`."""
    limits = claims.grant.constraints
    uses = _smaller(_or_unset(claims.uses), _or_unset(limits.uses))
    carried = msgspec.structs.replace(limits, uses=uses, max_ttl_s=claims.exp - claims.iat)
    grant = msgspec.structs.replace(claims.grant, constraints=carried)
    return msgspec.structs.replace(claims, grant=grant, uses=uses, kid=kid)


def rfc3339(seconds: int) -> str:
    """`seconds` since the epoch as RFC 3339 in UTC: `2026-03-02T17:00:00Z`; raises ValueError out of its range."""
    try:
        moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError("the time cannot be written in RFC 3339") from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _smaller(one: int | UnsetType, other: int | UnsetType) -> int | None:
    return min((n for n in (one, other) if n is not UNSET), default=None)


def _or_none[T](value: T | UnsetType) -> T | None:
    return None if value is UNSET else value


def _or_unset[T](value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def _unreadable(detail: str) -> WireError:
    return WireError(detail, Code.TOKEN_MALFORMED)
