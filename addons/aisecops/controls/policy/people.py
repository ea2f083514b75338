"""What the rules say of people, key by key: who they are, who vouches for them, and where they are asked."""

from __future__ import annotations

from aisecops.controls.policy import leaves as leaf
from aisecops.controls.policy.shapes import Key, ListOf, Record
from aisecops.model.people import (
    AnnounceRule,
    ApprovalRules,
    OidcRoles,
    OidcRules,
    PersonRole,
    PersonRule,
)

PERSON = Record(
    "a person",
    PersonRule,
    {
        "role": Key(leaf.PERSON_ROLE, needed=True, about="viewer looks, approver answers too, operator may do all"),
        "secret": Key(leaf.SECRET, about="where their bearer secret is: env:NAME or file:PATH"),
        "login": Key(leaf.TEXT, about="what the OpenID provider calls them, in the claim that `oidc.name` names"),
        "slack": Key(leaf.SLACK_ID, about="their member id at Slack, for answers by its buttons"),
        "duty": Key(ListOf(leaf.DUTY, single=True), about="when they answer; if nobody does, held steps are refused"),
    },
    placed=True,
)
OIDC_ROLES = Record(
    "`roles`",
    OidcRoles,
    {
        "claim": Key(leaf.TEXT, needed=True, about="the claim that holds them, such as `groups`"),
        **{str(role): Key(ListOf(leaf.TEXT, single=True), about="values that give this role") for role in PersonRole},
    },
)
OIDC = Record(
    "`oidc`",
    OidcRules,
    {
        "issuer": Key(leaf.HTTPS_URL, needed=True, about="exactly as the provider's tokens say it"),
        "client_id": Key(leaf.TEXT, needed=True),
        "client_secret": Key(leaf.SECRET, about="for signing in; a public client has none"),
        "audience": Key(leaf.TEXT, about="of access tokens to the API; the client id unless said otherwise"),
        "name": Key(leaf.TEXT, about="the claim that a person is called by, `sub` unless said otherwise"),
        "roles": Key(OIDC_ROLES, about="roles of people whom `people` does not name"),
    },
    placed=True,
)
ANNOUNCE = Record(
    "a place to announce held steps at",
    AnnounceRule,
    {
        "url": Key(leaf.HOOK_URL, needed=True, about="where it is sent; `env:NAME` or `file:PATH` when it is a secret"),
        "form": Key(leaf.HOOK_FORM, about="json (the default) or slack"),
        "secret": Key(leaf.SECRET, about="what it is signed with, and answers that come from there"),
        "answers": Key(ListOf(leaf.NAME, single=True), about="people whose answers may come from there"),
    },
    placed=True,
)
APPROVALS = Record(
    "`approvals`",
    ApprovalRules,
    {
        "announce": Key(ListOf(ANNOUNCE)),
        "slack_secret": Key(leaf.SECRET, about="the signing secret of the Slack app whose buttons answer"),
    },
)
