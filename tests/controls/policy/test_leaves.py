"""The words and numbers of the rules, each alone."""

from __future__ import annotations

import pytest

from aisecops.controls.policy import leaves as leaf
from aisecops.controls.policy.mistakes import Mistakes
from aisecops.controls.policy.yaml_nodes import Text
from aisecops.model.action import ToolEffect
from aisecops.model.place import Place

AT = Place(file="f", line=1)


@pytest.mark.parametrize(
    ("shape", "text", "value"),
    [
        (leaf.AGENT_NAME, "support-bot", "support-bot"),
        (leaf.TOOL_NAME, "tickets.*", "tickets.*"),
        (leaf.MCP_TOOL, "create_*", "create_*"),
        (leaf.SECRET, "file:/run/secrets/a", "file:/run/secrets/a"),
        (leaf.NETWORK, "10.1.0.0/16", "10.1.0.0/16"),
        (leaf.EXPIRY, "15m", 900),
        (leaf.MICROS, "0.50", 500_000),
        (leaf.HOST, "h.test:8443", ("h.test", 8443)),
        (leaf.EFFECT, "memory-write", ToolEffect.MEMORY_WRITE),
        (leaf.SYSTEM_PROMPT, "sha256:" + "0" * 64, "sha256:" + "0" * 64),
        (leaf.METHOD, "PROPPATCH", "PROPPATCH"),
        (leaf.METHOD, "QUERY", "QUERY"),
        (leaf.MEMORY_ID, "vectors[].id", "vectors[].id"),
        (leaf.MEMORY_ID, "{path[1]}", "{path[1]}"),
    ],
)
def test_a_value_is_read(shape, text, value):
    assert shape.read(Text(AT, text)) == value


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (leaf.AGENT_NAME, "run_01"),
        (leaf.AGENT_NAME, "a:b"),
        (leaf.TOOL_NAME, "crm.*.read"),
        (leaf.TOOL_NAME, "*"),
        (leaf.MCP_TOOL, "*_x"),
        (leaf.SECRET, "swordfish"),
        (leaf.METHOD, "CONNECT"),
        (leaf.METHOD, "TRACE"),
        (leaf.URL, "file:///etc/passwd"),
        (leaf.STEP_KIND, "undeclared"),
        (leaf.MEMORY_ID, "{path[x]}"),
        (leaf.MEMORY_ID, "a["),
    ],
)
def test_another_form_is_refused_with_a_mend(shape, text):
    with pytest.raises(Mistakes) as refused:
        shape.read(Text(AT, text))

    assert refused.value.problems[0].mend
