"""The way in: a request becomes a forward or a refusal.

In this order, and each step only when the one before it said yes (contract 7):

1. who and which run
2. what it is (`classify.py`), the token, a first judgment: what is refused now is neither resolved nor scanned
3. where it would go, and what is in it
4. the judgment, with all facts
5. what serves only once: a token's use, a person's approval
6. the reservation: the tree's next state, by compare-and-swap; lost, back to 4
7. the record, durable first when the step changes the world
8. forward

A crash between any two of them leaves something charged that did not run, never the reverse.
"""

from __future__ import annotations

import asyncio
import time
import weakref

from msgspec.structs import replace

from aisecops.gateway.admission.asking import Asked, Asking
from aisecops.gateway.admission.contents import Contents
from aisecops.gateway.admission.course import Course
from aisecops.gateway.admission.dispatch import Dispatch, count, lines_of, turned_away
from aisecops.gateway.admission.gather import Gatherer, Looked, Presented, facts_for
from aisecops.gateway.aside import aside
from aisecops.gateway.enforcer import Caller
from aisecops.gateway.entries import SWAP_TRIES
from aisecops.gateway.ground import Ground
from aisecops.gateway.origins.chains import joined_chains
from aisecops.gateway.people.approve import Approvals, denied_id, facts_of, noes_of
from aisecops.gateway.resting import Rests
from aisecops.gateway.runs.adapting import moved_for
from aisecops.gateway.runs.runs import Runs
from aisecops.gateway.runs.trees import GUESS, Trees
from aisecops.gateway.runs.usual import usual_for
from aisecops.gateway.runs.whose import Whose
from aisecops.gateway.step.classify import Step, classify, destination_objection, objection
from aisecops.gateway.step.describe import decided
from aisecops.gateway.step.judge import Judged, judge, says_no
from aisecops.gateway.step.mcp import granted_here
from aisecops.gateway.step.points import Points
from aisecops.gateway.step.refuse import refusal
from aisecops.gateway.step.reserve import OUTRUN, must_last
from aisecops.gateway.timed import Stage, timed
from aisecops.model.budget import TreeState
from aisecops.model.decision import Judgment, Verdict
from aisecops.model.errors import StoreError
from aisecops.model.exchange import HttpRequest
from aisecops.model.facts import Facts, TokenFacts
from aisecops.model.finding import Finding
from aisecops.model.ids import DecisionId, RunId
from aisecops.model.outcome import Forward, Outcome, Refuse
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from aisecops.model.state import Approval, ApprovalState, Snapshot
from aisecops.wire.parts import HOST_PLACES


class Admission:
    """Admits requests. One object serves many at once; what it keeps is in store, record and permits."""

    def __init__(
        self,
        ground: Ground,
        *,
        trees: Trees,
        gatherer: Gatherer,
        points: Points,
        dispatch: Dispatch,
        runs: Runs,
        approvals: Approvals,
        hold_ms: int,
        idle_ms: int,
    ) -> None:
        self._ground = ground
        self._gatherer = gatherer
        self._contents = Contents(gatherer, ground.meter)
        self._points = points
        self._approvals = approvals
        self._dispatch = dispatch
        self.asking = Asking(ground, approvals=approvals, hold_ms=hold_ms)
        self._trees = trees
        self._whose = Whose(runs, trees, idle_ms=idle_ms)
        self._turns: weakref.WeakValueDictionary[RunId, asyncio.Lock] = weakref.WeakValueDictionary()

    async def connect(self, caller: Caller, host: str, port: int) -> Refuse | None:
        """A tunnel to a name that no rule knows is refused here, so that the name is never resolved."""
        rules = self._ground.rules.current()
        if destination_objection(rules, host, port) is None:
            return None
        asked = HttpRequest(method="CONNECT", scheme="https", host=host, port=port, path="/", headers=())
        run_id = await self._whose.run(caller, asked)
        if isinstance(run_id, Refuse):
            return run_id
        outcome = await self._judged_only(rules, run_id, classify(rules, asked))
        return outcome if isinstance(outcome, Refuse) else None

    async def refused(self, caller: Caller, request: HttpRequest, refuse: Refuse) -> Refuse:
        """What the host refuses by itself is decided and recorded like everything else; the first no stays the no."""
        run_id = await self._whose.run(caller, request)
        if isinstance(run_id, Refuse):
            return refuse
        step = objection(request, refuse.code, refuse.detail, rule=refuse.rule)
        outcome = await self._judged_only(self._ground.rules.current(), run_id, step)
        if not isinstance(outcome, Refuse):
            return refuse
        return replace(refuse, decision_id=outcome.decision_id, run_id=outcome.run_id)

    async def admit(self, caller: Caller, request: HttpRequest) -> Outcome:
        """Judge `request` whole; when this returns `Forward`, it is reserved and recorded."""
        asked = await self.understood(caller, request)
        if isinstance(asked, Refuse):
            return asked
        rests = Rests()
        try:
            looked = await self.looked_up(asked, rests=None if self.asking.names_approval(request) else rests)
            if isinstance(looked, Refuse):
                return self.told(asked, looked)
            approval = await self.asking.presented_approval(asked)
            return self.told(asked, await self.decide(asked, looked, self.course(approval)))
        finally:
            rests.let_go()

    async def understood(self, caller: Caller, request: HttpRequest) -> Asked | Refuse:
        """1 and 2: whose it is and what it is. A refusal when it has no run."""
        started = time.perf_counter()
        run_id = await self._whose.run(caller, request)
        if isinstance(run_id, Refuse):
            turned_away(self._ground.meter, caller.agent_id, run_id)
            return run_id
        rules = self._ground.rules.current()
        step = self._gatherer.reaching(await aside(len(request.body), request.headers, classify, rules, request))
        if step.spoken is not None and not granted_here(rules, caller.agent_id, request):
            step = objection(request, Code.POLICY_DENIED, f"no grant is for a tool of the MCP server `{request.host}`")
        return Asked(caller, request, rules, run_id, step, started)

    def told(self, asked: Asked, outcome: Outcome) -> Outcome:
        """`outcome`, counted, in the form of whom it is for."""
        step = asked.step
        if isinstance(outcome, Refuse) and step.call is not None:
            outcome = replace(outcome, dialect=step.call.dialect)
        if isinstance(outcome, Refuse) and step.posted_too:
            outcome = replace(outcome, posted_too=True)
        self._ground.meter.decided(
            agent=asked.caller.agent_id,
            tool=step.tool.name if step.tool else step.action.tool,  # the rule's name: those of a family have no end
            effect=step.action.effect.value,
            decision="allow" if isinstance(outcome, Forward) else _word(outcome),
            code="" if isinstance(outcome, Forward) else outcome.code.value,
            seconds=time.perf_counter() - asked.started,
        )
        return outcome

    # 2 and 3

    async def looked_up(
        self, asked: Asked, presented: Presented | None = None, *, rests: Rests | None = None
    ) -> Looked | Refuse:
        """2 and 3: what must be known before it is judged for good; `presented`: its token, if seen before.

        With `rests` it may rest on what is at hand.
        """
        rules, run_id, step, request = asked.rules, asked.run_id, asked.step, asked.request
        presented = presented or await self._gatherer.presented(
            rules, asked.caller.agent_id, run_id, step, request, now_s=self._ground.clock.now_ms() // 1000
        )
        first = await self._judged_only(rules, run_id, step, presented, guess=True)
        if isinstance(first, Refuse):
            return first
        root_run_id = first.run.root_run_id
        # to look a name up is to send it: not for whom a guess lets, nor one that holds what must not leave
        asks_nobody = self._gatherer.asks_nobody(request.host, request.port)
        may_rest = asks_nobody and not self._gatherer.is_counted(presented)
        content = await self._contents.of(asked, first.run, rests if may_rest else None)
        step, findings = content.step, content.findings
        guessed = first.version == GUESS and not asks_nobody
        if guessed or any(finding.where in HOST_PLACES for finding in findings):
            said = await self._judged_only(rules, run_id, step, presented, findings=findings)
            if isinstance(said, Refuse):
                return said
        pinned = await self._gatherer.pinned(rules, first.run, step)
        with timed(self._ground.meter, Stage.RESOLVE):
            addresses, unreachable = await self._gatherer.addresses(request.host, request.port)
        self._ground.meter.stage(Stage.LOOK, time.perf_counter() - asked.started)
        return Looked(
            step=step,
            presented=presented,
            findings=findings,
            unread=content.unread,
            descent=content.descent,
            root_run_id=root_run_id,
            parts=content.parts,
            rests=content.rests,
            puts_out=content.puts_out,
            addresses=tuple(addresses),
            through_proxy=self._gatherer.through_proxy(request.host, request.port),
            opinions=(unreachable, *pinned) if unreachable else pinned,
        )

    async def _judged_only(
        self,
        rules: RuleSet,
        run_id: RunId,
        step: Step,
        presented: Presented | None = None,
        findings: tuple[Finding, ...] = (),
        *,
        guess: bool = False,
    ) -> Refuse | Snapshot:
        """A judgment without what is dear to look up: a no is final and recorded, a yes or a hold is not an answer.

        With `guess` a yes or a hold may rest on one; a no never does.
        """
        guessed = self._trees.guess(run_id) if guess else None
        snapshot = guessed or await self._read(run_id, presented)
        if snapshot is None:
            return _no_run(run_id)
        now_ms = self._ground.clock.now_ms()
        token = self._gatherer.token_facts(presented, snapshot, agent_id=snapshot.run.agent_id, now_ms=now_ms)
        asked = self._points.not_yet(rules)
        facts = facts_for(step, snapshot, now_ms=now_ms, token=token, opinions=asked, findings=findings)
        if not says_no(rules, facts):
            return snapshot
        judged = judge(rules, facts, self._new_decision())
        if judged.decision.enforced is not Verdict.DENY or judged.tree is not None:
            return snapshot
        if guessed is not None:
            return await self._judged_only(rules, run_id, step, presented, findings)
        return await self._refused(rules, facts, judged)

    async def _read(self, run_id: RunId, presented: Presented | None) -> Snapshot | None:
        snapshot = await self._gatherer.snapshot(run_id, presented)
        if snapshot is not None:
            self._trees.read(snapshot)
        return snapshot

    # 4 to 8

    def course(self, approval: Approval | Judgment | None) -> Course:
        """The way of a request that comes with `approval`."""
        if isinstance(approval, Judgment):
            return Course(self._new_decision(), approval=None, stray=(approval,))
        return Course(decision_id=self._new_decision(), approval=approval)

    async def decide(self, asked: Asked, looked: Looked, course: Course) -> Outcome:
        """4 to 8. Waits for a person where one must be asked, unless somebody has `waited` for it before."""
        rules = asked.rules
        for _ in range(SWAP_TRIES):
            with timed(self._ground.meter, Stage.JUDGE):
                turn = await self._turn(rules, asked.run_id, looked, course)
            if isinstance(turn, Refuse):
                return turn
            if turn is None:
                if looked.rests is not None and course.must_ask:
                    looked = await self._contents.asked_for(asked, looked, looked.rests)
                continue
            facts, judged = turn
            if judged.decision.enforced is Verdict.ALLOW:
                with timed(self._ground.meter, Stage.RECORD):
                    return await self._dispatch.forward(rules, facts, judged, looked, asked.request, course.approval)
            if judged.decision.enforced is Verdict.DENY:
                return replace(await self._refused(rules, facts, judged), approval_id=denied_id(course.approval))
            question = await self.asking.question(asked, facts, judged)
            if isinstance(question, Refuse):
                return question
            course.approval = question.approval if course.waited else await self.asking.awaited(question)
            if said := self.asking.answered(question, course.approval, stray=bool(course.stray)):
                return said
            course.waited, course.decision_id = True, self._new_decision()
        raise StoreError(OUTRUN)

    async def foreseen(
        self, asked: Asked, looked: Looked, course: Course, tree: TreeState | None
    ) -> tuple[Facts, Judged] | Refuse:
        """What would be decided now, were the run's tree `tree`; nothing is taken and nothing recorded."""
        snapshot = await self._gatherer.snapshot(asked.run_id, looked.presented)
        if snapshot is None:
            return _no_run(asked.run_id)
        facts = await self._facts(asked.rules, looked, replace(snapshot, tree=tree or snapshot.tree), course)
        return facts, judge(asked.rules, facts, course.decision_id)

    async def _turn(
        self, rules: RuleSet, run_id: RunId, looked: Looked, course: Course
    ) -> tuple[Facts, Judged] | Refuse | None:
        """4 to 6: one judgment, made true in the store when it changes anything; None: somebody was faster.

        Requests of one tree take turns within this process, so that they seldom lose to each other; what keeps
        the sums right is the compare-and-swap alone.
        """
        async with self._turns.setdefault(looked.root_run_id, asyncio.Lock()):
            rests = looked.rests
            if rests is not None and not rests.stand():
                course.must_ask = True
                return None
            guessed = self._trees.guess(run_id) if course.may_guess else None
            course.may_guess = False
            snapshot = guessed or await self._read(run_id, looked.presented)
            if snapshot is None:
                return _no_run(run_id)
            facts = await self._facts(rules, looked, snapshot, course)
            judged = judge(rules, facts, course.decision_id)
            if (guessed or rests is not None) and not _may_be_guessed(facts, judged, course):
                course.must_ask = True
                return None  # read, and judge again
            if judged.decision.enforced is Verdict.ALLOW and not await self._used_up(facts, course):
                return None
            if judged.tree is not None and not await self._trees.swapped(
                snapshot,
                judged.tree,
                durable=must_last(facts, judged),
                unless=self._gatherer.revocable(snapshot.run, looked.presented),
                rests=rests,
            ):
                moved = rests is not None and rests.have_moved
                course.may_guess = moved  # the tree was as it should be
                course.must_ask = moved or guessed is None
                return None
        return facts, judged

    async def _used_up(self, facts: Facts, course: Course) -> bool:
        """5: take what serves once, each at most one time for this request. False: gone, judge again without it."""
        if not course.counted:
            if not await self._use_counted(facts):
                course.spent = TokenFacts(fault=Code.TOKEN_REPLAYED, detail="the token has no use left")
                return False
            course.counted = True
        if course.approval is not None and course.approval.state is ApprovalState.APPROVED:
            if await self._approvals.use(course.approval) is None:
                course.approval = None
                return False
            course.approval = replace(course.approval, state=ApprovalState.USED)
        return True

    def _new_decision(self) -> DecisionId:
        return DecisionId(self._ground.ids.new("dec_"))

    async def _facts(self, rules: RuleSet, looked: Looked, snapshot: Snapshot, course: Course) -> Facts:
        now_ms, run, action = self._ground.clock.now_ms(), snapshot.run, looked.step.action
        store, drawn = self._ground.store, looked.descent.drawn if looked.descent else ()
        token = course.spent or self._gatherer.token_facts(
            looked.presented, snapshot, agent_id=run.agent_id, now_ms=now_ms
        )
        opinions = await self._points.of_step(
            rules,
            action,
            snapshot,
            now_ms=now_ms,
            token=token,
            findings=looked.findings,
            descent=looked.descent,
        )
        return facts_for(
            looked.step,
            snapshot,
            now_ms=now_ms,
            token=token,
            findings=looked.findings,
            approval=facts_of(course.approval),
            opinions=(*looked.opinions, *opinions, *noes_of(course.approval), *course.stray),
            descent=looked.descent,
            moved=await moved_for(store, rules, run.agent_id, action.tool, now_ms=now_ms),
            usual=await usual_for(store, rules, action, agent_id=run.agent_id, root_run_id=run.root_run_id),
            joined=await joined_chains(store, rules, snapshot.tree, drawn, now_ms=now_ms),
        )

    async def _use_counted(self, facts: Facts) -> bool:
        claims = facts.token.claims if facts.token else None
        if claims is None:
            return True
        # one by one from the top: what is counted of those above when a lower one has none left stays counted
        for jti, uses, exp in claims.counted:
            if not await self._ground.store.use_token(jti, uses=uses, expires_ms=exp * 1000):
                return False
        return True

    async def _refused(self, rules: RuleSet, facts: Facts, judged: Judged) -> Refuse:
        lines = lines_of(rules, facts)
        await self._ground.record.append(*decided(facts, judged, lines))
        count(self._ground.meter, facts, judged)
        return refusal(facts, judged, lines)


def _no_run(run_id: RunId) -> Refuse:
    return Refuse(code=Code.RUN_UNKNOWN, detail=f"there is no run `{run_id}`")


def _may_be_guessed(facts: Facts, judged: Judged, course: Course) -> bool:
    """Only a yes whose charge the store will find true or not, and that takes nothing which serves only once."""
    counted = facts.token.claims.counted if facts.token and facts.token.claims else ()
    rests_on_it = judged.decision.enforced is Verdict.ALLOW and judged.tree is not None
    return rests_on_it and course.approval is None and not counted


def _word(outcome: Refuse) -> str:
    return "hold" if outcome.code is Code.HUMAN_APPROVAL_REQUIRED else "deny"
