"""May this agent have this? The grants, asked; silence denies (contract 5, spec 4.2).

Knows grants alone. Whether a token is genuine, a budget left or a risk too high is for other controls.
"""

from __future__ import annotations

from aisecops.controls.policy.mistakes import nearest, shown
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.grant import Claims, Constraints, Grant
from aisecops.model.ids import AgentId
from aisecops.model.refusals import Code
from aisecops.model.rules import AgentRule, GrantRule, RuleSet
from aisecops.model.scope import covers

CONTROL = "policy"
SERVES = ("AIS-CAP-01",)


def evaluate(
    rules: RuleSet, agent_id: AgentId, *, tool: str, scope: str, constraints: Constraints
) -> tuple[Judgment, Grant | None]:
    """Whether a grant of `agent_id` covers `tool` and `scope` (names or patterns), and what is then granted.

    The grant is what was asked, narrowed by the rule's constraints; of several rules that cover, the first written.
    Without one the judgment is DENY and the grant None.
    """
    agent = rules.agents.get(agent_id)
    if agent is None:
        near = nearest(agent_id, rules.agents)
        hint = f"; the nearest declared one is `{near}`" if near else ""
        return _no(Code.POLICY_DENIED, f"agent {shown(agent_id)} is not declared{hint}"), None
    rule = covering_grant(agent, tool=tool, scope=scope)
    if rule is None:
        return _no(Code.POLICY_DENIED, _nothing_covers(agent, tool, scope), rule=str(agent.place)), None
    return _yes(), Grant(tool=tool, scope=scope, constraints=constraints.narrowed(rule.grant.constraints))


def covering_grant(agent: AgentRule, *, tool: str, scope: str) -> GrantRule | None:
    """The first grant of `agent` that covers `tool` and `scope`."""
    return next((rule for rule in agent.grants if _covers(rule, tool, scope)), None)


def still_granted(rules: RuleSet, claims: Claims) -> Judgment:
    """Whether the rules in force would still grant what a verified token says; cheap when they have not changed.

    A token issued under other rules is judged again: wider than every grant there is now, it is out of date.
    """
    if claims.policy_version == rules.policy_version:
        return _yes()
    agent = rules.agents.get(claims.granted_to)
    held = claims.grant.constraints.narrowed(Constraints(uses=claims.uses, max_ttl_s=claims.exp - claims.iat))
    tool, scope = claims.grant.tool, claims.grant.scope
    covering = [rule for rule in agent.grants if _covers(rule, tool, scope)] if agent else []
    if any(held.within(rule.grant.constraints) for rule in covering):
        return _yes()
    if covering:
        why = f"{covering[0].name} now has narrower constraints than the token"
        return _no(Code.TOKEN_POLICY_OUTDATED, f"{why}; request a new one", rule=str(covering[0].place))
    what = f"{shown(tool)} on {shown(scope)}"
    why = f"the rules in force no longer grant {what} to agent {shown(claims.granted_to)}; request a new token"
    return _no(Code.TOKEN_POLICY_OUTDATED, why, rule=str(agent.place) if agent else "")


def _covers(rule: GrantRule, tool: str, scope: str) -> bool:
    return covers(rule.grant.tool, tool) and covers(rule.grant.scope, scope)


def _yes() -> Judgment:
    return Judgment(control=CONTROL, verdict=Verdict.ALLOW, serves=SERVES)


def _no(code: Code, detail: str, *, rule: str = "") -> Judgment:
    reason = Reason(code=code, detail=detail, rule=rule)
    return Judgment(control=CONTROL, verdict=Verdict.DENY, reasons=(reason,), serves=SERVES)


def _nothing_covers(agent: AgentRule, tool: str, scope: str) -> str:
    what = f"no grant of agent `{agent.agent_id}` covers {shown(tool)} on {shown(scope)}"
    near = nearest_grant(agent, tool)
    if near is None:
        return f"{what}; it has no grants: add one under `grants`"
    return f"{what}; the nearest is {near.name}, `{near.grant.tool}` on `{near.grant.scope}`"


def nearest_grant(agent: AgentRule, tool: str) -> GrantRule | None:
    """The grant a person would look at first: one for this very tool, else for a name like it, else the first."""
    if not agent.grants:
        return None
    by_tool = [rule for rule in agent.grants if covers(rule.grant.tool, tool)]
    alike = nearest(tool, {rule.grant.tool for rule in agent.grants})
    return next(iter(by_tool), None) or next(
        (rule for rule in agent.grants if rule.grant.tool == alike), agent.grants[0]
    )
