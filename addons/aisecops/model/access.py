"""What a decision point is asked: who would do what to what, and how things stand (spec 24).

The words are Cedar's and AuthZEN's: principal (AuthZEN says subject), action, resource, context. The same question goes
to every engine, so that they can be held against each other; how each wants it written is its adapter's business.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from aisecops.model.action import ToolEffect
from aisecops.model.grant import Claims
from aisecops.model.ids import AgentId, RunId
from aisecops.model.value import Value


class Phase(StrEnum):
    """When it is asked: before a token is signed, where `scope` may still be a pattern, or before the step runs."""

    ISSUE = "issue"
    INVOKE = "invoke"


class AccessRequest(Value):
    """One question. `risk_micros` is the sum of the run's tree before this step, in millionths.

    `read_untrusted`: the run has read content that nobody vouches for. `found` are the kinds of what the content scan
    saw, never what it saw. What a step asks for beyond this (`rows`, `cost_micros`) is known of requests only.
    """

    phase: Phase
    agent_id: AgentId
    role: str
    run_id: RunId
    root_run_id: RunId
    tool: str
    effect: ToolEffect
    scope: str
    now_s: int
    risk_micros: int
    base_risk: Decimal = Decimal(0)
    trust: Decimal = Decimal(1)
    cost_micros: int = 0
    rows: int | None = None
    method: str = ""
    host: str = ""
    port: int = 0
    read_untrusted: bool = False
    found: tuple[str, ...] = ()
    token: Claims | None = None
