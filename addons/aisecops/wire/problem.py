"""A refusal as bytes: the problem document of RFC 9457, and the same facts in a model protocol's own error form.

Knows what each client library looks at, so that its user sees our sentence. Does not know why anything was refused.
"""

from __future__ import annotations

import orjson

from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import REFUSALS, Code
from aisecops.wire.fields import JsonObject
from aisecops.wire.limits import JsonValue

_RETRIED = frozenset(
    {Code.RATE_LIMITED, Code.POLICY_UNAVAILABLE, Code.STORE_UNAVAILABLE, Code.RECORD_UNAVAILABLE},
)
"""Refusals that the same request may outlive. Client libraries would also repeat 429, 500 and above of all others."""

_BARE_ERRORS = frozenset({"ollama", "gemini"})

"""Dialects whose own libraries take an error in a stream for one when it stands alone in its object."""

_OF_AWS = frozenset({"bedrock", "bedrock-anthropic"})

_AWS_ERRORS = {
    400: "ValidationException",
    413: "ValidationException",
    429: "ServiceQuotaExceededException",
    502: "ModelErrorException",
    503: "ServiceUnavailableException",
}
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_GRPC_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    407: "UNAUTHENTICATED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    502: "INTERNAL",
    503: "UNAVAILABLE",
}

_ERROR_TYPES: dict[str, dict[int, str]] = {
    "openai": {
        400: "invalid_request_error",
        401: "authentication_error",
        403: "permission_error",
        407: "authentication_error",
        413: "invalid_request_error",
        429: "rate_limit_error",
        502: "server_error",
        503: "server_error",
    },
    "anthropic": {
        400: "invalid_request_error",
        401: "authentication_error",
        403: "permission_error",
        407: "authentication_error",
        413: "request_too_large",
        429: "rate_limit_error",
        502: "api_error",
        503: "overloaded_error",
    },
}


def problem_document(refuse: Refuse, *, dialect: str | None = None, status: int | None = None) -> bytes:
    """The problem as JSON (contract 4). For a model's `dialect` it has that provider's `error` member besides.

    `status` where it is answered with another than the table's.
    """
    answer = REFUSALS[refuse.code]
    document: dict[str, object] = {
        "type": f"urn:aisecops:problem:{refuse.code}",
        "title": answer.title,
        "status": status or answer.status,
        "detail": refuse.detail,
        "code": refuse.code,
        "decision_id": refuse.decision_id,
        "run_id": refuse.run_id,
    }
    sometimes = {
        "rule": refuse.rule,
        "reasons": [_reason(code=reason.code, detail=reason.detail, rule=reason.rule) for reason in refuse.reasons],
        "findings": refuse.findings,
        "approval_id": refuse.approval_id,
        "retry_after": refuse.retry_after_s,
        "request_token": refuse.request_token,
        "error": _error(refuse, dialect) if dialect else None,
        "message": sentence(refuse) if dialect in _OF_AWS else None,
    }
    document |= {name: value for name, value in sometimes.items() if value not in (None, "", [], ())}
    return orjson.dumps(document)


def problem_response(refuse: Refuse, *, dialect: str | None = None, status: int | None = None) -> HttpResponse:
    """The whole answer to a refused request; `status` where it is another than the table's."""
    status = status or (_UPGRADE_REQUIRED if refuse.posted_too else refuse.status)
    headers = [("content-type", "application/problem+json"), ("cache-control", "no-store")]
    if refuse.decision_id is not None:
        headers.append(("AISecOps-Decision", refuse.decision_id))
    if refuse.run_id is not None:
        headers.append(("AISecOps-Run", refuse.run_id))
    if refuse.risk_header:
        headers.append(("AISecOps-Risk", refuse.risk_header))
    if refuse.retry_after_s is not None:
        headers.append(("retry-after", str(refuse.retry_after_s)))
    if refuse.code not in _RETRIED:
        headers.append(("x-should-retry", "false"))
    if status == _PROXY_AUTHENTICATION:
        headers.append(("proxy-authenticate", 'Basic realm="aisecops"'))
    elif status == _AUTHENTICATION and refuse.code.is_token_fault:  # RFC 9110 15.5.2: a 401 names a way to authenticate
        headers.append(("www-authenticate", f'AISecOps-Capability realm="aisecops", error="{refuse.code}"'))
    elif status == _UPGRADE_REQUIRED:  # RFC 9110 15.5.22: it says what to speak
        headers += [("connection", "upgrade"), ("upgrade", "HTTP/1.1")]
    if dialect in _OF_AWS:
        headers.append(("x-amzn-errortype", _AWS_ERRORS.get(refuse.status, "AccessDeniedException")))
    body = problem_document(refuse, dialect=dialect, status=status)
    headers.append(("content-length", str(len(body))))
    return HttpResponse(status=status, headers=tuple(headers), body=body)


_AUTHENTICATION = 401
_PROXY_AUTHENTICATION = 407
_UPGRADE_REQUIRED = 426
"""Whoever is told so posts at once, and does not try WebSockets again for a while first."""


def error_document(refuse: Refuse, dialect: str) -> JsonObject:
    """What the event says that ends a stream which is refused after it began."""
    if dialect in _OF_AWS:
        return {"message": sentence(refuse)}
    if dialect in _BARE_ERRORS:
        return {"error": _error(refuse, dialect)}
    # One form for both: Anthropic's readers look at the event's name, which is its `type`, and `error`, OpenAI's at
    # `error` alone, and those of the responses API also at `type`, `code` and `message`.
    return {
        "type": "error",
        "code": refuse.code,
        "message": sentence(refuse),
        "error": _error(refuse, dialect),
        "decision_id": refuse.decision_id,
        "run_id": refuse.run_id,
    }


def sse_problem(refuse: Refuse) -> bytes:
    """The same for a stream of no dialect: an event with the problem document."""
    return b"event: error\ndata: " + problem_document(refuse) + b"\n\n"


def _error(refuse: Refuse, dialect: str) -> JsonValue:
    if dialect == "ollama":
        return sentence(refuse)
    if dialect == "gemini":
        info: JsonObject = {"@type": _ERROR_INFO, "reason": refuse.code.value.upper(), "domain": "aisecops"}
        status = _GRPC_WORDS[refuse.status]
        return {"code": refuse.status, "message": sentence(refuse), "status": status, "details": [info]}
    kinds = _ERROR_TYPES.get(dialect, _ERROR_TYPES["openai"])
    error: JsonObject = {"type": kinds[refuse.status], "message": sentence(refuse), "code": refuse.code}
    if dialect != "anthropic":
        error["param"] = None
    return error


def sentence(refuse: Refuse) -> str:
    """One line for people who see nothing else: what, why, by which rule, and the id to ask about."""
    marks = [refuse.code, *([f"rule {refuse.rule}"] if refuse.rule else [])]
    if refuse.approval_id is not None:
        marks.append(f"approval {refuse.approval_id}")
    if refuse.decision_id is not None:
        marks.append(f"decision {refuse.decision_id}")
    return f"{refuse.detail or REFUSALS[refuse.code].title} ({', '.join(marks)})"


def _reason(*, code: Code, detail: str, rule: str) -> dict[str, str]:
    return {"code": code, "detail": detail, **({"rule": rule} if rule else {})}
