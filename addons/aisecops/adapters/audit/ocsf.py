"""Events of the record as OCSF events, for SIEMs (OBS-4): the only file with that schema's names and numbers.

Each event keeps everything it said under `unmapped`; an event that this version does not know is a Base Event.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Any, NamedTuple

from aisecops import __version__
from aisecops.model.record import EventName as Name

Event = dict[str, Any]

VERSION = "1.6.0"
BASE, DETECTION_FINDING, AUTHORIZE_SESSION, ENTITY_MANAGEMENT, API_ACTIVITY = 0, 2004, 3003, 3004, 6003
"""Class ids; the thousands are the category."""

_PRODUCT = "aisecops"
_OTHER = 99
_INFORMATIONAL, _LOW, _MEDIUM, _HIGH = 1, 2, 3, 4
_SUCCESS, _FAILURE = 1, 2
_NEW = 1
_CREATE, _READ, _UPDATE, _DELETE, _ACTIVATE, _DEACTIVATE, _SUSPEND, _RESUME = 1, 2, 3, 4, 10, 11, 12, 13
_ASSIGN_PRIVILEGES = 1
_OF_METHODS = {"POST": _CREATE, "DELETE": _DELETE}
_OF_AN_AGENT = frozenset({"run", "plan", "threat model"})
_READS = frozenset({"read", "memory-read"})

_ALLOWED, _DENIED, _OBSERVED, _MODIFIED = 1, 2, 3, 4
_BLOCKED, _CORRECTED, _DELAYED, _LOGGED = 2, 11, 14, 17


class _As(NamedTuple):
    """What an event is there: class, activity (None: as its effect says), severity, whether it is a failure."""

    class_uid: int
    activity: int | None = _OTHER
    severity: int = _INFORMATIONAL
    fails: bool = False
    entity: str = ""


_EVENTS = {
    Name.RUN_STARTED: _As(ENTITY_MANAGEMENT, _ACTIVATE, entity="run"),
    Name.RUN_FINISHED: _As(ENTITY_MANAGEMENT, _DEACTIVATE, entity="run"),
    Name.RUN_HALTED: _As(ENTITY_MANAGEMENT, _SUSPEND, _HIGH, entity="run"),
    Name.RUN_RESUMED: _As(ENTITY_MANAGEMENT, _RESUME, entity="run"),
    Name.RISK_ADJUSTED: _As(ENTITY_MANAGEMENT, _UPDATE, entity="run"),
    Name.PLAN_JUDGED: _As(ENTITY_MANAGEMENT, _CREATE, entity="plan"),
    Name.HUMAN_APPROVAL_REQUIRED: _As(ENTITY_MANAGEMENT, _CREATE, _LOW, entity="approval"),
    Name.APPROVAL_GRANTED: _As(ENTITY_MANAGEMENT, _UPDATE, entity="approval"),
    Name.APPROVAL_DENIED: _As(ENTITY_MANAGEMENT, _UPDATE, _LOW, entity="approval"),
    Name.APPROVAL_EXPIRED: _As(ENTITY_MANAGEMENT, _DEACTIVATE, _LOW, entity="approval"),
    Name.INTEGRATION_FIRST_SEEN: _As(ENTITY_MANAGEMENT, _CREATE, _LOW, entity="integration"),
    Name.INTEGRATION_CHANGED: _As(ENTITY_MANAGEMENT, _UPDATE, _MEDIUM, entity="integration"),
    Name.INTEGRATION_ACCEPTED: _As(ENTITY_MANAGEMENT, _UPDATE, entity="integration"),
    Name.RULES_RELOADED: _As(ENTITY_MANAGEMENT, _UPDATE, entity="rules"),
    Name.RULES_REJECTED: _As(ENTITY_MANAGEMENT, _UPDATE, _MEDIUM, fails=True, entity="rules"),
    Name.RECORD_REPAIRED: _As(ENTITY_MANAGEMENT, _UPDATE, _HIGH, entity="record"),
    Name.RECORD_REMOVED: _As(ENTITY_MANAGEMENT, _DELETE, _HIGH, entity="record"),
    Name.RUNS_FORGOTTEN: _As(ENTITY_MANAGEMENT, _DELETE, _INFORMATIONAL, entity="run"),
    Name.THREAT_MODEL_SIGNED: _As(ENTITY_MANAGEMENT, _CREATE, entity="threat model"),
    Name.EVALUATION_OPENED: _As(ENTITY_MANAGEMENT, _ACTIVATE, _LOW, entity="evaluation"),
    Name.EVALUATION_CLOSED: _As(ENTITY_MANAGEMENT, _DEACTIVATE, entity="evaluation"),
    Name.RELEASE_GATE_FINISHED: _As(ENTITY_MANAGEMENT, _CREATE, entity="release gate"),
    Name.EVALUATION_FINISHED: _As(ENTITY_MANAGEMENT, _CREATE, entity="evaluation"),
    Name.PERMISSIONS_ACCEPTED: _As(ENTITY_MANAGEMENT, _UPDATE, entity="rules"),
    Name.RULES_SUGGESTED: _As(ENTITY_MANAGEMENT, _CREATE, entity="proposal"),
    Name.MATURITY_ASSESSED: _As(ENTITY_MANAGEMENT, _CREATE, entity="assessment"),
    Name.MATURITY_REVIEWED: _As(ENTITY_MANAGEMENT, _UPDATE, entity="assessment"),
    Name.DECLARATION_SIGNED: _As(ENTITY_MANAGEMENT, _CREATE, entity="declaration"),
    Name.TOKEN_ISSUED: _As(AUTHORIZE_SESSION, _ASSIGN_PRIVILEGES),
    Name.TOKEN_DENIED: _As(AUTHORIZE_SESSION, _ASSIGN_PRIVILEGES, _LOW, fails=True),
    Name.TOKEN_REJECTED: _As(AUTHORIZE_SESSION, _OTHER, _MEDIUM, fails=True),
    Name.TOKEN_REVOKED: _As(AUTHORIZE_SESSION, _OTHER, _LOW),
    Name.DECISION: _As(API_ACTIVITY, None),
    Name.LLM_CALLED: _As(API_ACTIVITY, None),
    Name.LLM_RETURNED: _As(API_ACTIVITY),
    Name.OUTPUT_REJECTED: _As(API_ACTIVITY, _OTHER, _MEDIUM, fails=True),
    Name.TOOL_PROPOSED: _As(API_ACTIVITY),
    Name.TOOL_INVOKED: _As(API_ACTIVITY, None),
    Name.TOOL_RETURNED: _As(API_ACTIVITY),
    Name.SOURCE_READ: _As(API_ACTIVITY, None),
    Name.MESSAGE_PASSED: _As(API_ACTIVITY),
    Name.MESSAGE_REFUSED: _As(API_ACTIVITY, _OTHER, _LOW, fails=True),
    Name.EXCHANGE_CUT: _As(API_ACTIVITY, _OTHER, _MEDIUM, fails=True),
    Name.UNINSPECTED: _As(API_ACTIVITY, _OTHER, _MEDIUM),
    Name.RETRIEVAL_POISONING_DETECTED: _As(DETECTION_FINDING, _CREATE, _HIGH),
    Name.MEMORY_POISONING_DETECTED: _As(DETECTION_FINDING, _CREATE, _HIGH),
    Name.SYSTEM_PROMPT_CHANGED: _As(DETECTION_FINDING, _CREATE, _HIGH),
    Name.EGRESS_BLOCKED: _As(DETECTION_FINDING, _CREATE, _MEDIUM),
    Name.EGRESS_MASKED: _As(DETECTION_FINDING, _CREATE, _LOW),
    Name.BUDGET_EXCEEDED: _As(DETECTION_FINDING, _CREATE, _MEDIUM),
}


def as_ocsf(event: Event) -> Event:
    """`event` (a line of the record) as one OCSF event, JSON only. Times are in milliseconds."""
    name = event["event"]
    known = _EVENTS.get(name, _As(BASE))
    activity = _by_effect(event) if known.activity is None else known.activity
    told = {
        "class_uid": known.class_uid,
        "category_uid": known.class_uid // 1000,
        "activity_id": activity,
        "activity_name": name if activity == _OTHER else None,
        "type_uid": known.class_uid * 100 + activity,
        "time": int(datetime.fromisoformat(event["at"]).timestamp() * 1000),
        "severity_id": _severity(event, known),
        "status_id": _status(event, known),
        "status_code": event.get("code"),
        "status_detail": event.get("detail") or event.get("why"),
        "message": name.replace("_", " "),
        "metadata": _told_about(event),
        **_OF_CLASSES[known.class_uid](event, known),
        "unmapped": event,
    }
    return {key: value for key, value in told.items() if value is not None}


def _told_about(event: Event) -> Event:
    told = {
        "version": VERSION,
        "product": {"name": _PRODUCT, "vendor_name": _PRODUCT, "version": __version__},
        "event_code": event["event"],
        "log_name": "record",
        "original_time": event["at"],
        "sequence": event["seq"],
        "correlation_uid": event.get("root_run_id") or event.get("run_id"),
        "profiles": ["security_control"] if _control(event) else None,
    }
    return {key: value for key, value in told.items() if value is not None}


def _by_effect(event: Event) -> int:
    """Which of create, read, update and delete a step is."""
    if event.get("effect") in _READS:
        return _READ
    return _OF_METHODS.get(str(event.get("method")), _UPDATE)


def _severity(event: Event, known: _As) -> int:
    refused = event["event"] == Name.DECISION and event.get("verdict") != "allow"
    return max(known.severity, _LOW) if refused else known.severity


def _status(event: Event, known: _As) -> int:
    if known.class_uid == DETECTION_FINDING:
        return _NEW
    refused = event["event"] == Name.DECISION and event.get("enforced") != "allow"
    failed = known.fails or refused or event.get("failed") or event.get("refused")
    return _FAILURE if failed else _SUCCESS


def _control(event: Event) -> Event:
    """What the gateway did about it, in the words of the profile for security controls; empty where nothing was."""
    match event["event"]:
        case Name.DECISION:
            return _of_verdicts(str(event.get("verdict")), str(event.get("enforced")))
        case Name.EGRESS_MASKED:
            return {"action_id": _MODIFIED, "disposition_id": _CORRECTED}
        case Name.MESSAGE_REFUSED | Name.OUTPUT_REJECTED | Name.EXCHANGE_CUT | Name.TOKEN_REJECTED | Name.TOKEN_DENIED:
            return {"action_id": _DENIED, "disposition_id": _BLOCKED}
        case _:
            return {}


def _of_verdicts(verdict: str, enforced: str) -> Event:
    if enforced != "allow":
        return {"action_id": _DENIED, "disposition_id": _DELAYED if enforced == "hold" else _BLOCKED}
    if verdict != "allow":
        return {"action_id": _OBSERVED, "disposition_id": _LOGGED}
    return {"action_id": _ALLOWED, "disposition_id": _ALLOWED}


def _who(event: Event) -> str:
    return str(event.get("agent_id") or _PRODUCT)


def _actor(event: Event) -> Event:
    session = {"session": {"uid": event["run_id"]}} if event.get("run_id") else {}
    return {"app_name": _who(event), **session}


def _api(event: Event, known: _As) -> Event:
    del known
    status = event.get("status")
    return {
        "actor": _actor(event),
        "api": _operation(event),
        "src_endpoint": {"name": _who(event)},
        "dst_endpoint": _endpoint(str(event["host"])) if event.get("host") else None,
        "http_request": {"http_method": event["method"]} if event.get("method") else None,
        "http_response": {"code": status} if isinstance(status, int) else None,
        "duration": event["duration_ms"] if isinstance(event.get("duration_ms"), int) else None,
        **_control(event),
    }


def _operation(event: Event) -> Event:
    return {"operation": str(event.get("tool") or event.get("proposed") or event["event"])}


def _endpoint(host: str) -> Event:
    try:
        return {"ip": str(ip_address(host.strip("[]")))}
    except ValueError:
        return {"hostname": host}


def _finding(event: Event, known: _As) -> Event:
    del known
    title = event["event"].replace("_", " ")
    info = {"uid": f"{event.get('decision_id') or 'seq'}:{event['seq']}", "title": title, "types": [event["event"]]}
    evidence = {"actor": _actor(event), "api": _operation(event)}
    return {"finding_info": info, "is_alert": True, "evidences": [evidence], **_control(event)}


def _session(event: Event, known: _As) -> Event:
    del known
    privilege = " ".join(str(event[name]) for name in ("tool", "scope") if event.get(name))
    session = {"uid": event["jti"]} if event.get("jti") else None
    return {
        "user": {"name": _who(event), "uid": _who(event)},
        "privileges": [privilege or "capability token"],
        "session": session,
        **_control(event),
    }


def _entity(event: Event, known: _As) -> Event:
    uid = {
        "run": event.get("run_id"),
        "plan": event.get("run_id"),
        "approval": event.get("approval_id"),
        "integration": event.get("integration"),
        "rules": event.get("policy_version"),
        "threat model": event.get("digest"),
        "evaluation": event.get("digest"),
    }.get(known.entity)
    name = _who(event) if known.entity in _OF_AN_AGENT else str(uid or known.entity)
    entity = {"type": known.entity, "name": name, **({"uid": uid} if uid else {})}
    by = {"user": {"name": str(event["by"])}} if event.get("by") else {}
    return {"entity": entity, "actor": {**_actor(event), **by}, "comment": event.get("note")}


def _nothing_more(event: Event, known: _As) -> Event:
    del event, known
    return {}


_OF_CLASSES: dict[int, Callable[[Event, _As], Event]] = {
    BASE: _nothing_more,
    DETECTION_FINDING: _finding,
    AUTHORIZE_SESSION: _session,
    ENTITY_MANAGEMENT: _entity,
    API_ACTIVITY: _api,
}
