import pytest

from aisecops.controls.policy.logins import Known, known_by
from aisecops.model.people import PersonRole
from support.gateway import rules_of

RULES = """
version: 1
oidc:
  issuer: https://login.corp.test
  client_id: aisecops
  name: {name}
  roles: {{claim: {claim}, viewer: [staff], approver: [oncall], operator: [platform]}}
people:
  ann: {{role: approver, login: ann@corp.test}}
  otto: {{role: operator, secret: "env:OTTO"}}
"""


def rules(name="preferred_username", claim="groups"):
    return rules_of(RULES.format(name=name, claim=claim))


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["staff"], PersonRole.VIEWER),
        (["staff", "oncall"], PersonRole.APPROVER),
        (["platform", "staff"], PersonRole.OPERATOR),
        ("oncall", PersonRole.APPROVER),
    ],
)
def test_the_highest_role_that_the_claims_give_is_theirs(groups, role):
    assert known_by(rules(), {"preferred_username": "bob", "groups": groups}) == Known(name="bob", role=role)


@pytest.mark.parametrize("groups", [[], None, ["guests"], [["oncall"]], {"oncall": True}, 7, "oncall staff"])
def test_without_a_role_nobody_comes_in(groups):
    assert isinstance(known_by(rules(), {"preferred_username": "bob", "groups": groups}), str)


def test_a_claim_may_lie_below_others():
    claims = {"preferred_username": "bob", "realm_access": {"roles": ["oncall"]}}
    assert known_by(rules(claim="realm_access.roles"), claims) == Known(name="bob", role=PersonRole.APPROVER)


def test_a_person_of_the_rules_has_the_role_of_the_rules_whatever_the_claims_say():
    claims = {"preferred_username": "ann@corp.test", "groups": ["platform"]}
    assert known_by(rules(), claims) == Known(name="ann", role=PersonRole.APPROVER)


@pytest.mark.parametrize("name", ["otto", "ann"])
def test_nobody_takes_the_name_of_somebody_whom_the_rules_know(name):
    assert isinstance(known_by(rules(), {"preferred_username": name, "groups": ["platform"]}), str)


@pytest.mark.parametrize("name", ["", None, 7, ["bob"], "bob\nperson:ann", "bob mallory", "x" * 200])
def test_a_name_that_is_none_is_nobodys(name):
    assert isinstance(known_by(rules(), {"preferred_username": name, "groups": ["platform"]}), str)


@pytest.mark.parametrize("proof", [{}, {"email_verified": False}, {"email_verified": "true"}])
def test_an_address_that_the_provider_has_not_verified_is_nobodys(proof):
    said = {"email": "ann@corp.test", **proof}
    assert isinstance(known_by(rules(name="email"), said), str)
    assert known_by(rules(name="email"), {**said, "email_verified": True}) == Known(
        name="ann", role=PersonRole.APPROVER
    )


def test_without_a_provider_in_the_rules_nobody_is_vouched_for():
    assert isinstance(known_by(rules_of("version: 1\n"), {"sub": "bob", "groups": ["platform"]}), str)
