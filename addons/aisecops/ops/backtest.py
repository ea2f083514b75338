"""Judges recorded traffic again under other rules: which decisions and which totals would have come out otherwise.

A run is followed as it would have gone: a step that would have been refused is not charged, so what comes after it is
judged in a tree that has not paid for it; a run that would have been halted stays halted. What the record cannot tell
(paths are kept as hashes, content not at all) is listed as unknown, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from aisecops.adapters.audit.reader import events
from aisecops.controls.dlp.judge import entities_for
from aisecops.gateway.step.judge import Judged, destination_words, judge
from aisecops.model.budget import RunState, TreeState
from aisecops.model.decision import Decision, Verdict
from aisecops.model.errors import ConfigError
from aisecops.model.facts import Facts
from aisecops.model.ids import DecisionId, RunId
from aisecops.model.risk import from_micros
from aisecops.model.rules import RuleSet
from aisecops.model.value import Value
from aisecops.ops.reclassify import Unknown, reclassified

_COUNTED = ("tool_calls", "write_operations", "cost_micros", "rows", "egress_bytes")


class Rejudged(Value):
    """One decision that would have come out otherwise; `was` and `now` are `allow`, `hold` or a code."""

    seq: int
    decision_id: str
    run_id: str
    agent_id: str
    tool: str
    was: str
    now: str
    why: str = ""


class Untold(Value):
    """One decision of which the record cannot tell how it would have come out."""

    seq: int
    decision_id: str
    run_id: str
    tool: str
    why: str


class Total(Value):
    """A tree of runs whose cumulative risk would have been another."""

    root_run_id: str
    was: float
    now: float
    halted: bool


class BacktestReport(Value):
    """What came of it. `not_scanned` are kinds of content that only the new rules look for: nobody looked then."""

    policy_version: str
    decisions: int
    changed: tuple[Rejudged, ...] = ()
    unknown: tuple[Untold, ...] = ()
    totals: tuple[Total, ...] = ()
    not_scanned: tuple[str, ...] = ()


def backtest(
    folder: Path, rules: RuleSet, *, rules_for: Callable[[str], RuleSet], run_id: str | None = None
) -> BacktestReport:
    """Judge every decision in the record (or of one run) under `rules`. Raises `RecordError` for an unreadable one.

    `rules_for` gives the rules of a recorded decision, and may raise `ConfigError` when they are not kept.
    """
    course = _Backtest(rules, rules_for)
    for event in events(folder, run_id=run_id):
        if event["event"] == "decision":
            course.take(event)
    return course.report()


class _Tree:
    """Where one tree of runs would be, against where it was."""

    def __init__(self) -> None:
        self.was: TreeState | None = None
        self.now: TreeState | None = None

    def before(self, recorded: TreeState) -> TreeState:
        """The recorded state before a step, as it would have been."""
        if self.was is None or self.now is None:
            return recorded
        runs = {name: self._shifted(name, run) for name, run in recorded.runs.items()}
        unsettled = recorded.halted_ms == self.was.halted_ms
        return replace(
            recorded,
            runs=runs,
            risk_micros=recorded.risk_micros + self.now.risk_micros - self.was.risk_micros,
            progress=self.now.progress,
            halted_ms=self.now.halted_ms if unsettled else recorded.halted_ms,
            halted_why=self.now.halted_why if unsettled else recorded.halted_why,
        )

    def after(self, *, was: TreeState, now: TreeState) -> None:
        """The state after the step, in the record and as it would have been."""
        self.was, self.now = was, now

    def _shifted(self, name: RunId, run: RunState) -> RunState:
        was, now = (tree.runs.get(name) if tree else None for tree in (self.was, self.now))
        if was is None or now is None:
            return run
        moved = {key: getattr(run, key) + getattr(now, key) - getattr(was, key) for key in _COUNTED}
        reached = set(run.recipients).difference(was.recipients).union(now.recipients)
        return replace(run, **moved, recipients=tuple(sorted(reached)))


class _Backtest:
    def __init__(self, rules: RuleSet, rules_for: Callable[[str], RuleSet]) -> None:
        self._rules = rules
        self._rules_for = rules_for
        self._known: dict[str, RuleSet] = {}
        self._trees: dict[str, _Tree] = {}
        self._count = 0
        self._changed: list[Rejudged] = []
        self._unknown: list[Untold] = []
        self._not_scanned: set[str] = set()

    def take(self, event: dict[str, Any]) -> None:
        self._count += 1
        try:
            facts = msgspec.convert(event.get("facts"), Facts)
            recorded = msgspec.convert(event.get("decision"), Decision)
            old = self._old(recorded.policy_version)
            again = judge(old, facts, recorded.decision_id)
        except (msgspec.ValidationError, ConfigError, ValueError, KeyError) as error:
            self._untold(event, f"the recorded decision cannot be made again: {error}")
            return
        tree = self._trees.setdefault(facts.principal.root_run_id, _Tree())
        anew = reclassified(self._rules, old, facts)
        if isinstance(anew, Unknown):
            self._untold(event, anew.why)
            tree.after(was=again.tree or facts.tree, now=_as_before(tree.before(facts.tree), again, facts))
            return
        self._count_scans(old, facts)
        stood = tree.before(facts.tree)
        now = judge(self._rules, replace(anew, tree=stood), DecisionId(recorded.decision_id))
        tree.after(was=again.tree or facts.tree, now=now.tree or stood)
        if (was := _word(recorded)) != (is_now := _word(now.decision)):
            self._changed.append(_rejudged(event, facts, was, is_now, now))

    def report(self) -> BacktestReport:
        return BacktestReport(
            policy_version=self._rules.policy_version,
            decisions=self._count,
            changed=tuple(self._changed),
            unknown=tuple(self._unknown),
            totals=tuple(_totals(self._trees)),
            not_scanned=tuple(sorted(self._not_scanned)),
        )

    def _old(self, version: str) -> RuleSet:
        if version not in self._known:
            self._known[version] = self._rules_for(version)
        return self._known[version]

    def _count_scans(self, old: RuleSet, facts: Facts) -> None:
        to = destination_words(facts.request)
        self._not_scanned |= entities_for(self._rules.egress, to) - entities_for(old.egress, to)

    def _untold(self, event: dict[str, Any], why: str) -> None:
        self._unknown.append(
            Untold(
                seq=event["seq"],
                decision_id=str(event.get("decision_id", "")),
                run_id=str(event.get("run_id", "")),
                tool=str(event.get("tool", "")),
                why=why,
            )
        )


def _as_before(stood: TreeState, again: Judged, facts: Facts) -> TreeState:
    """`stood` after a step that nobody can judge anew: charged as it was."""
    charged = again.tree or facts.tree
    step = _Tree()
    step.after(was=facts.tree, now=stood)
    return step.before(charged)


def _word(decision: Decision) -> str:
    if decision.enforced is Verdict.ALLOW:
        return Verdict.ALLOW.value
    return Verdict.HOLD.value if decision.enforced is Verdict.HOLD else str(decision.code)


def _rejudged(event: dict[str, Any], facts: Facts, was: str, now: str, judged: Judged) -> Rejudged:
    reasons = judged.decision.reasons
    return Rejudged(
        seq=event["seq"],
        decision_id=str(event["decision_id"]),
        run_id=facts.principal.run_id,
        agent_id=facts.principal.agent_id,
        tool=facts.request.tool,
        was=was,
        now=now,
        why=reasons[0].detail if reasons else "",
    )


def _totals(trees: dict[str, _Tree]) -> Iterable[Total]:
    for root, tree in trees.items():
        was, now = tree.was, tree.now
        if was is None or now is None:
            continue
        if was.risk_micros != now.risk_micros or (was.halted_ms is None) != (now.halted_ms is None):
            yield Total(
                root_run_id=root,
                was=from_micros(was.risk_micros),
                now=from_micros(now.risk_micros),
                halted=now.halted_ms is not None,
            )
