"""Who somebody is that an OpenID provider vouches for: a name and a role, by the rules.

Takes claims that are verified already. Silence denies: no name, no role, nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aisecops.model.people import OidcRoles, PersonRole
from aisecops.model.rules import RuleSet
from aisecops.model.value import Value

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+|:-]{0,127}")
_HIGHEST_FIRST = (PersonRole.OPERATOR, PersonRole.APPROVER, PersonRole.VIEWER)


class Known(Value):
    """Somebody whom the rules let in."""

    name: str
    role: PersonRole


def known_by(rules: RuleSet, claims: Mapping[str, Any]) -> Known | str:
    """Whom `claims` are of, or in words why they are nobody's.

    1. the name that the rules' claim gives; an e-mail address only when the provider has verified it
    2. a person whose `login` that is: their name and role, whatever else the claims say
    3. the name of somebody whom the rules know otherwise is not taken: two people would be one
    4. the highest role that the claims give
    """
    if rules.oidc is None:
        return "the rules name no OpenID provider"
    # 1
    login = claims.get(rules.oidc.name)
    verified = rules.oidc.name != "email" or claims.get("email_verified") is True
    if not isinstance(login, str) or not _NAME.fullmatch(login) or not verified:
        return f"the claim `{rules.oidc.name}` holds no name, or one that the provider has not verified"
    # 2
    for person in rules.people.values():
        if person.login == login:
            return Known(name=person.name, role=person.role)
    # 3
    if login in rules.people:
        return f"`{login}` is the name of somebody whom the rules know by something else"
    # 4
    if rules.oidc.roles is not None and (role := _role(rules.oidc.roles, claims)) is not None:
        return Known(name=login, role=role)
    return f"no role is given to `{login}`"


def _role(roles: OidcRoles, claims: Mapping[str, Any]) -> PersonRole | None:
    held = _held(roles.claim, claims)
    wanted = {PersonRole.VIEWER: roles.viewer, PersonRole.APPROVER: roles.approver, PersonRole.OPERATOR: roles.operator}
    return next((role for role in _HIGHEST_FIRST if not held.isdisjoint(wanted[role])), None)


def _held(path: str, claims: Mapping[str, Any]) -> frozenset[str]:
    """The words under `path`: one, or a list; a claim of exactly this name first, then one below others."""
    at: Any = claims
    for step in (path,) if path in claims else path.split("."):
        at = at.get(step) if isinstance(at, Mapping) else None
    listed = [at] if isinstance(at, str) else at if isinstance(at, list) else []
    return frozenset(one for one in listed if isinstance(one, str))
