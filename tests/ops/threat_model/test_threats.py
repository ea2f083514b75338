"""What untrusted text may move, what gives authority, what leaves."""

from __future__ import annotations

import pytest

from support.gateway import RULES
from support.worksheets import FULL, facts


def test_untrusted_text_is_followed_to_the_models_and_to_what_they_may_propose():
    told = facts(FULL)["Injection vectors"]
    assert "source any method *.wiki.example/** may reach model provider `openai`, in an envelope" in told
    assert "untrusted text that a model reads may propose `mail.send`, and name every argument of it" in told
    assert "untrusted text that a model reads may propose `db.write`, of which it may not name `row` (hold)" in told
    assert not any("`crm.read`" in fact for fact in told)  # its answers are internal


@pytest.mark.parametrize(
    ("written", "instead", "path"),
    [
        ("role: office", "role: office\n    mode: observe", "mode: observe, nothing is refused"),
        ("role: office", "role: office\n    token: broker", "token: broker, whoever is known as this agent acts with"),
        ('"db.orders.*"', '"db.**"', "wildcard: `db.write` on every scope of `db.**`"),
    ],
)
def test_ways_to_more_authority_are_named(written, instead, path):
    def told(text):
        return [fact for fact in facts(text)["Privilege escalation paths"] if fact.startswith(path)]

    assert told(RULES.replace(written, instead))
    assert not told(RULES)


def test_what_leaves_names_each_destination_with_what_is_looked_for_there():
    told = facts(FULL)["Data egress paths"]
    assert "`crm.read`: PHONE_NUMBER: hold" in told
    assert "`mail.send`: PHONE_NUMBER: hold" not in told
    assert "`mail.send`: SECRET: block" in told
    assert "`mail.send`: content labelled `confidential` may not go there" in told
    assert "model provider `openai`: content labelled `confidential` may go there" in told
    assert "`mail.send`: over 1048576 bytes of a tree of runs with `mail.send`: hold" in told
