"""What agents may do under a rule set, and what of it one set grants and another does not (spec 22.3).

An authority is a granted scope of a declared tool: a grant for a tool that nobody declared is none, and a tool that
nobody is granted is none either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aisecops.model.grant import Constraints
from aisecops.model.ids import AgentId
from aisecops.model.risk import from_micros
from aisecops.model.rules import RuleSet
from aisecops.model.scope import covers
from aisecops.model.value import Value

_VERBS = {"read": "read with", "write": "write with", "memory-read": "recall with", "memory-write": "remember with"}


class Authority(Value):
    """One agent may use one tool on one scope, within limits. `tool` may be a family, `scope` a pattern."""

    agent_id: AgentId
    tool: str
    effect: str
    scope: str
    constraints: Constraints
    place: str

    def within(self, outer: Authority) -> bool:
        """True when `outer` allows all of this."""
        return (
            self.agent_id == outer.agent_id
            and covers(outer.tool, self.tool)
            and covers(outer.scope, self.scope)
            and self.constraints.within(outer.constraints)
        )

    def __str__(self) -> str:
        limits = limits_in_words(self.constraints)
        return f"{_VERBS[self.effect]} `{self.tool}` on `{self.scope}`{f' ({limits})' if limits else ''}"


def authorities(rules: RuleSet) -> tuple[Authority, ...]:
    """Everything that any agent of `rules` may be given a token for."""
    return tuple(_all(rules))


def beyond(some: Iterable[Authority], others: Iterable[Authority]) -> tuple[Authority, ...]:
    """What of `some` no single one of `others` allows."""
    known = tuple(others)
    return tuple(one for one in some if not any(one.within(other) for other in known))


def limits_in_words(limits: Constraints) -> str:
    """`max_rows 100, max_cost 0.5`; empty without limits."""
    cost = limits.max_cost_micros
    named = {
        "max_rows": limits.max_rows,
        "max_cost": None if cost is None else f"{from_micros(cost):g}",
        "uses": limits.uses,
        "expiry": None if limits.max_ttl_s is None else f"{limits.max_ttl_s}s",
    }
    return ", ".join(f"{name} {value}" for name, value in named.items() if value is not None)


def _all(rules: RuleSet) -> Iterator[Authority]:
    for agent in rules.agents.values():
        for rule in agent.grants:
            for name, tool in rules.tools.items():
                granted = rule.grant.tool
                meant = name if covers(granted, name) else granted if covers(name, granted) else ""
                if meant:
                    yield Authority(
                        agent_id=agent.agent_id,
                        tool=meant,
                        effect=tool.effect.value,
                        scope=rule.grant.scope,
                        constraints=rule.grant.constraints,
                        place=str(rule.place),
                    )
