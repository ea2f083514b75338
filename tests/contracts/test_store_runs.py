"""Runs, budgets, holds, approvals, halts, resumes and trees against a simple model, on every store.

Hypothesis makes up long stories of what agents and people do. A few lines of arithmetic say what must come of each act;
a whole gateway over a real store says what does. They may never differ.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from aisecops.gateway.runs.issue import IssuedToken, TokenRequest
from aisecops.gateway.runs.runs import OpenedRun
from aisecops.model.ids import AgentId
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from support.gateway import OPERATOR, House, request
from support.stores import STORES, opened_together

RULES = """
version: 1
agents:
  clerk:
    authenticate: {secret: "env:CLERK"}
    grants: [{tool: act, scope: act}]
    budgets: {max_tool_calls: 12}
    risk: {approve_above: 0.3, halt_above: 0.5}
  visitor:
    authenticate: {secret: "env:VISITOR"}
    grants: [{tool: act, scope: act}]
    budgets: {max_tool_calls: 8}
    risk: {approve_above: 0.5, halt_above: 0.5}
tools:
  act: {match: {host: act.internal, method: POST}, effect: write, base_risk: 0.2, trust: neutral}
risk: {budget_stress_from: 0.99, resume_allowance: 1.0}
"""
SERVERS = ("redis", "valkey")
STEP = 200_000
CALLS = {"clerk": 12, "visitor": 8}
LINES = {"clerk": (300_000, 500_000), "visitor": (500_000, 500_000)}
"""Of each agent: over what a person is asked, and over what a tree is halted."""


@dataclass
class Tree:
    """One tree as the model has it."""

    risk: int = 0
    halted: bool = False
    allowed_to: int = 0


@dataclass
class OneRun:
    """One run as the model has it."""

    agent: str
    tree: Tree
    above: OneRun | None
    opened: Any
    finished: bool = False
    calls: int = 0

    @property
    def lineage(self) -> list[OneRun]:
        return [self, *(self.above.lineage if self.above else [])]


@dataclass
class Held:
    """A step that waits for a person."""

    run: OneRun
    number: int
    approval_id: str
    state: str = "pending"


@dataclass
class World:
    """What the model knows."""

    runs: list[OneRun] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    numbers: int = 0

    def expected(self, run: OneRun, held: Held | None) -> Code | str:
        """What must come of a step of 0.2, with or without the approval of a held one."""
        tree, lineage = run.tree, run.lineage
        if run.finished:
            return Code.RUN_FINISHED
        if tree.halted:
            return Code.RUN_HALTED
        if any(one.calls + 1 > CALLS[one.agent] for one in lineage):
            return Code.BUDGET_EXCEEDED
        if held is not None and held.state == "denied":
            return Code.POLICY_DENIED
        total = tree.risk + STEP
        if total > max(min(LINES[one.agent][1] for one in lineage), tree.allowed_to):
            return Code.RISK_HALTED
        over = total > min(LINES[one.agent][0] for one in lineage)
        approved = held is not None and held.state == "approved"
        return Code.HUMAN_APPROVAL_REQUIRED if over and not approved else "Forward"


class RunsOverAStore(RuleBasedStateMachine):
    """Everything that is done to runs. `store_name` is given by the subclass of each store."""

    store_name = ""
    runs = Bundle("runs")
    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.opened = opened_together(self.store_name, Path(self.folder.name))
        parts = self._do(self.opened.__aenter__())
        self.store = parts.store
        self.house = House(RULES, store=parts.store, content=parts.content, pieces=parts.pieces)
        self.world = World()

    def teardown(self) -> None:
        self.house.known.close()
        self._do(self.opened.__aexit__(None, None, None))
        self.loop.close()
        self.folder.cleanup()

    @rule(target=runs, agent=st.sampled_from(sorted(CALLS)))
    def open_a_run(self, agent: str) -> OneRun:
        return self._known(agent, None, self._open(agent, None))

    @rule(target=runs, agent=st.sampled_from(sorted(CALLS)), above=runs)
    def open_a_run_below(self, agent: str, above: OneRun) -> Any:
        opened = self._open(agent, above.opened.run.run_id)
        no = Code.RUN_FINISHED if above.finished else Code.RUN_HALTED if above.tree.halted else None
        if no is not None:
            assert isinstance(opened, Refuse)
            assert opened.code is no
            return multiple()
        return self._known(agent, above, opened)

    @rule(target=holds, run=runs)
    def take_a_step(self, run: OneRun) -> Any:
        self.world.numbers += 1
        outcome = self._step(run, self.world.numbers, None)
        if isinstance(outcome, Refuse) and outcome.code is Code.HUMAN_APPROVAL_REQUIRED:
            held = Held(run, self.world.numbers, str(outcome.approval_id))
            self.world.held.append(held)
            return held
        return multiple()

    @rule(run=runs)
    def take_a_step_that_never_leaves(self, run: OneRun) -> None:
        self.world.numbers += 1
        outcome = self._step(run, self.world.numbers, None)
        if isinstance(outcome, Forward):
            self._do(self.house.enforcement.abandon(outcome.permit, "unreachable", left=False))
            run.tree.risk -= STEP
            for one in run.lineage:
                one.calls -= 1

    @rule(held=holds)
    def show_the_approval(self, held: Held) -> None:
        outcome = self._step(held.run, held.number, held)
        if isinstance(outcome, Forward):
            held.state = "used"
        elif outcome.code is Code.HUMAN_APPROVAL_REQUIRED and held.state == "used":
            # it served once: this is a new question about the same request
            assert outcome.approval_id != held.approval_id
            held.approval_id, held.state = str(outcome.approval_id), "pending"

    @precondition(lambda self: any(one.state == "pending" for one in self.world.held))
    @rule(data=st.data(), approve=st.booleans())
    def a_person_answers(self, data: Any, approve: bool) -> None:
        held = data.draw(st.sampled_from([one for one in self.world.held if one.state == "pending"]))
        answered = self._do(
            self.house.approvals.answer(held.approval_id, approve=approve, by=OPERATOR, why="looked")  # type: ignore[arg-type]
        )
        assert not isinstance(answered, Refuse), answered
        held.state = "approved" if approve else "denied"

    @rule(run=runs)
    def a_person_halts(self, run: OneRun) -> None:
        self._do(self.house.runs.halt(run.opened.run.run_id, by=OPERATOR, why="odd"))
        run.tree.halted = True

    @rule(run=runs, allowance=st.sampled_from([0, STEP, 500_000, 1_000_001]))
    def a_person_resumes(self, run: OneRun, allowance: int) -> None:
        resumed = self._do(
            self.house.runs.resume(run.opened.run.run_id, by=OPERATOR, why="", allowance_micros=allowance)
        )
        if allowance > 1_000_000:
            assert isinstance(resumed, Refuse)
            return
        if run.tree.halted and allowance:
            run.tree.allowed_to = max(run.tree.allowed_to, run.tree.risk + allowance)
        run.tree.halted = False

    @rule(run=runs)
    def finish_a_run(self, run: OneRun) -> None:
        self._do(self.house.runs.finish(run.opened.run.run_id, by=OPERATOR))
        run.finished = True

    @invariant()
    def the_store_holds_what_the_model_says(self) -> None:
        for run in self.world.runs:
            snapshot = self._do(self.store.snapshot(run.opened.run.run_id))
            tree, state = snapshot.tree, snapshot.tree.runs[run.opened.run.run_id]
            assert (tree.risk_micros, state.tool_calls) == (run.tree.risk, run.calls)
            assert (tree.halted_ms is not None, state.phase == "finished") == (run.tree.halted, run.finished)
            assert state.tool_calls <= CALLS[run.agent]
        for held in self.world.held:
            kept = self._do(self.house.approvals.standing(held.approval_id))  # type: ignore[arg-type]
            assert kept.state == held.state

    def _step(self, run: OneRun, number: int, held: Held | None) -> Forward | Refuse:
        """One step, held against the model; what it changes is changed in the model."""
        expected = self.world.expected(run, held)
        outcome = self._do(self._asked(run, number, held))
        got = outcome.code if isinstance(outcome, Refuse) else type(outcome).__name__
        assert got == expected, (got, expected, outcome)
        if expected == "Forward":
            run.tree.risk += STEP
            for one in run.lineage:
                one.calls += 1
        elif expected is Code.RISK_HALTED:
            run.tree.halted = True
        assert isinstance(outcome, Forward | Refuse)
        return outcome

    async def _asked(self, run: OneRun, number: int, held: Held | None) -> Any:
        run_id = run.opened.run.run_id
        issued = await self.house.tokens.issue(AgentId(run.agent), TokenRequest(run_id=run_id, tool="act", scope="act"))
        if not isinstance(issued, IssuedToken):
            return issued
        shown = {"AISecOps_Approval": held.approval_id} if held is not None else {}
        asked = request("POST", "https://act.internal/do", token=issued.token, body={"n": number}, **shown)
        return await self.house.ask(run.opened, asked)

    def _open(self, agent: str, parent: Any) -> Any:
        return self._do(self.house.runs.open(AgentId(agent), opened_by=f"agent:{agent}", parent=parent))

    def _known(self, agent: str, above: OneRun | None, opened: Any) -> OneRun:
        assert isinstance(opened, OpenedRun), opened
        run = OneRun(agent, above.tree if above else Tree(), above, opened)
        self.world.runs.append(run)
        return run

    def _do(self, what: Any) -> Any:
        return self.loop.run(what)


@pytest.mark.parametrize("name", STORES)
async def test_whatever_agents_and_people_do_the_store_holds_what_a_simple_model_says(name):
    if name in SERVERS and shutil.which(f"{name}-server") is None:
        pytest.skip(f"there is no {name}-server here")
    machine = type(f"RunsOver{name.title()}", (RunsOverAStore,), {"store_name": name})
    await asyncio.to_thread(
        run_state_machine_as_test,
        machine,
        settings=settings(
            max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
