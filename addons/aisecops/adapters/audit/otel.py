"""The record in OpenTelemetry's words (spec 26, OBS-3): the only file with its attribute names, `gen_ai.*` among them.

Knows how a run, a step and an event are called there, and which ids they get. Pure; what is sent, and how, is
`otlp.py`. The GenAI conventions are still marked Development: what is here is pinned, and changes with a release.

A run's trace id is the 128 bits of its root's ULID, so anybody who has the run id has the trace id, and the runs of
sub-agents lie in the trace of the run they came from. Nothing here holds content: the record has none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from aisecops.model.record import EventName as Name
from aisecops.model.value import Value

Event = Mapping[str, Any]
Attribute = str | bool | int | float | list[str]

CHAT, GENERATE_CONTENT, EMBEDDINGS = "chat", "generate_content", "embeddings"
EXECUTE_TOOL, INVOKE_AGENT = "execute_tool", "invoke_agent"
OPERATION_NAME, PROVIDER_NAME = "gen_ai.operation.name", "gen_ai.provider.name"
AGENT_ID, AGENT_NAME = "gen_ai.agent.id", "gen_ai.agent.name"
TOOL_NAME, TOOL_TYPE, TOOL_CALL_ID = "gen_ai.tool.name", "gen_ai.tool.type", "gen_ai.tool.call.id"
REQUEST_MODEL, RESPONSE_MODEL = "gen_ai.request.model", "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS, OUTPUT_TOKENS = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
SERVER_ADDRESS, SERVER_PORT = "server.address", "server.port"
METHOD, STATUS = "http.request.method", "http.response.status_code"
ERROR_TYPE = "error.type"

PROVIDERS = {
    "anthropic": "anthropic",
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock-anthropic": "aws.bedrock",
    "gemini": "gcp.gemini",
    "ollama": "ollama",
    "openai": "openai",
}
"""How the conventions call whoever speaks a dialect; a provider they do not know keeps its own name."""

OURS = "aisecops."
"""What the conventions have no name for: a run is a task and no thread of talk, so it is no conversation."""


MOST_TOLD = 100
"""Provenances, invocations and decisions that a run's span lists, the first ones; each is a log record too."""

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_ULID = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_CHARACTERS = 26
_TRACE_BYTES, _SPAN_BYTES = 16, 8

_ERRORS = frozenset({Name.RUN_HALTED, Name.RECORD_REPAIRED, Name.SYSTEM_PROMPT_CHANGED})
_ERRORS |= {Name.RETRIEVAL_POISONING_DETECTED, Name.MEMORY_POISONING_DETECTED}
_WARNINGS = frozenset({Name.RULES_REJECTED, Name.TOKEN_REJECTED, Name.TOKEN_DENIED, Name.BUDGET_EXCEEDED})
_WARNINGS |= {Name.EGRESS_BLOCKED, Name.MESSAGE_REFUSED, Name.OUTPUT_REJECTED, Name.EXCHANGE_CUT, Name.UNINSPECTED}
_WARNINGS |= {Name.INTEGRATION_CHANGED, Name.HUMAN_APPROVAL_REQUIRED, Name.APPROVAL_EXPIRED}
_STAYS = frozenset({"facts", "decision"})
"""What only the record holds: the whole facts of a decision, to make it again from."""


class TraceSpan(Value):
    """One span, finished. Times in milliseconds since the epoch; `links` are trace and span ids; ids are numbers."""

    name: str
    trace_id: int
    span_id: int
    start_ms: int
    end_ms: int
    parent_id: int | None = None
    outgoing: bool = False
    attributes: dict[str, Attribute] = {}
    links: tuple[tuple[int, int], ...] = ()
    error: str = ""


class LogLine(Value):
    """One event as a log record; `severity` is info, warn or error, `body` JSON only."""

    event_name: str
    at_ms: int
    severity: str
    body: dict[str, Any]
    attributes: dict[str, Attribute]
    trace_id: int = 0
    span_id: int = 0


def trace_id_of(root_run_id: str) -> int:
    """The trace of a tree of runs: its root's ULID as a number; of an id that holds none, a digest."""
    text = root_run_id.rpartition("_")[2]
    if len(text) == _ULID_CHARACTERS and set(text) <= set(_ULID):
        number = 0
        for letter in text:
            number = number * len(_ULID) + _ULID.index(letter)
        if 0 < number < 1 << 8 * _TRACE_BYTES:
            return number
    return _digest(root_run_id, _TRACE_BYTES)


def span_id_of(name: str) -> int:
    """The span of a run or of a decision: the same one whenever it is sent again."""
    return _digest(name, _SPAN_BYTES)


def _digest(text: str, size_bytes: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size_bytes]) or 1


def link_of(traceparent: str) -> tuple[tuple[int, int], ...]:
    """The span that an agent says its request came from; nothing for what is no `traceparent`."""
    found = _TRACEPARENT.fullmatch(traceparent)
    ids = (int(found[1], 16), int(found[2], 16)) if found else (0, 0)
    return (ids,) if all(ids) else ()


def ms_of(event: Event) -> int:
    """When it was recorded, in milliseconds since the epoch."""
    return round(datetime.fromisoformat(event["at"]).timestamp() * 1000)


# a step


def step_name(event: Event) -> str:
    """What the span of a decision is called."""
    match event["kind"]:
        case "model":
            return f"{_operation(event)} {event['facts']['request']['model']}".strip()
        case "source":
            return str(event.get("method") or "read")
        case _:
            return f"{EXECUTE_TOOL} {event['tool']}"


def _operation(event: Event) -> str:
    if event.get("embeds"):
        return EMBEDDINGS
    return GENERATE_CONTENT if event.get("dialect") == "gemini" else CHAT


def of_decision(event: Event) -> dict[str, Attribute]:
    """What the span of a decision says of the decision itself."""
    request = event["facts"]["request"]
    allowed = event["enforced"] == "allow"
    told = {
        AGENT_ID: event["agent_id"],
        SERVER_ADDRESS: event.get("host"),
        SERVER_PORT: request["port"] or None,
        METHOD: event.get("method"),
        f"{OURS}run_id": event["run_id"],
        f"{OURS}agent_id": event["agent_id"],
        f"{OURS}decision_id": event["decision_id"],
        f"{OURS}policy_version": event["policy_version"],
        f"{OURS}control": list(event["control"]),
        f"{OURS}verdict": event["verdict"],
        f"{OURS}enforced": event["enforced"],
        f"{OURS}code": event.get("code"),
        f"{OURS}rule": event.get("rule"),
        f"{OURS}effect": event.get("effect"),
        f"{OURS}scope": event.get("scope"),
        f"{OURS}token_id": event.get("jti"),
        f"{OURS}step_risk": float((event.get("risk") or {}).get("step", 0)),
        f"{OURS}cumulative_risk_score": float(event["total"] if allowed else event["before"]),
    }
    if event["kind"] == "model":
        told |= {OPERATION_NAME: CHAT, REQUEST_MODEL: request["model"], f"{OURS}prompt_hash": request["prompt_hash"]}
    elif event["kind"] != "source":
        told |= {OPERATION_NAME: EXECUTE_TOOL, TOOL_NAME: event["tool"]}
        told |= {TOOL_TYPE: "function" if event["kind"] == "local" else "extension"}
    if not allowed:
        told |= {ERROR_TYPE: event.get("code") or event["enforced"]}
    return _said(told)


def of_act(event: Event) -> dict[str, Attribute]:
    """What leaving adds: who was asked in which dialect, which call it is, where its words came from."""
    told: dict[str, Any] = {
        TOOL_CALL_ID: event.get("call_id"),
        f"{OURS}context_provenance": _provenances(event.get("context_provenance") or ()),
    }
    if event["event"] == Name.LLM_CALLED:
        dialect = str(event.get("dialect") or "")
        named = str(event["tool"]).partition(":")[2]
        provider = next((known for start, known in PROVIDERS.items() if dialect.startswith(start)), named)
        told |= {PROVIDER_NAME: provider, OPERATION_NAME: _operation(event)}
    return _said(told)


def of_return(event: Event) -> dict[str, Attribute]:
    """What came back of it."""
    usage = event.get("usage") or {}
    told = {
        STATUS: event.get("status") or None,
        RESPONSE_MODEL: event.get("model"),
        FINISH_REASONS: [event["finish"]] if event.get("finish") else None,
        INPUT_TOKENS: usage.get("input_tokens"),
        OUTPUT_TOKENS: usage.get("output_tokens"),
        f"{OURS}cost": event.get("cost"),
        f"{OURS}bytes": event.get("bytes"),
        f"{OURS}left": event.get("left"),
        f"{OURS}returned_tier": (event.get("provenance") or {}).get("tier"),
        f"{OURS}returned_source": (event.get("provenance") or {}).get("source"),
        ERROR_TYPE: event.get("refused") or ("failed" if event.get("failed") else None),
    }
    return _said(told)


def _provenances(pieces: Iterable[Mapping[str, Any]]) -> list[str]:
    told = []
    for piece in pieces:
        sources = ", ".join(str(origin["source"]) for origin in piece["origins"] if origin["source"])
        told.append(f"{piece['position']} {piece['tier']} {sources}".strip())
    return told[:MOST_TOLD]


# a run


def run_name(agent_id: str) -> str:
    """What the span of a run is called."""
    return f"{INVOKE_AGENT} {agent_id}".strip()


def of_run(export: Mapping[str, Any], *, outcome: str) -> dict[str, Attribute]:
    """The eight fields of spec 5.4 (`export` is a run's, as the record tells it), and how the run ended."""
    agent = export["agent_id"] or ""
    told: dict[str, Any] = {
        OPERATION_NAME: INVOKE_AGENT,
        AGENT_ID: agent,
        AGENT_NAME: agent,
        f"{OURS}root_run_id": export["root_run_id"],
        f"{OURS}outcome": outcome,
    }
    lists = {
        "context_provenance": [f"{one['tier']} {one['source']}" for one in export["context_provenance"]],
        "tool_invocations": [
            f"{one['tool']} {one.get('scope', '')} {one.get('status', '')}".strip()
            for one in export["tool_invocations"]
        ],
        "policy_decisions": [
            f"{one['decision_id']} {one['enforced']} {one.get('code') or ''}".strip()
            for one in export["policy_decisions"]
        ],
    }
    more = {f"{OURS}{name}_cut": True for name, told in lists.items() if len(told) > MOST_TOLD}
    eight: dict[str, Attribute] = {
        f"{OURS}run_id": export["run_id"],
        f"{OURS}agent_id": agent,
        f"{OURS}prompt_hash": export["prompt_hash"] or "",
        f"{OURS}cumulative_risk_score": float(export["cumulative_risk_score"]),
        **{f"{OURS}{name}": told[:MOST_TOLD] for name, told in lists.items()},
        **{f"{OURS}budget_consumption.{name}": used for name, used in export["budget_consumption"].items()},
    }
    return {**_said(told), **more, **eight}


# an event


def as_log(event: Event) -> LogLine:
    """`event` as a log record that lies in the trace of its run, at the span of its decision where it has one."""
    name = event["event"]
    run_id = event.get("run_id")
    decision_id = event.get("decision_id")
    told = {
        AGENT_ID: event.get("agent_id"),
        f"{OURS}seq": event["seq"],
        f"{OURS}control": list(event.get("control") or ()) or None,
        **{f"{OURS}{key}": event.get(key) for key in ("run_id", "decision_id", "policy_version")},
        **{f"{OURS}{key}": event.get(key) for key in ("tool", "verdict", "enforced", "code")},
    }
    return LogLine(
        event_name=f"{OURS}{name}",
        at_ms=ms_of(event),
        severity=_severity(event),
        body={key: value for key, value in event.items() if key not in _STAYS},
        attributes=_said(told),
        trace_id=trace_id_of(event.get("root_run_id") or run_id) if run_id else 0,
        span_id=span_id_of(decision_id or run_id) if run_id else 0,
    )


def _severity(event: Event) -> str:
    name = event["event"]
    if name in _ERRORS:
        return "error"
    refused = name == Name.DECISION and event.get("verdict") != "allow"
    return "warn" if refused or name in _WARNINGS else "info"


def _said(told: Mapping[str, Any]) -> dict[str, Attribute]:
    return {key: value for key, value in told.items() if value not in (None, "", [])}
