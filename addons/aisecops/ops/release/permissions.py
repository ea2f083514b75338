"""Tool permission audit (spec 9, 22.3): somebody has accepted what agents may do, and nothing was gained since."""

from __future__ import annotations

from collections.abc import Iterator

from aisecops.controls.policy.authority import authorities
from aisecops.controls.policy.diff import diff
from aisecops.controls.policy.directions import Direction
from aisecops.model.errors import ConfigError
from aisecops.model.rules import RuleSet
from aisecops.model.scope import covers
from aisecops.ops.release.check import Check, checked
from aisecops.ops.release.evidence import Evidence
from aisecops.ops.wiring.rules import file_rules

ENOUGH_RUNS = 20
"""From so many recorded runs of an agent on, a grant that none of them used is worth a word."""


def permission_audit(found: Evidence) -> Check:
    """Against the rules that were last accepted, as the state folder keeps them."""
    last = found.acceptances[-1] if found.acceptances else None
    evidence = (f"{last['by']} accepted the rules {str(last['policy_version'])[:19]} on {last['at']}",) if last else ()
    faults = tuple(_gained(found, str(last["policy_version"]))) if last else ("nobody has accepted what agents may do",)
    return checked(
        "tool permission audit",
        "9, 22.3",
        evidence=evidence,
        faults=faults,
        notes=tuple(_notes(found)),
        mend="read `aisecops release-gate --permissions`, then `aisecops release-gate --accept NAME`",
    )


def in_words(rules: RuleSet) -> Iterator[str]:
    """Everything that any agent may do, a line each."""
    for agent in rules.agents.values():
        mine = [one for one in authorities(rules) if one.agent_id == agent.agent_id]
        yield f"`{agent.agent_id}` ({agent.mode.value}, token {agent.token.value}):"
        yield from (f"  {one} [{one.place}]" for one in mine)
        if not mine:
            yield "  no tool"
    yield f"every agent: models {', '.join(rules.models) or 'none'}; {len(rules.sources)} sources to read"


def _gained(found: Evidence, accepted: str) -> Iterator[str]:
    if accepted == found.rules.policy_version:
        return
    try:
        before = file_rules(found.settings).archived(accepted)
    except ConfigError as error:
        yield f"what was gained since cannot be told: {error}"
        return
    for change in diff(before, found.rules):
        if change.direction is not Direction.LOST:
            yield f"{change.direction}: {change.what}"


def _notes(found: Evidence) -> Iterator[str]:
    for agent in found.rules.agents.values():
        name = agent.agent_id
        if found.runs[name] < ENOUGH_RUNS:
            continue
        for rule in agent.grants:
            used = any(
                who == name and covers(rule.grant.tool, tool) and covers(rule.grant.scope, scope)
                for who, tool, scope in found.used
            )
            if not used:
                grant = f"`{rule.grant.tool}` on `{rule.grant.scope}`"
                yield f"`{name}` has used {grant} in none of {found.runs[name]} runs [{rule.place}]"
