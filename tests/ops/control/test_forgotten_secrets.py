"""What the control plane says as it starts; the rest is shown by whole processes (tests/ops/commands)."""

from __future__ import annotations

import logging
from types import SimpleNamespace

from aisecops.ops.control.serve import say_who_cannot_come
from support.gateway import SettableRules
from support.rules_text import rules

AGENTS = """
agents:
  forgotten: {authenticate: {secret: "env:FORGOTTEN"}}
  known: {authenticate: {secret: "env:KNOWN"}}
  near: {authenticate: {source: [10.1.0.0/16]}}
"""


def test_an_agent_whose_secret_was_forgotten_is_named(caplog):
    base = SimpleNamespace(rules=SettableRules(rules(AGENTS)), secrets=SimpleNamespace(secret={"env:KNOWN": b"s"}.get))
    with caplog.at_level(logging.WARNING):
        say_who_cannot_come(base)

    assert [one.message for one in caplog.records] == [
        "nobody can be the agent `forgotten`: `env:FORGOTTEN` is not set"
    ]
