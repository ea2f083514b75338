"""Runs: opened, found, planned, halted, resumed, finished; alone or as a tree (spec 8, 22.2).

Every change is one compare-and-swap on the tree, tried again a few times when somebody was faster,
and one event of the record.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from aisecops.controls.budget import charge as budget
from aisecops.controls.budget import phase
from aisecops.controls.risk import plan as whole
from aisecops.controls.risk.escalation import StepSeen
from aisecops.controls.risk.score import stress
from aisecops.gateway.ground import Ground
from aisecops.gateway.ports import PieceStore, PseudonymStore
from aisecops.gateway.runs.identity import secret_hash
from aisecops.gateway.step.classify import names_a_secret
from aisecops.gateway.step.lines import limits_of, lines_for
from aisecops.gateway.step.reserve import OUTRUN
from aisecops.model.action import Kind
from aisecops.model.budget import RunPhase, RunState, TreeState
from aisecops.model.decision import Verdict
from aisecops.model.errors import RecordError, Stale, StoreError
from aisecops.model.ids import AgentId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.risk import from_micros
from aisecops.model.state import Run, Snapshot
from aisecops.model.value import Value

SWAP_TRIES = 50
RUN = ("AIS-OBS-01",)
RISK = ("AIS-RSK-01",)


class PlanStep(Value):
    """One step of a declared plan. A factor that is given may raise what the rules say, never lower it."""

    tool: str
    scope: str
    trust: Decimal | None = None
    escalation: Decimal | None = None
    budget_stress: Decimal | None = None


class OpenedRun(Value):
    """A new run and the only copy of its secret."""

    run: Run
    secret: str


class Runs:
    """The life of runs. `new_secret` gives a fresh unguessable text."""

    def __init__(
        self, ground: Ground, *, pseudonyms: PseudonymStore, pieces: PieceStore, new_secret: Callable[[], str]
    ) -> None:
        self._ground = ground
        self._pseudonyms = pseudonyms
        self._pieces = pieces
        self._new_secret = new_secret

    async def open(self, agent_id: AgentId, *, opened_by: str, parent: RunId | None = None) -> OpenedRun | Refuse:
        """Open a run with credentials of its own, below `parent` when there is one."""
        secret = self._new_secret()
        opened = await self._open(agent_id, opened_by=opened_by, parent=parent, hashed=secret_hash(secret))
        return opened if isinstance(opened, Refuse) else OpenedRun(run=opened, secret=secret)

    async def implicit(self, agent_id: AgentId, *, idle_ms: int) -> RunId | Refuse:
        """The agent's run when it named none: the last one, or a new one after an idle gap (contract 3).

        A refusal for one that is in the rules no more, and whose connection is older than that.
        """
        now_ms = self._ground.clock.now_ms()
        found = await self._ground.store.implicit_run(agent_id, now_ms=now_ms, idle_ms=idle_ms)
        if found is not None and await self._goes_on(found):
            return found
        opened = await self._open(agent_id, opened_by=f"agent:{agent_id}", parent=None, hashed="")
        if isinstance(opened, Refuse):
            return Refuse(code=Code.IDENTITY_REQUIRED, detail=opened.detail)
        return await self._ground.store.set_implicit_run(agent_id, opened.run_id, seen=found, now_ms=now_ms)

    async def _goes_on(self, run_id: RunId) -> bool:
        # A halted implicit run stays the agent's run: a new one would be a way around the halt.
        snapshot = await self._ground.store.snapshot(run_id)
        return snapshot is not None and snapshot.tree.runs[run_id].phase is not RunPhase.FINISHED

    async def _open(self, agent_id: AgentId, *, opened_by: str, parent: RunId | None, hashed: str) -> Run | Refuse:
        if agent_id not in self._ground.rules.current().agents:
            return Refuse(code=Code.POLICY_DENIED, detail=f"the rules name no agent `{agent_id}`")
        for _ in range(SWAP_TRIES):
            attempt = await self._prepared(agent_id, opened_by=opened_by, parent=parent, hashed=hashed)
            if isinstance(attempt, Refuse):
                return attempt
            run, tree, seen = attempt
            try:
                await self._ground.store.open_run(run, tree, seen=seen)
            except Stale:
                continue
            started = self._event(EventName.RUN_STARTED, run, parent=parent, opened_by=opened_by)
            await self._ground.record.append(started)
            return run
        raise StoreError(OUTRUN)

    async def _prepared(
        self, agent_id: AgentId, *, opened_by: str, parent: RunId | None, hashed: str
    ) -> tuple[Run, TreeState, int | None] | Refuse:
        now_ms = self._ground.clock.now_ms()
        run_id = RunId(self._ground.ids.new("run_"))
        above = await self._ground.store.snapshot(parent) if parent else None
        if parent and above is None:
            return Refuse(code=Code.RUN_UNKNOWN, detail=f"there is no run `{parent}` to be the parent")
        if parent and above:
            state = phase.phase_judgment(above.tree, parent)
            if state.verdict is not Verdict.ALLOW:
                return Refuse(code=state.reasons[0].code, detail=state.reasons[0].detail, run_id=parent)
        root = above.tree.root_run_id if above else run_id
        begun = RunState(run_id=run_id, agent_id=agent_id, parent=parent, started_ms=now_ms)
        runs = {**(above.tree.runs if above else {}), run_id: begun}
        tree = replace(above.tree, runs=runs) if above else TreeState(root_run_id=root, runs=runs)
        run = Run(
            run_id=run_id,
            root_run_id=root,
            agent_id=agent_id,
            parent=parent,
            opened_ms=now_ms,
            opened_by=opened_by,
            secret_hash=hashed,
        )
        return run, tree, above.version if above else None

    async def halt(self, run_id: RunId, *, by: str, why: str) -> Snapshot | Refuse:
        """Halt the whole tree that `run_id` belongs to (RSK-5). It is halted also where that cannot be recorded."""
        now_ms = self._ground.clock.now_ms()
        words = why or f"halted by {by}"
        try:
            return await self._change(
                run_id, lambda tree: phase.halt(tree, now_ms, words), EventName.RUN_HALTED, by=by, why=words
            )
        except RecordError as error:
            raise RecordError(f"the run is halted, and that is not on record: {error}") from error

    async def resume(self, run_id: RunId, *, by: str, why: str, allowance_micros: int = 0) -> Snapshot | Refuse:
        """Let a halted tree go on after review. Its risk and budgets stay what they are.

        With an allowance it may come to so much more than it stands at before it is halted again: no more of it than
        `risk.resume_allowance` says, each time, and each time is recorded. From other chains, on whose words it worked
        until now, it is parted.
        """
        most = self._ground.rules.current().risk.resume_allowance_micros
        if allowance_micros > most:
            asked, allowed = from_micros(allowance_micros), from_micros(most)
            what = f"an allowance of {asked:g} is over {allowed:g}; ask for less, or raise `risk.resume_allowance`"
            return Refuse(code=Code.POLICY_DENIED, detail=what, rule="risk.resume_allowance", run_id=run_id)
        now_ms = self._ground.clock.now_ms()
        return await self._change(
            run_id,
            lambda tree: phase.resume(tree, allowance_micros, now_ms=now_ms),
            EventName.RUN_RESUMED,
            by=by,
            why=why,
            allowance=from_micros(allowance_micros),
        )

    async def finish(self, run_id: RunId, *, by: str, exit_code: int | None = None) -> Snapshot | Refuse:
        """End one run; what is below it goes on until it ends itself. With the last, what was kept of all is forgotten.

        That are stand-ins, and the ends of what was said.
        """
        ended = await self._change(
            run_id, lambda tree: phase.finish(tree, run_id), EventName.RUN_FINISHED, by=by, exit_code=exit_code
        )
        if isinstance(ended, Snapshot) and all(run.phase is RunPhase.FINISHED for run in ended.tree.runs.values()):
            await self._pseudonyms.forget(ended.tree.root_run_id)
            await self._pieces.forget(ended.tree.root_run_id)
        return ended

    async def plan(self, run_id: RunId, steps: tuple[PlanStep, ...]) -> whole.Planned | Refuse:
        """Judge a declared plan as one chain; over the line, its heaviest step is held when it comes (RSK-3)."""
        judged: whole.Planned | None = None

        def with_plan(tree: TreeState) -> TreeState:
            nonlocal judged
            judged = self._judge_plan(tree, run_id, steps)
            held = judged.held_step
            kept = tree.held_steps if held is None else (*tree.held_steps, (steps[held].tool, steps[held].scope))
            return replace(tree, held_steps=tuple(dict.fromkeys(kept)))

        if any(names_a_secret(step.scope) for step in steps):
            return Refuse(code=Code.UNREADABLE, detail="a scope of the plan holds a secret", run_id=run_id)
        rules = self._ground.rules.current()
        missing = [step.tool for step in steps if step.tool not in rules.tools]
        if missing:
            return Refuse(code=Code.TOOL_UNDECLARED, detail=f"the rules declare no tool `{missing[0]}`", run_id=run_id)
        try:
            changed = await self._change(run_id, with_plan, None)
        except ValueError as outside:
            return Refuse(code=Code.UNREADABLE, detail=f"the plan cannot be scored: {outside}", run_id=run_id)
        if isinstance(changed, Refuse):
            return changed
        if judged is None:
            raise StoreError("the plan was stored without being judged")
        planned: whole.Planned = judged
        await self._ground.record.append(
            self._event(
                EventName.PLAN_JUDGED,
                changed.run,
                control=RISK,
                total=from_micros(planned.total_micros),
                verdict=planned.verdict,
                held_step=planned.held_step,
                steps=[
                    {"tool": s.tool, "scope": s.scope, "risk": from_micros(r.micros)}
                    for s, r in zip(steps, planned.steps, strict=True)
                ],
            )
        )
        return planned

    def _judge_plan(self, tree: TreeState, run_id: RunId, steps: tuple[PlanStep, ...]) -> whole.Planned:
        rules = self._ground.rules.current()
        limits = limits_of(rules, tree, run_id)
        planned: list[whole.PlanStep] = []
        projected = tree
        for step in steps:
            tool = rules.tools[step.tool]
            charge = budget.Charge(
                run_id=run_id,
                counts_call=True,
                counts_write=tool.effect.changes_state,
                cost_micros=0,
                counts_rate=False,
            )
            projection = budget.project(projected, charge, limits, now_ms=self._ground.clock.now_ms())
            projected = projection.tree
            planned.append(
                whole.PlanStep(
                    seen=StepSeen(
                        tool=tool.name,
                        effect=tool.effect,
                        label=tool.returns.label,
                        kind=Kind.TOOL,
                        tier=tool.returns.tier,
                    ),
                    base=tool.base_risk,
                    trust=tool.trust,
                    stress=stress(projection.use, rules.risk.budget_stress_from),
                    declared_trust=step.trust,
                    declared_escalation=step.escalation,
                    declared_stress=step.budget_stress,
                )
            )
        return whole.judge_plan(
            planned,
            rules.risk.sequences,
            lines_for(limits, tree),
            present_micros=tree.risk_micros,
            progress=tree.progress,
        )

    async def _change(
        self, run_id: RunId, change: Callable[[TreeState], TreeState], event: EventName | None, **fields: Any
    ) -> Snapshot | Refuse:
        for _ in range(SWAP_TRIES):
            snapshot = await self._ground.store.snapshot(run_id)
            if snapshot is None:
                return Refuse(code=Code.RUN_UNKNOWN, detail=f"there is no run `{run_id}`", run_id=run_id)
            new = change(snapshot.tree)
            if new == snapshot.tree:
                return snapshot  # halted twice is halted once: nothing happened, so there is nothing to record
            try:
                version = await self._ground.store.swap_tree(snapshot.tree.root_run_id, seen=snapshot.version, new=new)
            except Stale:
                continue
            if event is not None:
                total = from_micros(new.risk_micros)
                try:
                    await self._ground.record.append(self._event(event, snapshot.run, total=total, **fields))
                except RecordError:
                    if event is EventName.RUN_RESUMED:
                        await self._take_back(snapshot, version)
                    raise
            return replace(snapshot, tree=new, version=version)
        raise StoreError(OUTRUN)

    async def _take_back(self, before: Snapshot, version: int) -> None:
        """Nobody goes on by what is not on record: the tree is as it was `before`, if it has not moved since."""
        with contextlib.suppress(Stale):
            await self._ground.store.swap_tree(before.tree.root_run_id, seen=version, new=before.tree)

    def _event(self, name: EventName, run: Run, *, control: tuple[str, ...] = RUN, **fields: Any) -> Event:
        return Event(
            event=name,
            run_id=run.run_id,
            root_run_id=run.root_run_id,
            agent_id=run.agent_id,
            policy_version=self._ground.rules.current().policy_version,
            control=control,
            fields={key: value for key, value in fields.items() if value is not None},
        )
