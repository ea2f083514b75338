"""Spans out of the record: events go in one by one, in order; a span comes out when it is over.

A step is over with its answer, or at once where it got none; a run when it finishes, or when nothing more comes of
it. Bounded: at most so many runs and steps are open at once, and the one that has been silent longest goes first.
What is open can be found again in the record: `open` says where each of it begins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from aisecops.adapters.audit import otel
from aisecops.adapters.audit.export import RunExport
from aisecops.adapters.audit.otel import TraceSpan
from aisecops.model.record import EventName as Name

Event = dict[str, Any]

MOST_RUNS, MOST_STEPS = 1000, 10_000
HALTED_MS = 30_000
"""A halted run whose story does not go on for so long is over, as far as its span is concerned."""

_ACTS = frozenset({Name.TOOL_INVOKED, Name.LLM_CALLED, Name.SOURCE_READ})
_RETURNS = frozenset({Name.TOOL_RETURNED, Name.LLM_RETURNED})
_ANSWERED = frozenset({"tool", "model", "source"})
"""Kinds of steps that get an answer through us."""


class _Run:
    """A run that is open. `first_seq` is the event it begins with."""

    def __init__(self, event: Event, *, whole: bool) -> None:
        self.run_id: str = event["run_id"]
        self.root_run_id: str = event["root_run_id"] or self.run_id
        self.agent_id: str = event["agent_id"] or ""
        self.parent: str | None = event.get("parent") if whole else None
        self.whole = whole
        self.first_seq: int = event["seq"]
        self.start_ms = self.last_ms = otel.ms_of(event)
        self.halted = False
        self.export = RunExport(self.run_id, most=otel.MOST_TOLD + 1)

    def span(self, outcome: str) -> TraceSpan:
        parent = self.parent if self.whole else self.run_id
        return TraceSpan(
            name=otel.run_name(self.agent_id),
            trace_id=otel.trace_id_of(self.root_run_id),
            span_id=otel.span_id_of(self.run_id if self.whole else f"{self.run_id}#{self.first_seq}"),
            parent_id=otel.span_id_of(parent) if parent else None,
            start_ms=self.start_ms,
            end_ms=self.last_ms,
            attributes={
                **otel.of_run(self.export.told(), outcome=outcome),
                **({} if self.whole else {f"{otel.OURS}continued": True}),
            },
            error="run_halted" if outcome == "halted" else "",
        )


class _Step:
    """A decision whose answer is awaited."""

    def __init__(self, event: Event) -> None:
        facts = event["facts"]
        self.run_id: str = event["run_id"]
        self.seq: int = event["seq"]
        self.kind: str = event["kind"]
        self.name = otel.step_name(event)
        self.trace_id = otel.trace_id_of(event["root_run_id"] or self.run_id)
        self.span_id = otel.span_id_of(event["decision_id"])
        self.start_ms = min(int(facts["now_ms"]), otel.ms_of(event))
        self.end_ms = otel.ms_of(event)
        self.attributes = otel.of_decision(event)
        self.links = otel.link_of(facts["request"].get("traceparent") or "")
        proposal = (facts.get("descent") or {}).get("proposal") or {}
        if proposal.get("found") and proposal.get("decision_id"):
            self.links += ((self.trace_id, otel.span_id_of(proposal["decision_id"])),)
        self.allowed = event["enforced"] == "allow"

    def acted(self, event: Event) -> None:
        self.attributes |= otel.of_act(event)
        if self.kind == "model":
            model = self.attributes.get(otel.REQUEST_MODEL, "")
            self.name = f"{self.attributes[otel.OPERATION_NAME]} {model}".strip()

    def returned(self, event: Event) -> None:
        self.end_ms = otel.ms_of(event)
        if "duration_ms" in event:
            self.start_ms = min(self.start_ms, self.end_ms - int(event["duration_ms"]))
        self.attributes |= otel.of_return(event)

    def span(self) -> TraceSpan:
        return TraceSpan(
            name=self.name,
            trace_id=self.trace_id,
            span_id=self.span_id,
            parent_id=otel.span_id_of(self.run_id),
            start_ms=self.start_ms,
            end_ms=self.end_ms,
            outgoing=self.kind in {"model", "source"},
            attributes=self.attributes,
            links=self.links,
            error=str(self.attributes.get(otel.ERROR_TYPE, "")),
        )


class Traces:
    """Gathers what is open. `idle_ms`: a run that is silent for so long is over."""

    def __init__(self, *, idle_ms: int) -> None:
        self._idle_ms = idle_ms
        self._runs: dict[str, _Run] = {}
        self._steps: dict[str, _Step] = {}

    @property
    def open(self) -> dict[str, int]:
        """Every run and step that is open, by its id: the number of the line it begins with."""
        runs = {run_id: run.first_seq for run_id, run in self._runs.items()}
        return runs | {decision_id: step.seq for decision_id, step in self._steps.items()}

    def recover(self, events: Iterator[Event], wanted: Collection[str]) -> None:
        """Read again what was open, and nothing else, from `events` that were all read before."""
        for event in events:
            for _ in self.add(event):
                pass
        self._runs = {run_id: run for run_id, run in self._runs.items() if run_id in wanted}
        self._steps = {decision_id: step for decision_id, step in self._steps.items() if decision_id in wanted}

    def add(self, event: Event) -> Iterator[TraceSpan]:
        """The spans that `event` ends. Raises `KeyError` for an event that does not hold what it should."""
        run_id = event.get("run_id")
        if not run_id:
            return
        self._touch(event)
        name = event["event"]
        for run in self._runs.values():
            if run.root_run_id == (event["root_run_id"] or run_id):
                run.export.add(event)
                run.halted = name == Name.RUN_HALTED or (run.halted and name != Name.RUN_RESUMED)
        yield from self._step(event)
        if name == Name.RUN_FINISHED and (finished := self._runs.pop(run_id, None)) is not None:
            yield finished.span("finished")
        yield from self._bounded()

    def silent(self, now_ms: int) -> Iterator[TraceSpan]:
        """The spans of runs of which nothing more comes."""
        for run in list(self._runs.values()):
            if now_ms - run.last_ms >= (HALTED_MS if run.halted else self._idle_ms):
                del self._runs[run.run_id]
                yield from (self._steps.pop(one).span() for one in self._unanswered(run.run_id))
                yield run.span("halted" if run.halted else "idle")

    def _unanswered(self, run_id: str) -> list[str]:
        return [decision_id for decision_id, step in self._steps.items() if step.run_id == run_id]

    def _touch(self, event: Event) -> None:
        """Open the event's run, where it begins or goes on, and put it last in the row of the silent."""
        run_id, name = event["run_id"], event["event"]
        run = self._runs.pop(run_id, None)
        if run is None:
            begins = name == Name.RUN_STARTED
            if not begins and name not in {Name.DECISION, Name.RUN_RESUMED}:
                return
            run = _Run(event, whole=begins)
        run.last_ms = max(run.last_ms, otel.ms_of(event))
        self._runs[run_id] = run

    def _step(self, event: Event) -> Iterator[TraceSpan]:
        name, decision_id = event["event"], event.get("decision_id")
        if name == Name.DECISION:
            step = _Step(event)
            if step.allowed and step.kind in _ANSWERED:
                self._steps[decision_id or ""] = step
            else:
                yield step.span()
        elif (awaited := self._steps.get(decision_id or "")) is not None:
            if name in _ACTS:
                awaited.acted(event)
            elif name in _RETURNS or name == Name.MESSAGE_PASSED:
                awaited.returned(event)
                del self._steps[decision_id or ""]
                yield awaited.span()

    def _bounded(self) -> Iterator[TraceSpan]:
        while len(self._steps) > MOST_STEPS:
            yield self._steps.pop(next(iter(self._steps))).span()
        while len(self._runs) > MOST_RUNS:
            yield self._runs.pop(next(iter(self._runs))).span("open")
