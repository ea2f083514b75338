"""Changes to the rules that the record speaks for, each with its evidence: for people, who decide.

A proposer looks at events and gives suggestions; a new one is a function and its place in the list of the command.
Nothing here changes a rule. What is proposed is narrow: as narrow as what was seen.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from aisecops.model.entities import CANARY, GROUPS, PLANTED
from aisecops.model.field import covers_field, read_field
from aisecops.model.rules import RuleSet
from aisecops.model.value import Value

Event = dict[str, Any]

LEAST = 3
"""How often a finding stood in the way before somebody is asked about it; once is enough when a person said yes."""
MANY = 10
"""So many values of one kind in one field of one agent are the field's doing."""
LASTS = timedelta(days=90)
_SECRET = GROUPS["SECRET"] | frozenset(PLANTED)
_STOPPED = ("block", "hold", "mask")
_BODY = "body:"


class Suggestion(Value):
    """One entry for the list `section` of the rules. `weakens`: with it something passes that does not now."""

    section: str
    entry: dict[str, Any]
    evidence: tuple[str, ...]
    weakens: bool = False


class Suggested(Value):
    """All of a proposer's suggestions, and what it leaves out without saying it in one of them."""

    found: tuple[Suggestion, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Seen:
    """One value, kind, agent and field, as often as it was found."""

    done: Counter[str] = field(default_factory=Counter)
    runs: set[str] = field(default_factory=set)
    first: str = ""
    last: str = ""
    decisions: set[str] = field(default_factory=set)

    def add(self, event: Event, done: str) -> None:
        self.done[done] += 1
        self.runs.add(str(event.get("run_id")))
        self.decisions.add(str(event.get("decision_id")))
        self.first, self.last = self.first or event["at"], event["at"]

    @property
    def stopped(self) -> int:
        return sum(self.done[one] for one in _STOPPED)


type _Name = tuple[str, str, str, str]  # entity, fingerprint, agent, field


def allowances(
    events: Iterable[Event], rules: RuleSet | None, *, today: date, secrets: bool, reason: str = ""
) -> Suggested:
    """Findings that stood in the way again and again, or that a person let pass, as entries of `egress.allow`.

    Never one that a person said no to, nor one that `rules` allow already. Secret kinds only with `secrets`, and then
    each says so.
    """
    seen, answers = _gathered(events)
    found: list[Suggestion] = []
    left_out = 0
    by_field: dict[tuple[str, str, str], list[tuple[_Name, _Seen]]] = {}
    for name, one in seen.items():
        yes, no = _answered(one, answers)
        if name[0] == CANARY or no or (one.stopped < LEAST and not yes) or not one.stopped or _allowed(rules, name):
            continue
        if name[0] in _SECRET and not secrets:
            left_out += 1
            continue
        by_field.setdefault((name[0], name[2], name[3]), []).append((name, one))
    for (entity, agent, where), several in by_field.items():
        if len(several) >= MANY and entity not in _SECRET and where:
            found.append(_suggestion((entity, "", agent, where), [one for _, one in several], answers, today, reason))
        else:
            found += [_suggestion(name, [one], answers, today, reason) for name, one in several]
    notes = (f"{left_out} of secret kinds are left out; `--secrets` shows them",) if left_out else ()
    return Suggested(found=tuple(found), notes=notes)


def as_yaml(suggested: Iterable[Suggestion], *, from_day: str, to_day: str) -> str:
    """A rules file that adds what is suggested, each entry under its evidence. Every list of a section stands once."""
    lines = [
        f"# proposed by `aisecops rules suggest` from the record of {from_day} to {to_day}",
        "# read each entry; one without a reason does not load",
        "version: 1",
    ]
    sections: dict[str, list[Suggestion]] = {}
    for one in suggested:
        sections.setdefault(one.section, []).append(one)
    for section, several in sections.items():
        outer, _, inner = section.partition(".")
        lines += [f"{outer}:", f"  {inner}:"]
        for one in several:
            lines += [f"    # {line}" for line in one.evidence]
            # JSON is YAML, and quotes what has to be
            written = ", ".join(f"{key}: {_written(value)}" for key, value in one.entry.items())
            lines.append(f"    - {{{written}}}")
    return "\n".join(lines) + "\n"


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


def _gathered(events: Iterable[Event]) -> tuple[dict[_Name, _Seen], dict[str, str]]:
    """What was found, and of each decision that was held what a person answered."""
    seen: dict[_Name, _Seen] = {}
    asked: dict[str, str] = {}
    answers: dict[str, str] = {}
    for event in events:
        kind = event["event"]
        if kind == "human_approval_required":
            asked[event["approval_id"]] = str(event.get("decision_id"))
        elif kind in {"approval_granted", "approval_denied"} and event["approval_id"] in asked:
            answers[asked[event["approval_id"]]] = kind
        for finding in event.get("findings") or ():
            name = finding["entity"], finding["fingerprint"], str(event.get("agent_id")), _field(finding["where"])
            seen.setdefault(name, _Seen()).add(event, finding["action"])
    return seen, answers


def _answered(one: _Seen, answers: dict[str, str]) -> tuple[int, int]:
    """How often a person said yes to it, and no."""
    said = [answers[decision] for decision in one.decisions if decision in answers]
    return said.count("approval_granted"), said.count("approval_denied")


def _field(where: str) -> str:
    """The place as rules name it, whichever entry of a list it was; empty when they cannot."""
    wide = "/".join("*" if step.isdigit() else step for step in where.split("/"))
    try:
        read_field(wide.removeprefix(_BODY))
    except ValueError:
        return ""
    return wide.removeprefix(_BODY)


def _allowed(rules: RuleSet | None, name: _Name) -> bool:
    entity, fingerprint, agent, where = name
    for one in rules.egress.allow if rules is not None else ():
        covers = (
            one.fingerprint in {"", fingerprint}
            and one.agent in {"", agent}
            and (not one.entities or entity in one.entities)
            and (not one.field or (bool(where) and covers_field(one.field, read_field(where))))
        )
        if covers:
            return True
    return False


def _suggestion(name: _Name, several: list[_Seen], answers: dict[str, str], today: date, reason: str) -> Suggestion:
    entity, fingerprint, agent, where = name
    done: Counter[str] = sum((one.done for one in several), Counter())
    runs = set().union(*(one.runs for one in several))
    yes = sum(_answered(one, answers)[0] for one in several)
    entry: dict[str, Any] = {"fingerprint": fingerprint} if fingerprint else {}
    entry |= {"entity": entity, "agent": agent} | ({"field": where} if where else {})
    values = "one value" if fingerprint else f"{len(several)} values"
    times = ", ".join(f"{count} x {action}" for action, count in sorted(done.items()))
    first, last = min(one.first for one in several)[:10], max(one.last for one in several)[:10]
    evidence = [f"{values} of {entity}, {first} to {last}, {len(runs)} run{'s' if len(runs) != 1 else ''}: {times}"]
    if yes:
        evidence.append(f"a person let it pass {yes} time{'s' if yes != 1 else ''}")
    if entity in _SECRET:
        evidence.append("THIS IS A SECRET KIND: allow it only when it is no secret")
    return Suggestion(
        section="egress.allow",
        entry=entry | {"until": today + LASTS, "reason": reason},
        evidence=tuple(evidence),
        weakens=True,
    )
