"""What the store keeps beside the tree: runs, approvals, revocations; and one reading of it all."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from aisecops.model.budget import TreeState
from aisecops.model.ids import AgentId, ApprovalId, DecisionId, RunId
from aisecops.model.value import Value


class Run(Value):
    """A run as it was opened. `secret_hash` is the SHA-256 of its secret in hex; empty for an implicit run.

    `opened_by` is who opened it (`agent:NAME` or `operator:NAME`): nobody approves a step of a run they opened.
    """

    run_id: RunId
    root_run_id: RunId
    agent_id: AgentId
    parent: RunId | None
    opened_ms: int
    opened_by: str
    secret_hash: str = ""


class RevocationKind(StrEnum):
    """What a revocation takes back."""

    TOKEN = "token"
    RUN = "run"
    AGENT = "agent"
    KEY = "key"


class ApprovalState(StrEnum):
    """Where a question to a person stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    USED = "used"


class Approval(Value):
    """A held step. `digest` is of the exact request; the approval serves that request once, until `expires_ms`.

    It is a yes under the rules of `policy_version` and no others: a person was shown what those rules made of it.

    `request` and `risk` are what the person sees; they hold no secret. The words of the request are in `request` as
    long as the question is open. `decision_id` is the decision that asked, `outcome` what became of the step.
    """

    approval_id: ApprovalId
    run_id: RunId
    root_run_id: RunId
    agent_id: AgentId
    tool: str
    digest: str
    opened_ms: int
    expires_ms: int
    state: ApprovalState = ApprovalState.PENDING
    request: dict[str, Any] = {}
    risk: dict[str, Any] = {}
    evidence: tuple[dict[str, Any], ...] = ()
    answered_by: str = ""
    answered_ms: int | None = None
    why: str = ""
    policy_version: str = ""
    decision_id: DecisionId | None = None
    outcome: str = ""


class Snapshot(Value):
    """A run, its tree at a version, and what is revoked of it; all read at one moment."""

    run: Run
    tree: TreeState
    version: int
    revoked: tuple[RevocationKind, ...] = ()
