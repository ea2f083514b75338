"""Asks the decision points that the rules name beside the grants (spec 7.2, 24; contract 6).

They can only take away. One that cannot be asked is a no with its reason, and the judgment of the whole holds what was
never asked to be a no as well (`judge.unasked`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aisecops.gateway.ports import DecisionPoint
from aisecops.model.access import AccessRequest, Phase
from aisecops.model.action import ActionRequest, Kind
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.envelope import Descent
from aisecops.model.errors import PolicyError
from aisecops.model.facts import TokenFacts
from aisecops.model.finding import Finding
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet
from aisecops.model.state import Snapshot

SERVES = ("AIS-CAP-01",)
ASKED_OF = frozenset({Kind.TOOL, Kind.LOCAL})


class Points:
    """Every decision point of this process. Keeps nothing."""

    def __init__(self, points: Sequence[DecisionPoint]) -> None:
        self._points = tuple(points)

    async def opinions(self, rules: RuleSet, asked: AccessRequest) -> tuple[Judgment, ...]:
        """What each point that `rules` name says, all asked at once, in the order of the points."""
        named = self._named_by(rules)
        return tuple(await asyncio.gather(*(_opinion(point, rules, asked) for point in named)))

    def _named_by(self, rules: RuleSet) -> list[DecisionPoint]:
        return [point for point in self._points if point.named_by(rules)]

    def not_yet(self, rules: RuleSet) -> tuple[Judgment, ...]:
        """For a judgment that can only refuse: what is refused without them is not worth asking them about."""
        said = Reason(code=Code.POLICY_UNAVAILABLE, detail="not asked yet")
        return tuple(
            Judgment(control=point.name, verdict=Verdict.ALLOW, reasons=(said,), serves=SERVES)
            for point in self._named_by(rules)
        )

    def anew(self, before: Sequence[Judgment], now: Sequence[Judgment]) -> tuple[Judgment, ...]:
        """`before`, in which every point's opinion is replaced by the one it has `now`."""
        ours = {point.name for point in self._points}
        return (*(judgment for judgment in before if judgment.control not in ours), *now)

    async def of_step(
        self,
        rules: RuleSet,
        action: ActionRequest,
        snapshot: Snapshot,
        *,
        now_ms: int,
        token: TokenFacts | None = None,
        findings: tuple[Finding, ...] = (),
        descent: Descent | None = None,
    ) -> tuple[Judgment, ...]:
        """The opinions on one step of `snapshot`'s run; none on what carries no authority of its own."""
        if action.kind not in ASKED_OF or not self._named_by(rules):
            return ()
        run = snapshot.run
        agent = rules.agents.get(run.agent_id)
        asked = AccessRequest(
            phase=Phase.INVOKE,
            agent_id=run.agent_id,
            role=agent.role if agent else "",
            run_id=run.run_id,
            root_run_id=run.root_run_id,
            tool=action.tool,
            effect=action.effect,
            scope=action.scope,
            now_s=now_ms // 1000,
            risk_micros=snapshot.tree.risk_micros,
            base_risk=action.base_risk,
            trust=action.trust,
            cost_micros=action.cost_micros,
            rows=action.rows,
            method=action.method,
            host=action.host,
            port=action.port,
            read_untrusted=descent is not None and descent.read_untrusted,
            found=tuple(sorted({finding.entity for finding in findings})),
            token=token.claims if token else None,
        )
        return await self.opinions(rules, asked)


async def _opinion(point: DecisionPoint, rules: RuleSet, asked: AccessRequest) -> Judgment:
    try:
        return await point.judge(rules, asked)
    except PolicyError as error:
        reason = Reason(code=error.code, detail=str(error), rule=f"policy.{point.name}")
        return Judgment(control=point.name, verdict=Verdict.DENY, reasons=(reason,), serves=SERVES, binding=True)
