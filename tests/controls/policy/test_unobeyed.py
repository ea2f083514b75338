from datetime import date

import pytest

from aisecops.controls.policy.unobeyed import unobeyed
from support.rules_text import rules

AGENT = """
agents:
  bot:
    authenticate: {secret: "env:BOT"}
"""


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (
            "tools: {shell.exec: {match: {model_tool: bash}}}\nmodels: {m: {match: {host: m.test, method: WEBSOCKET}, dialect: openai}}\n",
            "model_tool",
        ),
        ("tools: {notes.put: {match: {host: n.test}, effect: memory-write}}\n", "notes.put"),
    ],
)
def test_a_rule_without_effect_is_named(more, word):
    assert any(word in line for line in unobeyed(rules(AGENT + more), today=date(2026, 11, 27)))


@pytest.mark.parametrize(
    "more",
    [
        "",
        "    system_prompt: pinned\n",
        "tools: {shell.exec: {match: {model_tool: bash}}}\n",
        "egress: {labels: {confidential: {to: [internal]}}}\n",
        "firewall: {unknown_content: hostile}\n",
        'memory: [{tool: notes.write, item: "text", id: "id"}]\n',
        "tools: {n.put: {match: {host: n.test}, effect: memory-write}}\nmemory: [{tool: n.put, item: a, id: b}]\n",
        "egress: {detectors: [{entity: PERSON, to: any, action: block}]}\n",
    ],
)
def test_rules_that_are_all_obeyed_have_no_note(more):
    assert unobeyed(rules(AGENT + more), today=date(2026, 11, 27)) == ()
