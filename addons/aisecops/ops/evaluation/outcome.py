"""What came of a run of the harness: each attack and twin, and the figures that follow from them.

Knows how results add up and compare. What does not apply, and what is known to be open, is counted apart: neither ever
makes a figure better.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from aisecops.model.place import Place
from aisecops.model.value import Value
from aisecops.ops.evaluation.scenario import Suite


class State(StrEnum):
    """How an attack ended."""

    CONTAINED = "contained"
    BREACHED = "breached"
    OPEN = "open"
    NOT_APPLICABLE = "not-applicable"
    BROKEN = "broken"


class Twin(StrEnum):
    """How its benign twin ended."""

    PASSED = "passed"
    ALARMED = "alarmed"
    NOT_PLAYED = "not-played"


class Result(Value):
    """One attack and its twin against one agent. `variation` 0 is the attack as written, above it a mutation: `how`."""

    scenario: str
    suite: Suite
    controls: tuple[str, ...]
    place: Place
    agent: str
    variation: int
    state: State
    twin: Twin = Twin.NOT_PLAYED
    why: tuple[str, ...] = ()
    stopped_by: tuple[str, ...] = ()
    twin_stopped_by: tuple[str, ...] = ()
    seconds: float = 0.0
    how: str = ""

    @property
    def failed(self) -> bool:
        """True for an attack that came through, a twin that did not, and a play that broke."""
        return self.state in {State.BREACHED, State.BROKEN} or self.twin is Twin.ALARMED

    @property
    def key(self) -> tuple[str, str, str, int]:
        """By what it is found again in another run."""
        return self.suite.value, self.scenario, self.agent, self.variation

    @property
    def title(self) -> str:
        """Scenario, and which variation of it."""
        how = f": {self.how}" if self.how else ""
        return f"{self.scenario} (variation {self.variation}{how})" if self.variation else self.scenario


class Latency(Value):
    """Milliseconds of one kind of request, without and with the gateway between: medians, and the slowest of twenty.

    `stages`: how much of it each stage of a decision took, on average; empty where the gateway does not say.
    """

    kind: str
    direct_ms: float
    through_ms: float
    direct_p95_ms: float
    through_p95_ms: float
    stages: dict[str, float] = {}

    @property
    def added_ms(self) -> float:
        """What the gateway adds to the median."""
        return self.through_ms - self.direct_ms


class Tally(Value):
    """Figures of one suite or control."""

    name: str
    attacks: int
    contained: int
    twins: int
    alarms: int
    open: int
    not_applicable: int

    @property
    def containment(self) -> float | None:
        """The share of attacks that were contained; None without any."""
        return self.contained / self.attacks if self.attacks else None

    @property
    def is_green(self) -> bool:
        """True when every attack was contained and no twin was stopped, and there was at least one."""
        return self.attacks > 0 and self.contained == self.attacks and not self.alarms


class Report(Value):
    """A whole run of the harness. `policy_version` is that of the operator's rules as they are.

    `live`: against the gateway that was running, not against one of its own.
    """

    version: str
    at: str
    policy_version: str
    seed: int
    mutations: int
    suites: tuple[Suite, ...]
    agents: tuple[str, ...]
    seconds: float
    results: tuple[Result, ...]
    latency: tuple[Latency, ...] = ()
    live: bool = False

    @property
    def failures(self) -> tuple[Result, ...]:
        """What makes the run fail."""
        return tuple(result for result in self.results if result.failed)

    @property
    def ok(self) -> bool:
        """True when nothing failed and something was tried."""
        return not self.failures and any(result.state is State.CONTAINED for result in self.results)

    def by_suite(self) -> tuple[Tally, ...]:
        """Figures of each suite."""
        return tuple(
            tally(suite.value, (result for result in self.results if result.suite is suite)) for suite in self.suites
        )

    def by_control(self) -> tuple[Tally, ...]:
        """Figures of each control that a scenario names."""
        names = sorted({control for result in self.results for control in result.controls})
        return tuple(tally(name, (one for one in self.results if name in one.controls)) for name in names)

    def whole(self) -> Tally:
        """Figures of everything."""
        return tally("all", self.results)


def tally(name: str, results: Iterable[Result]) -> Tally:
    """How `results` add up."""
    found = tuple(results)
    states = [result.state for result in found]
    return Tally(
        name=name,
        attacks=sum(states.count(state) for state in (State.CONTAINED, State.BREACHED, State.BROKEN)),
        contained=states.count(State.CONTAINED),
        twins=sum(result.twin is not Twin.NOT_PLAYED for result in found),
        alarms=sum(result.twin is Twin.ALARMED for result in found),
        open=states.count(State.OPEN),
        not_applicable=states.count(State.NOT_APPLICABLE),
    )


class Change(Value):
    """What is other than in the run before: `worse` when something that held does not, or is not tried any more."""

    result: str
    was: str
    now: str
    worse: bool


def changes(before: Report, now: Report) -> Iterator[Change]:
    """Every result that is not as it was, the worse first."""
    old = {result.key: result for result in before.results if result.suite in now.suites}
    new = {result.key: result for result in now.results}
    found = []
    for key in {**old, **new}:
        was, got = _said(old.get(key)), _said(new.get(key))
        if was == got:
            continue
        held = key in old and old[key].state is State.CONTAINED and old[key].twin is not Twin.ALARMED
        holds = key in new and new[key].state is State.CONTAINED and new[key].twin is not Twin.ALARMED
        if key in old or not holds:
            worse = (held and not holds) or key not in old
            found.append(Change(result=f"{key[0]}: {key[1]}, {key[2]}", was=was, now=got, worse=worse))
    yield from sorted(found, key=lambda change: (not change.worse, change.result))


def _said(result: Result | None) -> str:
    if result is None:
        return "not there"
    return f"{result.state.value}, false alarm" if result.twin is Twin.ALARMED else result.state.value
