"""A run's story for people, from its events alone: when, what was asked, what was answered and why, what it came to.

Knows events and how they read in 80 columns. Nothing is told by colour alone, and nothing from outside reaches
the terminal as anything but printable text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aisecops.model.refusals import Code
from aisecops.model.value import Value

Event = dict[str, Any]

_BAR = 10
_STYLES = {
    "allow": "green",
    "hold": "yellow",
    "REFUSED": "bold red",
    "HALTED": "bold red",
    "blocked": "red",
    "CUT": "red",
    "UNREAD": "red",
}
_PHASES = {"run_started": "active", "run_resumed": "active", "run_halted": "halted", "run_finished": "finished"}
_TOLD_BY_THE_DECISION = {"tool_invoked", "llm_called", "source_read", "token_rejected", "budget_exceeded"}


class StoryLine(Value):
    """One thing that happened. `mark` is its one word, `why` the reasons below it, `risk` what the chain came to."""

    offset_ms: int
    mark: str
    words: str
    why: tuple[str, ...] = ()
    risk: str = ""
    seq: int = 0
    decision_id: str = ""


def story(events: Iterable[Event]) -> RenderableType:
    """The whole story of the run, or tree of runs, whose `events` these are, in order."""
    told = list(events)
    if not told:
        return Text("nothing is recorded of this run")
    return Group(_header(told), Text(), _timeline(story_lines(told)), Text(), _footer(told))


def story_lines(events: Iterable[Event]) -> list[StoryLine]:
    """One line for each event that says something of its own; in a tree of runs each names its run."""
    told = list(events)
    runs = {event["run_id"] for event in told}
    start = _ms(told[0]) if told else 0
    lines = []
    for event in told:
        if event["event"] in _TOLD_BY_THE_DECISION:
            continue
        mark, words, why = _WORDS.get(event["event"], _other)(_Said(event))
        if len(runs) > 1:
            words = f"[{str(event['run_id'])[-4:]}] {words}"
        risk = _risk(event) if event["event"] == "decision" else ""
        lines.append(
            StoryLine(
                offset_ms=_ms(event) - start,
                mark=mark,
                words=_clean(words),
                why=tuple(map(_clean, why)),
                risk=risk,
                seq=event.get("seq", 0),
                decision_id=(event.get("decision_id") or "") if event["event"] == "decision" else "",
            )
        )
    return lines


def _timeline(lines: Iterable[StoryLine]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), expand=False)
    table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    for line in lines:
        whys = [Padding(Text(why, "dim"), (0, 0, 0, 2)) for why in line.why]
        mark = Text(line.mark, _STYLES.get(line.mark, ""))
        table.add_row(_offset(line.offset_ms), mark, Group(Text(line.words), *whys), Text(line.risk))
    return table


def _header(told: list[Event]) -> Text:
    first = told[0]
    phase = next((_PHASES[event["event"]] for event in reversed(told) if event["event"] in _PHASES), "active")
    decisions = [event for event in told if event["event"] == "decision"]
    enforced = [event["enforced"] for event in decisions]
    text = Text(_clean(f"{first['run_id']}  {first['agent_id']}  "), style="bold")
    text.append(phase, style="bold red" if phase == "halted" else "bold")
    if first["root_run_id"] != first["run_id"]:
        text.append(_clean(f"\npart of {first['root_run_id']}"))
    text.append(f"\nfrom {first['at'][:19].replace('T', ' ')} UTC, for {_lasted(_ms(told[-1]) - _ms(first))}")
    text.append(
        f"\n{_counted(len(decisions), 'decision')}: {enforced.count('allow')} allowed,"
        f" {enforced.count('hold')} held, {enforced.count('deny')} refused"
    )
    return text


def _footer(told: list[Event]) -> Text:
    left = {e["decision_id"] for e in told if e["event"].endswith("_returned") and e.get("left") is False}
    done = [e for e in told if e["event"] == "tool_invoked" and e["decision_id"] not in left]
    cost = sum(e.get("cost", 0) for e in told if e["event"].endswith("_returned"))
    writes = sum(e.get("effect") in {"write", "memory-write"} for e in done)
    models = sum(e["event"] == "llm_called" and e["decision_id"] not in left for e in told)
    calls = f"{_counted(len(done), 'tool call')}, {_counted(writes, 'write')} among them"
    text = Text(f"used: {calls}, {_counted(models, 'model call')}, cost {_number(cost)}")
    last = next((event for event in reversed(told) if event["event"] == "decision"), None)
    if last is not None:
        text.append(
            f"\nrisk: {_number(_total(last))}, a person is asked above {_number(last['approve_above'])},"
            f" halted above {_number(last['halt_above'])}"
        )
    return text


# what each event says: its mark, its words, why


def _decision(event: Event) -> tuple[str, str, list[str]]:
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
        factors = [f"{_number(risk['base'])} base"]
        factors += [f"{_number(risk[name])} {name}" for name in ("escalation", "trust", "stress") if risk[name] != 1]
        why.append(f"risk {_number(risk['step'])} = {' x '.join(factors)}")
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
    return f"{position} {span} looks like {sign['detector']}, {_number(sign['score'])}{why}"


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


def _returned(event: Event) -> tuple[str, str, list[str]]:
    took = f" in {_lasted(event['duration_ms'])}" if "duration_ms" in event else ""
    if event.get("failed"):
        gone = "left, but no answer came" if event.get("left") else "never left"
        return "failed", f"{event.get('tool', '')} {gone}{took}: {event['failed']}", []
    parts = [f"{event.get('tool') or event.get('model', '')} answered {event.get('status', '')}{took}"]
    if event.get("usage"):
        usage = event["usage"]
        parts.append(f"{usage['input_tokens']} + {usage['output_tokens']} model tokens")
    if event.get("cost"):
        parts.append(f"cost {_number(event['cost'])}")
    why = [f"withheld from the agent: {_title(event['refused'])}"] if event.get("refused") else []
    if event.get("complete") is False:
        why.append(f"broke off after {_counted(event['bytes'], 'byte')}, and did not look whole to the agent")
    if (provenance := event.get("provenance")) is not None:
        where = f"{provenance['source']} ({provenance['id']})"
        why.append(f"known from now on as {provenance['tier']} content from {where}")
    return "answer", ", ".join(parts), why


def _token(event: Event) -> tuple[str, str, list[str]]:
    until = event.get("expires_at")
    return "token", f"{event['tool']} on {event['scope']}, {event['jti']}", [f"until {_clock(until)}"] if until else []


def _token_denied(event: Event) -> tuple[str, str, list[str]]:
    return "REFUSED", f"a token for {event['tool']} on {event['scope']}", [_reason(event)]


def _output_rejected(event: Event) -> tuple[str, str, list[str]]:
    mark = "REFUSED" if event["enforced"] == "deny" else "note"
    return mark, f"what {_to(event)} answered is not what was asked for", [event["why"]]


def _cut(event: Event) -> tuple[str, str, list[str]]:
    return "CUT", f"{_to(event)} cut while it was open: {_title(event['code'])}", [event["why"]]


def _message(event: Event) -> tuple[str, str, list[str]]:
    return "message", f"{_counted(event['bytes'], 'byte')} to {_to(event)} passed", []


def _message_refused(event: Event) -> tuple[str, str, list[str]]:
    what = f"a message of {_counted(event['bytes'], 'byte')} to {_to(event)}: {_title(event['code'])}"
    return "REFUSED", what, ["it never left; the WebSocket was closed"]


def _uninspected(event: Event) -> tuple[str, str, list[str]]:
    why = "the rules let it: `egress: {unread: allow}`"
    return "UNREAD", f"{_counted(event['bytes'], 'byte')} left unread to {_to(event)} ({event['reason']})", [why]


def _memory(event: Event) -> tuple[str, str, list[str]]:
    what = event.get("argument") or event.get("destination") or event.get("item") or event.get("position") or "text"
    why = [str(event["why"])] if event.get("why") else []
    return "MEMORY", f"`{what}` comes from {event['source']}", why


def _to(event: Event) -> str:
    return str(event.get("tool") or event["host"])


def _findings(mark: str) -> Callable[[Event], tuple[str, str, list[str]]]:
    def told(event: Event) -> tuple[str, str, list[str]]:
        findings = event.get("findings", ())
        words = ", ".join(f"{found['entity']} in {found['where']}{_how(found)}" for found in findings)
        rules = dict.fromkeys(found["rule"] for found in findings if found.get("rule"))
        return mark, words or "content", [f"by {rule}" for rule in rules]

    return told


def _how(finding: dict[str, Any]) -> str:
    return " by a stand-in" if finding.get("action") == "pseudonymise" else ""


_DONE = {"hold": "held", "count": "counted", "allow": "allowed"}


def _found(finding: dict[str, Any]) -> str:
    """One finding that was left as it is, and why."""
    by = finding.get("allowed_by") or finding.get("rule")
    done = _DONE.get(finding["action"], finding["action"])
    return f"{finding['entity']} in {finding['where']} {done}{f' by {by}' if by else ''}"


def _simple(mark: str, words: str) -> Callable[[Event], tuple[str, str, list[str]]]:
    """`words` with the event's fields in place; its `why` below."""

    def told(event: Event) -> tuple[str, str, list[str]]:
        return mark, words.format_map(event).strip(), [str(event["why"])] if event.get("why") else []

    return told


def _adjusted(event: Event) -> tuple[str, str, list[str]]:
    moved = [f"{one} {event[one]['was']:+g} to {event[one]['now']:+g}" for one in ("base", "trust") if one in event]
    what = f"{event.get('tool') or 'all tools'}: {', '.join(moved)}" if moved else f"now {event.get('total', '?')}"
    return "risk", f"{what}, by {event.get('by', '?')}", [str(event["why"])] if event.get("why") else []


def _resumed(event: Event) -> tuple[str, str, list[str]]:
    more = f", and may take on {_number(event['allowance'])} more" if event.get("allowance") else ""
    return "resume", f"by {event.get('by', '?')}{more}", [str(event["why"])] if event.get("why") else []


class _Said(dict[str, Any]):
    """An event that says `?` for what it does not hold: an older record must still tell its story."""

    def __missing__(self, key: str) -> str:
        return "?"


def _other(event: Event) -> tuple[str, str, list[str]]:
    return "note", event["event"].replace("_", " "), []


_WORDS: dict[str, Callable[[Event], tuple[str, str, list[str]]]] = {
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


def _total(decision: Event) -> float:
    """What the chain has come to with this decision: what was refused does not count."""
    counted: float = decision["total"] if decision["enforced"] == "allow" else decision["before"]
    return counted


def _risk(decision: Event) -> str:
    """The sum so far, or would be, as a number and as a bar to the halt line; `|` is where a person is asked."""
    total, halt, approve = decision["total"], decision["halt_above"], decision["approve_above"]
    filled = min(_BAR, round(_BAR * total / halt)) if halt else _BAR
    bar = ["█" if at < filled else "·" for at in range(_BAR)]
    bar.insert(min(_BAR, round(_BAR * approve / halt)) if halt else 0, "|")
    return f"{_number(total):>6} {''.join(bar)}"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _number(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _ms(event: Event) -> int:
    return round(datetime.fromisoformat(event["at"]).timestamp() * 1000)


def _offset(ms: int) -> str:
    seconds = ms / 1000
    if seconds < 100:  # noqa: PLR2004 - from there on tenths say nothing
        return f"+{seconds:.1f}s"
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"+{hours}h{minutes:02d}m" if hours else f"+{minutes}m{seconds:02d}s"


def _lasted(ms: int) -> str:
    return f"{ms} ms" if ms < 1000 else _offset(ms)[1:]  # noqa: PLR2004 - a second


def _clock(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%H:%M:%S UTC")


def _clean(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
