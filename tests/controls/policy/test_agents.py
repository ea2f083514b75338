"""The `agents` section, one agent at a time."""

from __future__ import annotations

import pytest

from aisecops.controls.policy.agents import AGENT, AUTHENTICATE
from aisecops.controls.policy.mistakes import Mistakes
from aisecops.controls.policy.yaml_nodes import read
from aisecops.model.decision import Mode
from aisecops.model.place import Place
from aisecops.model.rules import TokenMode

AT = Place(file="f", line=7)


def test_what_an_agent_does_not_say_binds_it_most():
    agent = AGENT.read(read("f", b""), place=AT, name="a")

    assert (agent.mode, agent.token, agent.grants, agent.authenticate) == (Mode.ENFORCE, TokenMode.REQUIRE, (), ())
    assert agent.place == AT


def test_grants_are_named_for_reasons_and_know_their_place():
    agent = AGENT.read(read("f", b"grants:\n- {tool: t, scope: s}\n- {tool: u, scope: s}"), place=AT, name="a")

    assert [(grant.name, grant.place.line) for grant in agent.grants] == [("a.grants[0]", 2), ("a.grants[1]", 3)]


def test_an_agent_is_known_by_something():
    with pytest.raises(Mistakes, match="no way to know the agent"):
        AUTHENTICATE.read(read("f", b"{}"))
