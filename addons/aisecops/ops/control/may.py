"""Who may call what of the API: the one table, asked before any handler runs. What is not in it is refused.

A handler narrows it further: an agent acts for itself only, a run's credentials for that run, and nobody answers for a
run they opened.
"""

from __future__ import annotations

from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.control.who import Role

_PEOPLE = frozenset({Role.VIEWER, Role.APPROVER, Role.OPERATOR})
_ALL = _PEOPLE | {Role.AGENT}

MAY: dict[str, frozenset[Role]] = {
    "open_run": frozenset({Role.AGENT, Role.OPERATOR}),
    "list_runs": _ALL,
    "show_run": _ALL,
    "run.plan": frozenset({Role.AGENT, Role.OPERATOR}),
    "run.finish": frozenset({Role.AGENT, Role.OPERATOR}),
    "run.halt": frozenset({Role.AGENT, Role.APPROVER, Role.OPERATOR}),
    "run.resume": frozenset({Role.OPERATOR}),
    "issue_token": frozenset({Role.AGENT, Role.GATEWAY, Role.OPERATOR}),
    "revoke_token": frozenset({Role.OPERATOR}),
    "revoke_all": frozenset({Role.OPERATOR}),
    "list_approvals": _ALL,
    "show_approval": _ALL,
    "answer": frozenset({Role.APPROVER, Role.OPERATOR}),
    "integrations": _PEOPLE,
    "accept": frozenset({Role.APPROVER, Role.OPERATOR}),
    "list_risk": _PEOPLE,
    "reset_risk": frozenset({Role.OPERATOR}),
    "events": _PEOPLE,
    "maturity": _PEOPLE,
    "open_evaluation": frozenset({Role.OPERATOR}),
    "close_evaluation": frozenset({Role.OPERATOR}),
    "policy": _ALL | {Role.GATEWAY},
    "me": _ALL | {Role.GATEWAY},
}
_WORDS = {Role.AGENT: "agents", Role.GATEWAY: "gateways", Role.VIEWER: "viewers", Role.APPROVER: "approvers"}


def refused(call: str, role: Role) -> Refuse | None:
    """The no to `role` calling `call`; None when it may."""
    allowed = MAY.get(call, frozenset())
    if role in allowed:
        return None
    those = ", ".join(_WORDS.get(one, "operators") for one in Role if one in allowed) or "nobody"
    return Refuse(code=Code.POLICY_DENIED, detail=f"this is for {those}, not for {_WORDS.get(role, role.value)}")
