"""What is open and must end: its run was halted or finished or has used up its time or money, its token was taken back.

The halt may have been made in any process; this one learns of it from the store, with one look for everything that
is open here. Knows when an exchange must be cut and records that it was; cutting is the host program's. When the
store cannot be asked for a while, nothing is known of any run, and everything is cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from aisecops.controls.budget import charge as budget
from aisecops.controls.budget import phase
from aisecops.controls.risk.chains import halted_above, standing
from aisecops.gateway.ground import Ground
from aisecops.gateway.origins.chains import chains_above
from aisecops.gateway.runs.handed_down import Revocable, revocable
from aisecops.gateway.settlement.overdrawn import Overdrawn
from aisecops.gateway.step.describe import event
from aisecops.gateway.step.lines import limits_of
from aisecops.gateway.step.permits import Permit, Permits
from aisecops.model.budget import TreeState
from aisecops.model.chain import Join
from aisecops.model.decision import Mode, Reason, Verdict
from aisecops.model.errors import Fault
from aisecops.model.ids import RunId
from aisecops.model.outcome import Refuse
from aisecops.model.record import Event, EventName
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from aisecops.model.state import RevocationKind

LOOK_EVERY_S = 0.25
BLIND_S = 3.0
"""How long the store may be silent before everything that is open is cut."""

SERVES = ("AIS-RSK-01", "AIS-EXE-01")

Cut = Callable[[str, Refuse], None]
"""Ends the exchange of a permit on both sides at once, and tells the agent why. An unknown permit is none of its."""


class _Ended(NamedTuple):
    permit: Permit
    reason: Reason
    halted_ms: int | None = None
    contained_s: float | None = None


class Cuts:
    """One per process that forwards."""

    def __init__(self, ground: Ground, *, permits: Permits) -> None:
        self._ground = ground
        self._permits = permits
        self._trees: dict[RunId, tuple[int, TreeState]] = {}
        self._joined: dict[RunId, tuple[Reason, int]] = {}
        self._overdrawn = Overdrawn(permits)
        self._done: set[str] = set()
        self._seen_s = 0.0

    async def watch(self, cut: Cut) -> None:
        """Look again and again, for as long as the process lives; the store is asked only while something is open.

        INVARIANT: from a halt until a cut pass no more than `LOOK_EVERY_S` and one answer of the store, or `BLIND_S`
        when it has none: nothing else is waited for between two looks, the record least of all.
        """
        self._seen_s = time.monotonic()
        async with asyncio.TaskGroup() as records:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                if ended := await self._cut(cut):
                    records.create_task(self._recorded(ended))

    async def look(self, cut: Cut) -> None:
        """Cut what must end now, and record it."""
        await self._recorded(await self._cut(cut))

    async def _cut(self, cut: Cut) -> list[_Ended]:
        """Cut what must end now, and return it."""
        standing = self._permits.standing()
        self._done &= standing.keys()
        if not standing:
            self._trees.clear()
            self._seen_s = time.monotonic()
            return []
        ended = await self._ended({name: permit for name, permit in standing.items() if name not in self._done})
        for one in ended:
            name = one.permit.decision_id
            self._done.add(name)
            cut(name, _refuse(one))
        return self._measured(ended)

    async def _recorded(self, ended: Sequence[_Ended]) -> None:
        """A record that cannot be written keeps nothing open."""
        if ended:
            with contextlib.suppress(Fault):
                await self._ground.record.append(*(_event(one) for one in ended))

    async def _ended(self, open_: Mapping[str, Permit]) -> list[_Ended]:
        permits = list(open_.values())
        try:
            async with asyncio.timeout(BLIND_S):
                revoked = await self._look_up(permits)
        except (Fault, TimeoutError):
            if time.monotonic() - self._seen_s < BLIND_S:
                return []
            reason = Reason(code=Code.STORE_UNAVAILABLE, detail="nobody can say whether the run may still act")
            return [_Ended(permit, reason) for permit in permits]
        self._seen_s = time.monotonic()
        rules, now_ms = self._ground.rules.current(), self._ground.clock.now_ms()
        over = self._overdrawn.by_now(open_)
        drawn = self._drawn(open_, over)
        judged = (
            self._judged(rules, permit, revoked, now_ms, drawn.get(_root(permit)) if name in over else None)
            for name, permit in open_.items()
        )
        return [one for one in judged if one is not None]

    def _drawn(self, open_: Mapping[str, Permit], over: Mapping[str, int]) -> dict[RunId, TreeState]:
        """The trees as they were if what answers have drawn beyond their reservations were charged."""
        trees = {root: tree for root, (_, tree) in self._trees.items()}
        for name, micros in over.items():
            principal = open_[name].facts.principal
            if tree := trees.get(principal.root_run_id):
                trees[principal.root_run_id] = budget.settle(tree, principal.run_id, cost_delta_micros=micros)
        return trees

    async def _look_up(self, permits: list[Permit]) -> frozenset[Revocable]:
        """Bring the trees of `permits` up to date; what is revoked of all that they stand on."""
        roots = {_root(permit) for permit in permits}
        self._trees = {root: known for root, known in self._trees.items() if root in roots}
        seen = {root: self._trees[root][0] if root in self._trees else 0 for root in roots}
        self._trees |= await self._ground.store.changed_trees(seen)
        self._joined = await self._halted_above()
        return await self._ground.store.revoked({name for permit in permits for name in _revocable(permit)})

    async def _halted_above(self) -> dict[RunId, tuple[Reason, int]]:
        """Of each tree that works on the words of one whose halt ends it: why, and since when (spec 22.2)."""
        join = self._ground.rules.current().risk.join
        if join is not Join.HALT:
            return {}
        found: dict[RunId, tuple[Reason, int]] = {}
        for root, (_, tree) in self._trees.items():
            joined = await chains_above(standing(tree), root, self._ground.store)
            for reason, halted_ms in halted_above(joined, join):
                found.setdefault(root, (reason, halted_ms))
        return found

    def _judged(
        self, rules: RuleSet, permit: Permit, revoked: frozenset[Revocable], now_ms: int, drawn: TreeState | None
    ) -> _Ended | None:
        """`drawn` is the tree of one whose answer costs more than was reserved, with all that it costs."""
        principal = permit.facts.principal
        _, tree = self._trees.get(principal.root_run_id, (0, None))
        if tree is None:
            return _Ended(permit, Reason(code=Code.RUN_UNKNOWN, detail=f"run `{principal.run_id}` is not known"))
        state = phase.phase_judgment(tree, principal.run_id)
        if state.verdict is not Verdict.ALLOW:
            return _Ended(permit, state.reasons[0], tree.halted_ms)
        agent = rules.agents.get(principal.agent_id)
        if agent is None:
            return _Ended(permit, Reason(code=Code.IDENTITY_REQUIRED, detail="the rules in force name no such agent"))
        if agent.mode is not Mode.ENFORCE:
            return None
        reason, halted_ms = self._joined.get(principal.root_run_id, (None, None))
        if reason is None and any(name in revoked for name in _revocable(permit)):
            reason = Reason(code=Code.TOKEN_REVOKED, detail="the token was revoked while it was in use")
        reason = reason or _used_up(rules, tree, principal.run_id, now_ms, budget.TIME)
        if reason is None and drawn is not None:
            reason = _used_up(rules, drawn, principal.run_id, now_ms, budget.COST)
        return None if reason is None else _Ended(permit, reason, halted_ms)

    def _measured(self, ended: Iterable[_Ended]) -> list[_Ended]:
        """Once for each tree, on the first of its exchanges: all that was open for it here is cut by now."""
        now_ms = self._ground.clock.now_ms()
        measured: set[RunId] = set()
        found = []
        for one in ended:
            root = one.permit.facts.principal.root_run_id
            if one.halted_ms is None or root in measured:
                found.append(one)
                continue
            measured.add(root)
            contained_s = (now_ms - one.halted_ms) / 1000
            self._ground.meter.contained(contained_s)
            found.append(one._replace(contained_s=contained_s))
        return found


def _root(permit: Permit) -> RunId:
    return permit.facts.principal.root_run_id


def _used_up(rules: RuleSet, tree: TreeState, run_id: RunId, now_ms: int, name: str) -> Reason | None:
    nothing = budget.Charge(run_id=run_id, counts_call=False, counts_write=False, cost_micros=0, counts_rate=False)
    faults = budget.project(tree, nothing, limits_of(rules, tree, run_id), now_ms=now_ms).faults
    judged = budget.judge(fault for fault in faults if fault.budget == name)
    return judged.reasons[0] if judged.reasons else None


def _revocable(permit: Permit) -> tuple[Revocable, ...]:
    claims = permit.facts.token.claims if permit.facts.token else None
    if claims is None:
        return ()
    return (
        (RevocationKind.TOKEN, claims.jti),
        (RevocationKind.RUN, claims.run_id),
        (RevocationKind.AGENT, claims.agent_id),
        (RevocationKind.KEY, claims.kid),
        *revocable(claims.above),
    )


def _refuse(one: _Ended) -> Refuse:
    return Refuse(
        code=one.reason.code,
        detail=one.reason.detail,
        rule=one.reason.rule,
        reasons=(one.reason,),
        decision_id=one.permit.decision_id,
        run_id=one.permit.facts.principal.run_id,
    )


def _event(one: _Ended) -> Event:
    permit = one.permit
    return event(
        EventName.EXCHANGE_CUT,
        permit.facts,
        permit.judged.decision,
        control=SERVES,
        code=one.reason.code,
        why=one.reason.detail,
        tool=permit.facts.request.tool,
        host=permit.facts.request.host,
        contained_s=one.contained_s,
    )
