import pytest

from support.rules_text import problems, rules

OIDC = "oidc: {issuer: https://login.corp.test, client_id: aisecops}\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("people: {ann: {role: approver}}", "nobody can be `ann`"),
        ("people: {ann: {role: approver, login: ann}}", "no `oidc` says where people sign in"),
        (OIDC + "people: {ann: {role: viewer, login: x}, bob: {role: viewer, login: x}}", "is also that of `ann`"),
        ("people: {ann: {role: viewer, slack: U01}, bob: {role: viewer, slack: U01}}", "is also that of `ann`"),
        ('approvals: {announce: [{url: "https://hooks.test/x"}]}', "could tell from a forged one"),
        ('approvals: {announce: [{url: "env:URL", form: slack, answers: ann}]}', "could not be told from forged"),
        ('approvals: {announce: [{url: "env:URL", secret: "env:S", answers: ann}]}', "`ann` is nobody"),
    ],
)
def test_people_and_hooks_that_nobody_could_be_or_hear_from_are_problems(text, what):
    assert any(what in str(problem) for problem in problems(text))


def test_people_of_each_kind_are_taken():
    people = (
        'people: {a: {role: viewer, login: x}, b: {role: viewer, secret: "env:B"}, c: {role: approver, slack: U01}}'
    )
    assert set(rules(OIDC + people).people) == {"a", "b", "c"}
