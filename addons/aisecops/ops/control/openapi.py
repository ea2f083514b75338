"""The API's own description, made from the very shapes that read its bodies."""

from __future__ import annotations

from typing import Any

import msgspec

from aisecops import __version__
from aisecops.model.state import ApprovalState
from aisecops.ops.control import shapes

_PROBLEM = {
    "description": "refused; an RFC 9457 problem",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_OBJECT: dict[str, Any] = {
    "description": "well",
    "content": {"application/json": {"schema": {"type": "object"}}},
}
_WELL: dict[str, dict[str, Any]] = {
    "/v1/events": {"description": "events, as they come", "content": {"text/event-stream": {}}},
    "/v1/webhooks/slack": {"description": "taken; what came of it is told in Slack"},
}
"""What is answered with something else than an object."""
QUERIES: dict[str, dict[str, dict[str, Any]]] = {
    "/v1/runs": {"agent": {"type": "string"}, "before": {"type": "string"}},
    "/v1/approvals": {"state": {"type": "string", "enum": [state.value for state in ApprovalState]}},
    "/v1/events": {"after": {"type": "integer", "minimum": 0}},
}
"""What may stand in the query of a GET."""
_BASIC_OR_BEARER: list[dict[str, list[str]]] = [{"basic": []}, {"bearer": []}]

_CALLS: tuple[tuple[str, str, str, type | None, int, tuple[str, ...]], ...] = (
    ("get", "/healthz", "the process answers", None, 200, ()),
    ("get", "/readyz", "store, keys and rules are there, and no gateway worker of this machine is late", None, 200, ()),
    ("get", "/.well-known/jwks.json", "public keys of capability tokens", None, 200, ()),
    ("post", "/v1/runs", "open a run", shapes.OpenRunBody, 201, ()),
    (
        "get",
        "/v1/runs",
        "runs, newest first, a thousand at once; `before` in the answer asks for the next",
        None,
        200,
        (),
    ),
    ("get", "/v1/runs/{run_id}", "one run with its eight fields", None, 200, ("run_id",)),
    ("post", "/v1/runs/{run_id}/plan", "judge a declared plan", shapes.PlanBody, 200, ("run_id",)),
    ("post", "/v1/runs/{run_id}/halt", "halt the whole tree", shapes.WhyBody, 200, ("run_id",)),
    (
        "post",
        "/v1/runs/{run_id}/resume",
        "let a halted tree go on",
        shapes.ResumeBody,
        200,
        ("run_id",),
    ),
    ("post", "/v1/runs/{run_id}/finish", "end a run", shapes.FinishBody, 200, ("run_id",)),
    ("post", "/v1/tokens", "ask for a capability token", shapes.TokenBody, 201, ()),
    ("post", "/v1/tokens/{jti}/revoke", "take a token back", shapes.WhyBody, 200, ("jti",)),
    ("post", "/v1/revocations", "take back all tokens of a run, an agent or a key", shapes.RevocationBody, 200, ()),
    ("get", "/v1/approvals", "held steps", None, 200, ()),
    ("get", "/v1/approvals/{approval_id}", "one held step", None, 200, ("approval_id",)),
    ("post", "/v1/approvals/{approval_id}", "answer a held step", shapes.AnswerBody, 200, ("approval_id",)),
    (
        "post",
        "/v1/approvals/{approval_id}/webhook",
        "a person's answer by a signed webhook",
        shapes.HookAnswerBody,
        200,
        ("approval_id",),
    ),
    ("post", "/v1/webhooks/slack", "a person's answer by a button in Slack", None, 200, ()),
    ("get", "/v1/integrations", "every integration, declared and seen", None, 200, ()),
    ("post", "/v1/integrations/accept", "accept what has changed", shapes.AcceptBody, 200, ()),
    ("get", "/v1/risk", "what live signals have moved", None, 200, ()),
    ("post", "/v1/risk/reset", "take moves back", shapes.ResetRiskBody, 200, ()),
    ("get", "/v1/events", "the record as server-sent events", None, 200, ()),
    ("get", "/v1/maturity", "the maturity level, its evidence, and what is missing for the next", None, 200, ()),
    ("post", "/v1/evaluations", "open a round of an evaluation", shapes.EvaluationBody, 201, ()),
    ("post", "/v1/evaluations/{evaluation_id}/close", "end it", None, 200, ("evaluation_id",)),
    ("get", "/v1/policy", "the rules in force", None, 200, ()),
    ("get", "/v1/me", "who asks, and in which role", None, 200, ()),
)


def describe() -> dict[str, Any]:
    """An OpenAPI 3.1 document."""
    bodies = [body for _, _, _, body, _, _ in _CALLS if body is not None]
    _, components = msgspec.json.schema_components(
        list(dict.fromkeys(bodies)), ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for method, path, summary, body, status, parameters in _CALLS:
        call: dict[str, Any] = {
            "summary": summary,
            "responses": {str(status): _WELL.get(path, _OBJECT), "default": _PROBLEM},
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in parameters
            ]
            + [
                {"name": name, "in": "query", "required": False, "schema": schema}
                for name, schema in (QUERIES.get(path, {}) if method == "get" else {}).items()
            ],
        }
        if path.startswith("/v1/"):
            call["security"] = _BASIC_OR_BEARER
        if body is not None:
            schema = {"$ref": f"#/components/schemas/{body.__name__}"}
            call["requestBody"] = {"content": {"application/json": {"schema": schema}}}
        paths.setdefault(path, {})[method] = call
    return {
        "openapi": "3.1.0",
        "info": {"title": "aisecops control plane", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": _PROBLEM_SCHEMA},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
}
