"""All scenarios against one installation: which, for whom, in which slot, and what came of each.

Knows order and slots. A slot plays one scenario at a time, so that what comes to its stand-ins is of that scenario.
"""

from __future__ import annotations

import queue
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

import httpx

from aisecops.model.errors import ConfigError
from aisecops.ops.evaluation.actor import Cast, control_plane
from aisecops.ops.evaluation.fill import Filler
from aisecops.ops.evaluation.judge import breaches
from aisecops.ops.evaluation.mutations import Variation, mutated
from aisecops.ops.evaluation.needs import missing
from aisecops.ops.evaluation.outcome import Result, State, Twin
from aisecops.ops.evaluation.own_calls import hosts_of
from aisecops.ops.evaluation.own_tools import own_scenarios
from aisecops.ops.evaluation.places import Probe, host
from aisecops.ops.evaluation.play import Play
from aisecops.ops.evaluation.scenario import Part, Scenario, Suite
from aisecops.ops.evaluation.stage import Stage
from aisecops.ops.evaluation.told import Told
from aisecops.ops.evaluation.values import values_for


@dataclass(frozen=True, eq=False)
class Job:
    """One scenario, one agent, one variation."""

    scenario: Scenario
    probe: Probe
    variation: int


class Runner:
    """Plays scenarios on a stage. `tell` is called after each, from the thread that called `run`."""

    def __init__(self, stage: Stage, *, seed: int, mutations: int) -> None:
        self._stage = stage
        self._seed = seed
        self._mutations = mutations
        self._trust = ssl.create_default_context(cafile=str(stage.trust.bundle))
        self._stopped = threading.Event()
        self._slots: queue.Queue[int] = queue.Queue()
        for slot in stage.slots:
            self._slots.put(slot.number)

    def jobs(self, scenarios: Sequence[Scenario]) -> tuple[Job, ...]:
        """What there is to do, in order: each scenario for each agent, and the operator's own tools with injection."""
        given = tuple(
            Job(scenario, probe, variation)
            for probe in self._stage.probes
            for scenario in scenarios
            for variation in range(self._mutations + 1 if scenario.mutate else 1)
        )
        if self._stage.live or all(scenario.suite is not Suite.INJECTION for scenario in scenarios):
            return given  # the stand-ins of a running gateway stand for no tool of the operator's
        return given + tuple(Job(*own, 0) for own in own_scenarios(self._stage.rules, self._stage.probes))

    def run(self, jobs: Sequence[Job], tell: Callable[[Result], None]) -> tuple[Result, ...]:
        """What came of `jobs`, in their order. `KeyboardInterrupt` ends it between two plays."""
        together = [job for job in jobs if not job.scenario.alone]
        done: dict[Job, Result] = {}
        with control_plane(self._stage.settings) as control:
            pool = ThreadPoolExecutor(max_workers=len(self._stage.slots), thread_name_prefix="play")
            try:
                waiting = {pool.submit(self._played, job, control): job for job in together}
                for future in as_completed(waiting):
                    done[waiting[future]] = future.result()
                    tell(done[waiting[future]])
            except BaseException:
                self._stopped.set()
                raise
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
            for job in jobs:
                if job.scenario.alone:
                    done[job] = self._played(job, control)
                    tell(done[job])
        return tuple(done[job] for job in jobs)

    def _played(self, job: Job, control: httpx.Client) -> Result:
        lacks = missing(self._stage.rules, job.probe.rule, job.scenario.needs)
        if not lacks and self._stage.lacks & set(job.scenario.needs):
            lacks = "the gateway is one that starts for it; a running one gives none of its secrets away"
        if job.scenario.absent:
            return self._result(job, State.NOT_APPLICABLE, why=(job.scenario.absent,))
        if lacks or self._stopped.is_set():
            return self._result(job, State.NOT_APPLICABLE, why=(f"only where this holds: {lacks}",))
        began = time.monotonic()
        slot = self._slots.get()
        try:
            attack, wrong = self._side(job, control, slot, Part.ATTACK)
            twin = None if job.variation else self._side(job, control, slot, Part.TWIN)[0]
        except (OSError, ValueError, KeyError, httpx.HTTPError, ConfigError) as failed:
            return self._result(job, State.BROKEN, why=(f"the play broke: {type(failed).__name__}: {failed}",))
        finally:
            self._slots.put(slot)
        if job.scenario.tentative and twin is not None and twin.codes:
            codes = ", ".join(dict.fromkeys(twin.codes))
            return self._result(job, State.NOT_APPLICABLE, why=(f"no benign call of it could be made up: {codes}",))
        if attack.too_slow:
            why = f"only on a machine that is faster than the rate: {attack.too_slow}"
            return self._result(job, State.NOT_APPLICABLE, why=(why,))
        known = job.scenario.open or self._variation(job, job.scenario.values | job.scenario.attack).open
        state = State.CONTAINED if not wrong else State.OPEN if known else State.BREACHED
        if job.scenario.open and not wrong:
            wrong = ("said to be open, and is contained",)
        alarm = twin is not None and bool(twin.codes)
        return self._result(
            job,
            state,
            twin=Twin.NOT_PLAYED if twin is None else Twin.ALARMED if alarm else Twin.PASSED,
            why=wrong,
            stopped_by=tuple(dict.fromkeys(attack.codes)),
            twin_stopped_by=tuple(dict.fromkeys(twin.codes)) if twin else (),
            seconds=round(time.monotonic() - began, 3),
        )

    def _side(self, job: Job, control: httpx.Client, number: int, part: Part) -> tuple[Told, tuple[str, ...]]:
        scenario, slot = job.scenario, self._stage.slots[number]
        slot.clear()
        self._stage.own.clear()
        seen = len(self._stage.served.received())
        cast = Cast(self._stage, job.probe, control, self._trust)
        mark = f"{self._seed}.{scenario.suite}.{scenario.name}.{job.probe.agent_id}.{job.variation}.{part}"
        own = scenario.values | (scenario.attack if part is Part.ATTACK else scenario.twin)
        varied = self._variation(job, own)
        fill = Filler(mark, values_for(self._stage, cast, number, next(self._stage.numbers)), own, varied.values)
        try:
            told = Play(cast, slot, fill, part).perform(varied.steps)
        finally:
            cast.close()
        own_tools = () if self._stage.live else hosts_of(self._stage.rules)
        mine = {host(role, number) for role in _roles(self._stage, number)} | set(own_tools)
        came = [one for one in self._stage.served.received()[seen:] if one.host in mine]
        return told, breaches(scenario.must, fill, came, told, slot=number) if part is Part.ATTACK else ()

    def _variation(self, job: Job, own: Mapping[str, str]) -> Variation:
        if not job.variation:
            return Variation(values={}, steps=job.scenario.steps, how="")
        return mutated(job.scenario, own, seed=self._seed, number=job.variation)

    def _how(self, job: Job) -> str:
        return self._variation(job, job.scenario.values | job.scenario.attack).how

    def _result(self, job: Job, state: State, **facts: Any) -> Result:
        scenario = job.scenario
        return Result(
            scenario=scenario.name,
            suite=scenario.suite,
            controls=scenario.controls,
            place=scenario.place,
            agent=job.probe.stands_for,
            variation=job.variation,
            how=self._how(job),
            state=state,
            **facts,
        )


def _roles(stage: Stage, number: int) -> Iterator[str]:
    return (name.split(".")[1] for name in stage.slots[number].apps())
