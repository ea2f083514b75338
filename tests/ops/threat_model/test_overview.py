"""Who the agent is and what it may do, from its grants."""

from __future__ import annotations

from support.worksheets import facts


def test_the_scope_is_the_grants_with_what_the_tools_weigh():
    assert facts()["Tool access scope"][1] == (
        "may write with `mail.send` on `mail.contacts.*` (max_cost 0.6); scope from `mail.contacts.{body.to}`; "
        "base risk 0.4, trust 2; POST mail.example/send"
    )


def test_an_agent_without_grants_has_none_of_the_tools():
    told = facts(agent="visitor")
    assert told["Tool access scope"] == ("it may be given no capability token",)
    assert told["Intended goals"] == ("the rules name no role; say what it is for when you sign",)
    assert not any("mail.send" in fact for found in told.values() for fact in found)
    assert told["Estimated chain risk score"] == ("0.0: no step is scored",)
