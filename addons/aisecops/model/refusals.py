"""The closed table of refusals: code, HTTP status, title, and what the caller can do.

Knows the table alone. Which check answers with which code is each check's business; turning a
refusal into bytes is `wire/problem.py`.
"""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.value import Value


class Code(StrEnum):
    """Why the answer is no. Names are public: they are in problems, records and metrics."""

    IDENTITY_REQUIRED = "identity_required"
    RUN_UNKNOWN = "run_unknown"
    RUN_HALTED = "run_halted"
    RUN_FINISHED = "run_finished"
    DESTINATION_DENIED = "destination_denied"
    PROTOCOL_DENIED = "protocol_denied"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TOOL_UNDECLARED = "tool_undeclared"
    TOKEN_MISSING = "token_missing"
    TOKEN_MALFORMED = "token_malformed"
    TOKEN_SIGNATURE_INVALID = "token_signature_invalid"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_NOT_YET_VALID = "token_not_yet_valid"
    TOKEN_REVOKED = "token_revoked"
    TOKEN_REPLAYED = "token_replayed"
    TOKEN_WRONG_AGENT = "token_wrong_agent"
    TOKEN_WRONG_RUN = "token_wrong_run"
    TOKEN_POLICY_OUTDATED = "token_policy_outdated"
    TOKEN_PROOF_INVALID = "token_proof_invalid"
    SCOPE_VIOLATION = "scope_violation"
    POLICY_DENIED = "policy_denied"
    POLICY_UNAVAILABLE = "policy_unavailable"
    STORE_UNAVAILABLE = "store_unavailable"
    RECORD_UNAVAILABLE = "record_unavailable"
    INTERNAL = "internal"
    BUDGET_EXCEEDED = "budget_exceeded"
    RATE_LIMITED = "rate_limited"
    EGRESS_BLOCKED = "egress_blocked"
    ARGUMENT_UNTRUSTED = "argument_untrusted"
    CONTEXT_REJECTED = "context_rejected"
    OUTPUT_INVALID = "output_invalid"
    HUMAN_APPROVAL_REQUIRED = "human_approval_required"
    RISK_HALTED = "risk_halted"

    @property
    def is_token_fault(self) -> bool:
        """True for the codes that speak about the capability token itself."""
        return self.value.startswith("token_")


class Answer(Value):
    """How a refusal looks from outside."""

    status: int
    title: str
    mend: str


REFUSALS: dict[Code, Answer] = {
    code: Answer(status=status, title=title, mend=mend)
    for code, status, title, mend in (
        (
            Code.IDENTITY_REQUIRED,
            407,
            "no valid agent credentials",
            "send proxy credentials of a declared agent or of an open run",
        ),
        (Code.RUN_UNKNOWN, 403, "the run is not known", "open a run with POST /v1/runs"),
        (Code.RUN_HALTED, 403, "the run is halted", "ask an operator to review and resume the run"),
        (Code.RUN_FINISHED, 403, "the run is finished", "open a new run"),
        (
            Code.DESTINATION_DENIED,
            403,
            "the destination is not allowed",
            "declare the host under tools, models or sources",
        ),
        (Code.PROTOCOL_DENIED, 403, "the protocol is not allowed", "speak plain HTTP/1.1 through the proxy"),
        (Code.UNREADABLE, 400, "the body cannot be read", "send what the declared kind expects, in a known encoding"),
        (Code.TOO_LARGE, 413, "the body is too large", "send less, or raise `egress.max_body`"),
        (Code.TOOL_UNDECLARED, 403, "no declared tool matches", "declare the request under tools"),
        (
            Code.TOKEN_MISSING,
            401,
            "a capability token is required",
            "post `request_token` to /v1/tokens and send the answer in AISecOps-Capability",
        ),
        (Code.TOKEN_MALFORMED, 401, "the capability token cannot be read", "request a new token"),
        (Code.TOKEN_SIGNATURE_INVALID, 401, "the capability token is not signed by a known key", "request a new token"),
        (Code.TOKEN_EXPIRED, 401, "the capability token has expired", "request a new token"),
        (Code.TOKEN_NOT_YET_VALID, 401, "the capability token is not valid yet", "check the clock"),
        (Code.TOKEN_REVOKED, 401, "the capability token is revoked", "request a new token"),
        (Code.TOKEN_REPLAYED, 401, "the capability token has no use left", "request a new token"),
        (Code.TOKEN_WRONG_AGENT, 401, "the capability token is another agent's", "request a token of your own"),
        (Code.TOKEN_WRONG_RUN, 401, "the capability token is another run's", "request a token for this run"),
        (
            Code.TOKEN_POLICY_OUTDATED,
            401,
            "the rules in force no longer grant this token",
            "request a new token; the grant may be gone",
        ),
        (Code.TOKEN_PROOF_INVALID, 401, "the proof of possession is missing or wrong", "send a fresh DPoP proof"),
        (Code.SCOPE_VIOLATION, 403, "outside the grant", "ask for a token that covers the request"),
        (Code.POLICY_DENIED, 403, "a rule says no", "ask for a grant in the rules"),
        (Code.POLICY_UNAVAILABLE, 503, "the policy engine cannot be asked", "try again when it is up"),
        (Code.STORE_UNAVAILABLE, 503, "the store cannot be asked", "try again when it is up"),
        (Code.RECORD_UNAVAILABLE, 503, "the record cannot be written", "free the disk or mend its permissions"),
        (Code.INTERNAL, 503, "the gateway failed and refused", "report the decision id"),
        (Code.BUDGET_EXCEEDED, 429, "a budget is used up", "end the run, or raise the budget"),
        (Code.RATE_LIMITED, 429, "too many requests", "wait as Retry-After says"),
        (Code.EGRESS_BLOCKED, 403, "the content must not leave", "remove what the findings name"),
        (
            Code.ARGUMENT_UNTRUSTED,
            403,
            "a steering argument came from untrusted content",
            "have the user name the value",
        ),
        (Code.CONTEXT_REJECTED, 403, "the context is not safe for the model", "remove the named content"),
        (Code.OUTPUT_INVALID, 502, "the answer breaks its declared shape", "ask again"),
        (
            Code.HUMAN_APPROVAL_REQUIRED,
            403,
            "a person must approve",
            "repeat the same request with AISecOps-Approval once it is approved",
        ),
        (Code.RISK_HALTED, 403, "the step would cross the halt threshold", "ask an operator to review the run"),
    )
}
