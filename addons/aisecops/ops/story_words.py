"""What each event says in a run's story: its one mark, its words, and why.

Knows events and the numbers and times in them, as people read them. Which events there are, and in what order, is
`story.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aisecops.model.refusals import Code

type Event = dict[str, Any]
type Told = tuple[str, str, list[str]]

_DONE = {"hold": "held", "count": "counted", "allow": "allowed"}


def said_of(event: Event) -> Told:
    """What `event` says. What it does not hold it says as `?`."""
    return _WORDS.get(event["event"], _other)(_Said(event))


def _decision(event: Event) -> Told:
    mark = {"allow": "allow", "hold": "hold"}.get(event["enforced"], "REFUSED")
    words = f"{event['tool']} {event['scope']}".strip()
    if event["kind"] == "model":
        request = event["facts"]["request"]
        words = f"{event['tool']} {request['model']}".strip()
    elif event["kind"] == "source":
        words = f"read {event['host']}"
    why = [_reason(reason) for reason in event["reasons"]]
    why += _descent(event["facts"].get("descent") or {})
    why += [_found(finding) for finding in event.get("findings", ())]
    if link := (event["facts"].get("descent") or {}).get("proposal"):
        why += _proposal(link)
    if event["verdict"] != event["enforced"]:
        why.append(f"only observed: the rules say {event['verdict']}")
    if (approval := event["facts"].get("approval")) is not None:
        why.append(f"approved by {approval['approved_by']}")
    if (risk := event.get("risk")) is not None and risk["step"]:
        factors = [f"{number(risk['base'])} base"]
        factors += [f"{number(risk[name])} {name}" for name in ("escalation", "trust", "stress") if risk[name] != 1]
        why.append(f"risk {number(risk['step'])} = {' x '.join(factors)}")
    return mark, words, why


def _descent(descent: dict[str, Any]) -> list[str]:
    """The path that untrusted words took: from where they came in to the argument that they fill."""
    told = []
    for segment in descent.get("segments", ()):
        for stretch in segment["stretches"]:
            span = f"{stretch['span']['start']} to {stretch['span']['end']}"
            source = stretch.get("source") or "an unknown place"
            name = f" ({stretch['origin_id']})" if stretch.get("origin_id") else ""
            told.append(f"{segment['position']} {span} is {stretch['tier']} content from {source}{name}")
    for argument in descent.get("arguments", ()):
        if argument["source"] == "untrusted" or argument.get("echoes"):
            source = argument.get("origin") or "an unknown place"
            name = f" ({argument['origin_id']})" if argument.get("origin_id") else ""
            how = "is a trusted field's alone, and is named too by" if argument.get("echoes") else "comes from"
            told.append(f"argument `{argument['name']}` {how} {source}{name}")
    for piece in descent.get("suspected", ()):
        told += [_suspicion(piece["position"], sign) for sign in piece["found"]]
    return told


def _suspicion(position: str, sign: dict[str, Any]) -> str:
    """What a detector saw where; of a learned one, the kinds of words that weighed most."""
    why = f": {', '.join(sign['traits'])}" if sign.get("traits") else ""
    span = f"{sign['span']['start']} to {sign['span']['end']}"
    return f"{position} {span} looks like {sign['detector']}, {number(sign['score'])}{why}"


def _proposal(link: dict[str, Any]) -> list[str]:
    """Which call of a model a tool request is of."""
    call = f"`{link.get('name')}`" + (f" ({link['call_id']})" if link.get("call_id") else "")
    if not link["found"]:
        where = link.get("decision_id")
        return [f"the model's call {call} in answer to {where} was withdrawn" if where else "no model proposed it"]
    told = [f"proposed by the model as {call} in answer to {link['decision_id']}"]
    if link.get("differs"):
        told.append(f"the proposal says otherwise, or nothing, of: {', '.join(link['differs'])}")
    return told


def _returned(event: Event) -> Told:
    took = f" in {lasted(event['duration_ms'])}" if "duration_ms" in event else ""
    if event.get("failed"):
        gone = "left, but no answer came" if event.get("left") else "never left"
        return "failed", f"{event.get('tool', '')} {gone}{took}: {event['failed']}", []
    parts = [f"{event.get('tool') or event.get('model', '')} answered {event.get('status', '')}{took}"]
    if event.get("usage"):
        usage = event["usage"]
        parts.append(f"{usage['input_tokens']} + {usage['output_tokens']} model tokens")
    if event.get("cost"):
        parts.append(f"cost {number(event['cost'])}")
    why = [f"withheld from the agent: {_title(event['refused'])}"] if event.get("refused") else []
    if event.get("complete") is False:
        why.append(f"broke off after {counted(event['bytes'], 'byte')}, and did not look whole to the agent")
    if (provenance := event.get("provenance")) is not None:
        where = f"{provenance['source']} ({provenance['id']})"
        why.append(f"known from now on as {provenance['tier']} content from {where}")
    return "answer", ", ".join(parts), why


def _token(event: Event) -> Told:
    until = event.get("expires_at")
    return "token", f"{event['tool']} on {event['scope']}, {event['jti']}", [f"until {clock(until)}"] if until else []


def _token_denied(event: Event) -> Told:
    return "REFUSED", f"a token for {event['tool']} on {event['scope']}", [_reason(event)]


def _output_rejected(event: Event) -> Told:
    mark = "REFUSED" if event["enforced"] == "deny" else "note"
    return mark, f"what {_to(event)} answered is not what was asked for", [event["why"]]


def _cut(event: Event) -> Told:
    return "CUT", f"{_to(event)} cut while it was open: {_title(event['code'])}", [event["why"]]


def _message(event: Event) -> Told:
    return "message", f"{counted(event['bytes'], 'byte')} to {_to(event)} passed", []


def _message_refused(event: Event) -> Told:
    what = f"a message of {counted(event['bytes'], 'byte')} to {_to(event)}: {_title(event['code'])}"
    return "REFUSED", what, ["it never left; the WebSocket was closed"]


def _uninspected(event: Event) -> Told:
    why = "the rules let it: `egress: {unread: allow}`"
    return "UNREAD", f"{counted(event['bytes'], 'byte')} left unread to {_to(event)} ({event['reason']})", [why]


def _memory(event: Event) -> Told:
    what = event.get("argument") or event.get("destination") or event.get("item") or event.get("position") or "text"
    why = [str(event["why"])] if event.get("why") else []
    return "MEMORY", f"`{what}` comes from {event['source']}", why


def _to(event: Event) -> str:
    return str(event.get("tool") or event["host"])


def _findings(mark: str) -> Callable[[Event], Told]:
    def told(event: Event) -> Told:
        findings = event.get("findings", ())
        words = ", ".join(f"{found['entity']} in {found['where']}{_how(found)}" for found in findings)
        rules = dict.fromkeys(found["rule"] for found in findings if found.get("rule"))
        return mark, words or "content", [f"by {rule}" for rule in rules]

    return told


def _how(finding: dict[str, Any]) -> str:
    return " by a stand-in" if finding.get("action") == "pseudonymise" else ""


def _found(finding: dict[str, Any]) -> str:
    """One finding that was left as it is, and why."""
    by = finding.get("allowed_by") or finding.get("rule")
    done = _DONE.get(finding["action"], finding["action"])
    return f"{finding['entity']} in {finding['where']} {done}{f' by {by}' if by else ''}"


def _simple(mark: str, words: str) -> Callable[[Event], Told]:
    """`words` with the event's fields in place; its `why` below."""

    def told(event: Event) -> Told:
        return mark, words.format_map(event).strip(), [str(event["why"])] if event.get("why") else []

    return told


def _adjusted(event: Event) -> Told:
    moved = [f"{one} {event[one]['was']:+g} to {event[one]['now']:+g}" for one in ("base", "trust") if one in event]
    what = f"{event.get('tool') or 'all tools'}: {', '.join(moved)}" if moved else f"now {event.get('total', '?')}"
    return "risk", f"{what}, by {event.get('by', '?')}", [str(event["why"])] if event.get("why") else []


def _resumed(event: Event) -> Told:
    more = f", and may take on {number(event['allowance'])} more" if event.get("allowance") else ""
    return "resume", f"by {event.get('by', '?')}{more}", [str(event["why"])] if event.get("why") else []


class _Said(dict[str, Any]):
    """An event that says `?` for what it does not hold: an older record must still tell its story."""

    def __missing__(self, key: str) -> str:
        return "?"


def _other(event: Event) -> Told:
    return "note", event["event"].replace("_", " "), []


_WORDS: dict[str, Callable[[Event], Told]] = {
    "decision": _decision,
    "tool_returned": _returned,
    "llm_returned": _returned,
    "token_issued": _token,
    "token_denied": _token_denied,
    "token_revoked": _simple("token", "{jti} revoked by {by}"),
    "run_started": _simple("start", "opened by {opened_by}"),
    "run_finished": _simple("end", "closed by {by}"),
    "run_halted": _simple("HALTED", "by {by}"),
    "run_resumed": _resumed,
    "plan_judged": _simple("plan", "{verdict}, comes to {total}"),
    "output_rejected": _output_rejected,
    "tool_proposed": _simple("model", "proposes {proposed}"),
    "human_approval_required": _simple("ask", "waits for a person: {approval_id}"),
    "approval_granted": _simple("yes", "{by} approves {approval_id}"),
    "approval_denied": lambda e: _simple("no", "{by} denies {approval_id}" if e["approval_id"] else "at once")(e),
    "approval_expired": _simple("no", "nobody answered {approval_id} in time"),
    "egress_blocked": _findings("blocked"),
    "egress_masked": _findings("replaced"),
    "exchange_cut": _cut,
    "message_passed": _message,
    "message_refused": _message_refused,
    "uninspected": _uninspected,
    "memory_poisoning_detected": _memory,
    "system_prompt_changed": _simple("PROMPT", "the system prompt is not the pinned one: {now}"),
    "integration_first_seen": _simple("new", "{integration} is used for the first time"),
    "integration_changed": _simple("CHANGED", "{integration} is not as it was pinned"),
    "risk_adjusted": _adjusted,
}


def _reason(reason: Event) -> str:
    rule = f" ({reason['rule']})" if reason.get("rule") else ""
    return f"{_title(reason['code'])}: {reason['detail']}{rule}"


def _title(code: str) -> str:
    return code.replace("_", " ") if code in set(Code) else code


def counted(count: int, thing: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def number(value: float) -> str:
    """As short as it is exact to three places."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def offset(ms: int) -> str:
    """How long after the beginning: `+3.2s`, `+2m05s`."""
    seconds = ms / 1000
    if seconds < 100:  # noqa: PLR2004 - from there on tenths say nothing
        return f"+{seconds:.1f}s"
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"+{hours}h{minutes:02d}m" if hours else f"+{minutes}m{seconds:02d}s"


def lasted(ms: int) -> str:
    """How long something took."""
    return f"{ms} ms" if ms < 1000 else offset(ms)[1:]  # noqa: PLR2004 - a second


def clock(at_s: float) -> str:
    """A time of the day."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%H:%M:%S UTC")
