"""People whom the rules name and nobody could ever be or hear from: what is wrong between their rules."""

from __future__ import annotations

from collections.abc import Iterator

from aisecops.controls.policy.mistakes import pick
from aisecops.model.people import HookForm
from aisecops.model.place import Problem
from aisecops.model.rules import RuleSet


def people_problems(rules: RuleSet) -> Iterator[Problem]:
    """Every person who cannot come in, two who are one at the provider or at Slack, hooks that cannot be signed."""
    yield from _nobody(rules)
    yield from _twins(rules)
    yield from _hooks(rules)


def _nobody(rules: RuleSet) -> Iterator[Problem]:
    for person in rules.people.values():
        if person.login and rules.oidc is None:
            what = f"`{person.name}` has a `login`, and no `oidc` says where people sign in"
            yield Problem(place=person.place, what=what, mend="add `oidc: {issuer: …, client_id: …}`")
        if not (person.secret or person.login or person.slack):
            what = f"nobody can be `{person.name}`"
            yield Problem(place=person.place, what=what, mend='add `secret: "env:NAME"`, or their `login`')


def _twins(rules: RuleSet) -> Iterator[Problem]:
    for key in ("login", "slack"):
        known: dict[str, str] = {}
        for person in rules.people.values():
            value = getattr(person, key)
            if value and (other := known.setdefault(value, person.name)) != person.name:
                what = f"the `{key}` of `{person.name}` is also that of `{other}`"
                yield Problem(place=person.place, what=what, mend="give each person their own")


def _hooks(rules: RuleSet) -> Iterator[Problem]:
    for hook in rules.approvals.announce:
        if hook.form is HookForm.JSON and not hook.secret:
            yield Problem(place=hook.place, what="an announcement that nobody could tell from a forged one",
                          mend='add `secret: "env:NAME"`')  # fmt: skip
        if hook.answers and not hook.secret:
            yield Problem(place=hook.place, what="answers from there could not be told from forged ones",
                          mend='add `secret: "env:NAME"`')  # fmt: skip
        for name in hook.answers:
            if name not in rules.people:
                yield Problem(
                    place=hook.place, what=f"`{name}` is nobody under `people`", mend=pick(name, rules.people)
                )
