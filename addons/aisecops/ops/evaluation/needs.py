"""What the rules must have for a scenario to apply: then it must hold, and otherwise it is told apart.

A need is for what is a matter of the operator's choice. What no operator may do without is not asked for here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aisecops.model.entities import named_by
from aisecops.model.finding import FindingAction
from aisecops.model.proportion import ProportionRule
from aisecops.model.rules import AgentRule, RuleSet, TokenMode

type _Holds = Callable[[RuleSet, AgentRule], bool]

RATE_MOST = 20
"""A rate over so many in a second cannot be shown to hold on a busy machine."""


def _watched(*entities: str) -> _Holds:
    def holds(rules: RuleSet, _: AgentRule) -> bool:
        detectors = [rule for rule in rules.egress.detectors if rule.to in {"any", "external"}]
        return all(any(named_by(rule.entities, entity) for rule in detectors) for entity in entities)

    return holds


def _small_rate(_: RuleSet, agent: AgentRule) -> bool:
    rate = agent.budgets.rate
    return rate is not None and rate.count * 1000 <= RATE_MOST * rate.per_ms


def bounding(rules: RuleSet) -> list[ProportionRule]:
    """The rules that hold or block what goes to strangers out of proportion, whatever tool it goes by."""
    actions = {FindingAction.HOLD, FindingAction.BLOCK}
    return [
        rule for rule in rules.egress.proportion if rule.to == "external" and not rule.tool and rule.action in actions
    ]


NEEDS: dict[str, tuple[str, _Holds]] = {
    "own-tokens": (
        "the agent shows its own capability tokens; the gateway gets them for it",
        lambda _, agent: agent.token is TokenMode.REQUIRE,
    ),
    "rate": (f"a rate of at most {RATE_MOST} a second is set", _small_rate),
    "canary": ("`egress.canaries` names one", lambda rules, _: bool(rules.egress.canaries)),
    "known-secret": ("`egress.known` names one", lambda rules, _: bool(rules.egress.known)),
    "pinned-prompt": ("the system prompt is pinned", lambda _, agent: agent.system_prompt == "pinned"),
    "emails-watched": ("a detector looks for EMAIL_ADDRESS", _watched("EMAIL_ADDRESS")),
    "phones-watched": ("a detector looks for PHONE_NUMBER", _watched("PHONE_NUMBER")),
    "ids-watched": ("a detector looks for NATIONAL_ID", _watched("DE_TAX_ID", "FR_NIR", "UK_NINO")),
    "unread-refused": ("what cannot be read is refused", lambda rules, _: rules.egress.unread.value == "refuse"),
    "proportion": (
        "`egress.proportion` holds or blocks what leaves to external places with any tool",
        lambda rules, _: bool(bounding(rules)),
    ),
    "volume": ("`egress.volume` bounds what leaves to external places", lambda rules, _: bool(rules.egress.volume)),
}


def missing(rules: RuleSet, agent: AgentRule, needs: Iterable[str]) -> str:
    """The first need that these rules do not fulfil, in words; empty when all are."""
    return next((NEEDS[need][0] for need in needs if not NEEDS[need][1](rules, agent)), "")
