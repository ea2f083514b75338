"""The risk that a read from memory turns out to have had."""

from decimal import Decimal

from aisecops.controls.risk.score import score
from aisecops.gateway.origins.memories import Recalled
from aisecops.gateway.settlement.raised import raised_micros, told_items, with_risk
from aisecops.gateway.step.judge import Judged
from aisecops.model.decision import Decision, Mode, Verdict
from aisecops.model.ids import DecisionId
from aisecops.model.memory import ItemState, RecalledItem
from aisecops.model.provenance import TrustTier
from support.origins import origin
from support.trees import tree_of


def judged(trust):
    risk = score(base=Decimal("0.3"), escalation=Decimal(1), trust=Decimal(trust), stress=Decimal(1))
    decision = Decision(
        decision_id=DecisionId("dec_1"), verdict=Verdict.ALLOW, enforced=Verdict.ALLOW, mode=Mode.ENFORCE,
        policy_version="v", judgments=(), risk=risk,
    )  # fmt: skip
    return Judged(decision=decision, tree=None)


def recalled(state, tier):
    item = RecalledItem(state=state, tier=tier, origin_id="prv_1", source="memory:notes")
    return Recalled(origin=origin("a"), items=(item,))


def test_it_is_the_difference_to_what_untrusted_content_costs_and_never_less_than_nothing():
    foreign = recalled(ItemState.FOREIGN, TrustTier.EXTERNAL)
    assert raised_micros(judged("0.5"), foreign) == 450_000
    assert raised_micros(judged("2"), foreign) == 0
    assert raised_micros(judged("0.5"), recalled(ItemState.OWN, TrustTier.EXTERNAL)) == 450_000
    assert raised_micros(judged("0.5"), recalled(ItemState.OWN, TrustTier.INTERNAL)) == 0
    assert raised_micros(judged("0.5"), None) == 0


def test_it_goes_to_the_tree_and_the_items_to_the_record():
    assert with_risk(tree_of(risk_micros=5), 7).risk_micros == 12
    told = told_items(recalled(ItemState.UNKNOWN, TrustTier.EXTERNAL))
    assert told is not None
    assert told[0]["state"] == "unknown"
