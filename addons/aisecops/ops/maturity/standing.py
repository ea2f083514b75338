"""What an installation is set up to do and how it stands: beside the record, the other half of the evidence."""

from __future__ import annotations

from collections.abc import Iterable

from aisecops.gateway.pinned.inventory import Integration, State
from aisecops.model.decision import Mode
from aisecops.model.rules import RuleSet, Unread
from aisecops.model.value import Value
from aisecops.ops.maturity.evidence import Gathered

WHOLE, BROKEN, UNCHECKED = "whole", "broken", "unchecked"


class Standing(Value):
    """Rules, inventory, runs of the store and the record's state at one time. `record` is one of the three words."""

    at: str
    policy_version: str
    agents: tuple[str, ...]
    observed: tuple[str, ...]
    ungranted: tuple[str, ...]
    unbounded: tuple[str, ...]
    tools: tuple[str, ...]
    grants: int
    reads_unread: bool
    block_at: float
    runs_known: int
    runs_recorded: int
    integrations: int
    overdue: tuple[str, ...]
    changed: tuple[str, ...]
    unreviewed: tuple[str, ...]
    record: str
    record_detail: str
    gathered: Gathered


def standing(
    rules: RuleSet,
    integrations: Iterable[Integration],
    gathered: Gathered,
    *,
    at: str,
    runs_known: int,
    runs_recorded: int,
    record: str,
    record_detail: str = "",
) -> Standing:
    """Everything a level is judged by. `at` is now, in RFC 3339."""
    found = list(integrations)
    agents = rules.agents.values()
    return Standing(
        at=at,
        policy_version=rules.policy_version,
        agents=tuple(agent.agent_id for agent in agents),
        observed=tuple(agent.agent_id for agent in agents if agent.mode is not Mode.ENFORCE),
        ungranted=tuple(agent.agent_id for agent in agents if not agent.grants),
        unbounded=tuple(f"{agent.agent_id}: {name}" for agent in agents for name in agent.budgets.unset),
        tools=tuple(rules.tools),
        grants=sum(len(agent.grants) for agent in agents),
        reads_unread=rules.egress.unread is Unread.ALLOW,
        block_at=float(rules.firewall.block_at),
        runs_known=runs_known,
        runs_recorded=runs_recorded,
        integrations=len(found),
        overdue=tuple(one.name for one in found if one.overdue),
        changed=tuple(one.name for one in found if one.state is State.CHANGED),
        unreviewed=tuple(one.name for one in found if one.declared and one.rule and not one.review and not one.digests),
        record=record,
        record_detail=record_detail,
        gathered=gathered,
    )
