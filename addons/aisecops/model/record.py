"""Events: what the record is made of (contract 9). One shape, one closed list of names."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from aisecops.model.ids import AgentId, DecisionId, RunId
from aisecops.model.value import Value


class EventName(StrEnum):
    """What happened, in the past tense."""

    RUN_STARTED = "run_started"
    RUN_FINISHED = "run_finished"
    RUN_HALTED = "run_halted"
    RUN_RESUMED = "run_resumed"
    PLAN_JUDGED = "plan_judged"
    TOKEN_ISSUED = "token_issued"
    TOKEN_DENIED = "token_denied"
    TOKEN_REJECTED = "token_rejected"
    TOKEN_REVOKED = "token_revoked"
    LLM_CALLED = "llm_called"
    LLM_RETURNED = "llm_returned"
    OUTPUT_REJECTED = "output_rejected"
    TOOL_PROPOSED = "tool_proposed"
    TOOL_INVOKED = "tool_invoked"
    TOOL_RETURNED = "tool_returned"
    SOURCE_READ = "source_read"
    MESSAGE_PASSED = "message_passed"
    MESSAGE_REFUSED = "message_refused"
    EXCHANGE_CUT = "exchange_cut"
    UNINSPECTED = "uninspected"
    DECISION = "decision"
    RETRIEVAL_POISONING_DETECTED = "retrieval_poisoning_detected"
    MEMORY_POISONING_DETECTED = "memory_poisoning_detected"
    SYSTEM_PROMPT_CHANGED = "system_prompt_changed"
    EGRESS_BLOCKED = "egress_blocked"
    EGRESS_MASKED = "egress_masked"
    BUDGET_EXCEEDED = "budget_exceeded"
    HUMAN_APPROVAL_REQUIRED = "human_approval_required"
    APPROVAL_GRANTED = "approval_granted"
    APPROVAL_DENIED = "approval_denied"
    APPROVAL_EXPIRED = "approval_expired"
    INTEGRATION_FIRST_SEEN = "integration_first_seen"
    INTEGRATION_CHANGED = "integration_changed"
    INTEGRATION_ACCEPTED = "integration_accepted"
    RULES_RELOADED = "rules_reloaded"
    RULES_REJECTED = "rules_rejected"
    RISK_ADJUSTED = "risk_adjusted"
    RECORD_REPAIRED = "record_repaired"
    RECORD_REMOVED = "record_removed"
    RUNS_FORGOTTEN = "runs_forgotten"
    THREAT_MODEL_SIGNED = "threat_model_signed"
    EVALUATION_OPENED = "evaluation_opened"
    EVALUATION_CLOSED = "evaluation_closed"
    EVALUATION_FINISHED = "evaluation_finished"
    RELEASE_GATE_FINISHED = "release_gate_finished"
    PERMISSIONS_ACCEPTED = "permissions_accepted"
    RULES_SUGGESTED = "rules_suggested"
    MATURITY_ASSESSED = "maturity_assessed"
    MATURITY_REVIEWED = "maturity_reviewed"
    DECLARATION_SIGNED = "declaration_signed"


class Event(Value):
    """One event, before the record gives it `v`, `seq`, `prev` and `at`. `fields` holds its own facts, JSON only."""

    event: EventName
    run_id: RunId | None = None
    root_run_id: RunId | None = None
    agent_id: AgentId | None = None
    decision_id: DecisionId | None = None
    policy_version: str | None = None
    control: tuple[str, ...] = ()
    fields: dict[str, Any] = {}
