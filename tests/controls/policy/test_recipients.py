"""Whom a request reaches, however a sender writes them."""

from __future__ import annotations

import pytest

from aisecops.controls.policy.recipients import MOST_KEPT, recipients_of
from aisecops.controls.policy.template import Filling
from aisecops.model.rules import RecipientsRule


def found(body, *at, **filling):
    return recipients_of(RecipientsRule(at=at or ("to",)), Filling(body=body, **filling))


@pytest.mark.parametrize(
    "body",
    [
        {"to": ["ann@a.example", "bob@b.example"]},
        {"to": "ann@a.example, bob@b.example"},
        {"to": "ann@a.example;bob@b.example"},
        {"to": "ann@a.example bob@b.example"},
        {"to": 'Ann <ann@a.example>, "Bob, of B" <BOB@b.example>'},
        {"to": [{"email": "ann@a.example"}, {"email": "bob@b.example"}]},
        {"to": ["ann@a.example", "Ann@A.example", ["bob@b.example"]]},
        {"to": "ann@a.example\nbob@b.example\n"},
        {"to": "ann@a.example", "cc": "bob@b.example"},
    ],
)
def test_two_recipients_are_two_however_they_are_written(body):
    assert found(body, "to", "cc") == ("ann@a.example", "bob@b.example")


def test_names_and_numbers_are_recipients_too():
    assert found({"to": ["#general", 4915112345678, "+49 151 2; #general"]}) == (
        "#general",
        "4915112345678",
        "+49 151 2",
    )


def test_a_place_may_be_in_the_path():
    assert found(None, "{path[1]}", path_segments=("users", "U42", "messages")) == ("u42",)


@pytest.mark.parametrize("body", [None, {}, {"to": None}, {"to": ""}, {"to": []}, {"to": True}, "to=ann"])
def test_where_nobody_stands_nobody_is_found(body):
    assert found(body) == ()


def test_of_very_many_one_more_than_any_budget_are_told_apart():
    assert len(found({"to": [f"u{n}@a.example" for n in range(4_000)]})) == MOST_KEPT
