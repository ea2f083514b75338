"""Judges every recorded decision of a run again, from its recorded facts and the rules then in force (spec 4.5).

Knows the record and how two decisions are compared; how one is made is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec

from aisecops.adapters.audit.reader import events
from aisecops.model.decision import Decision
from aisecops.model.errors import ConfigError
from aisecops.model.facts import Facts
from aisecops.model.ids import DecisionId
from aisecops.model.rules import RuleSet
from aisecops.model.value import Value


class Judged(Protocol):
    """What judging gives; only its decision is compared."""

    @property
    def decision(self) -> Decision:
        """The decision made anew."""
        ...


Judge = Callable[[RuleSet, Facts, DecisionId], Judged]


class Difference(Value):
    """One field that came out otherwise; values as JSON has them."""

    field: str
    recorded: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.field} was {_shown(self.recorded)}, is {_shown(self.now)}"


class Replayed(Value):
    """One decision made again. `fault` says why it could not be; `same` needs neither fault nor difference."""

    decision_id: str
    seq: int
    tool: str
    verdict: str
    policy_version: str
    differences: tuple[Difference, ...] = ()
    fault: str = ""

    @property
    def same(self) -> bool:
        """True when it came out as recorded."""
        return not self.differences and not self.fault


class ReplayReport(Value):
    """All decisions of a run, made again, in order."""

    run_id: str
    decisions: tuple[Replayed, ...]

    @property
    def ok(self) -> bool:
        """True when there was a decision and every one came out as recorded."""
        return bool(self.decisions) and all(decision.same for decision in self.decisions)


def replay(folder: Path, run_id: str, *, rules_for: Callable[[str], RuleSet], judge: Judge) -> ReplayReport:
    """Make each decision of the run again. `rules_for` may raise `ConfigError` for rules that are not kept.

    Raises `RecordError` when the record cannot be read.
    """
    known: dict[str, RuleSet | ConfigError] = {}

    def rules(version: str) -> RuleSet:
        if version not in known:
            try:
                known[version] = rules_for(version)
            except ConfigError as error:
                known[version] = error
        found = known[version]
        if isinstance(found, ConfigError):
            raise found
        return found

    recorded = (event for event in events(folder, run_id=run_id) if event["event"] == "decision")
    return ReplayReport(run_id=run_id, decisions=tuple(_again(event, rules, judge) for event in recorded))


def _again(event: dict[str, Any], rules_for: Callable[[str], RuleSet], judge: Judge) -> Replayed:
    plain = Replayed(
        decision_id=str(event["decision_id"]),
        seq=event["seq"],
        tool=str(event.get("tool", "")),
        verdict=str(event.get("verdict", "")),
        policy_version=str(event["policy_version"]),
    )
    try:
        facts = msgspec.convert(event.get("facts"), Facts)
        recorded = msgspec.convert(event.get("decision"), Decision)
        now = judge(rules_for(recorded.policy_version), facts, recorded.decision_id).decision
    except msgspec.ValidationError as error:
        return _with_fault(plain, f"the recorded facts cannot be read: {error}")
    except ConfigError as error:
        return _with_fault(plain, str(error))
    except (ValueError, KeyError) as error:  # what pure judging raises for facts that cannot be
        return _with_fault(plain, f"the recorded facts cannot be judged: {error}")
    found = (*_differences(_compared(recorded), _compared(now)), *_misread(event, recorded))
    return msgspec.structs.replace(plain, differences=found)


def _with_fault(plain: Replayed, fault: str) -> Replayed:
    return msgspec.structs.replace(plain, fault=fault)


def _compared(decision: Decision) -> dict[str, Any]:
    """Everything a decision says, flat, by the name of each field."""
    return dict(_flat("", msgspec.to_builtins(decision)))


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list | tuple):
        yield f"{path}.count", len(value)
        for at, inner in enumerate(value):
            yield from _flat(f"{path}[{at}]", inner)
    else:
        yield path, value


def _differences(recorded: dict[str, Any], now: dict[str, Any]) -> Iterable[Difference]:
    for field in dict.fromkeys((*recorded, *now)):
        if recorded.get(field) != now.get(field):
            yield Difference(field=field, recorded=recorded.get(field), now=now.get(field))


def _misread(event: dict[str, Any], decision: Decision) -> Iterable[Difference]:
    """Where the line says one thing for people and another in its decision."""
    said = {"verdict": decision.verdict.value, "enforced": decision.enforced.value, "code": decision.code}
    for field, inside in said.items():
        if event.get(field) != inside:
            yield Difference(field=f"event.{field}", recorded=event.get(field), now=inside)


def _shown(value: Any) -> str:
    return "nothing" if value is None else f"`{value}`"
