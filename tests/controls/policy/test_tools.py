"""The `tools` section, one tool at a time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aisecops.controls.policy.mistakes import Mistakes
from aisecops.controls.policy.tools import TOOL
from aisecops.controls.policy.yaml_nodes import read
from aisecops.model.place import Place
from aisecops.model.rules import HttpMatch, McpMatch, Measure

AT = Place(file="f", line=7)


def tool(yaml: bytes):
    return TOOL.read(read("f", yaml), place=AT, name="t")


@pytest.mark.parametrize(
    ("cost", "measure"),
    [
        (b"0.25", Measure(side="fixed", fixed=Decimal("0.25"))),
        (b"{request: price}", Measure(side="request", expression="price")),
        (b"{response: price}", Measure(side="response", expression="price")),
    ],
)
def test_a_cost_is_fixed_or_found(cost, measure):
    assert tool(b"{match: {host: h.test}, cost: " + cost + b"}").cost == measure


def test_rows_are_always_found():
    with pytest.raises(Mistakes, match="where a measure belongs"):
        tool(b"{match: {host: h.test}, rows: 5}")


def test_a_tool_may_be_known_in_several_ways():
    found = tool(b'{match: [{host: "h.test:1"}, {mcp: {host: m.test, path: /mcp}}]}')

    assert found.match == (HttpMatch(host="h.test", port=1), McpMatch(host="m.test", path="/mcp"))


def test_keys_of_two_kinds_of_match_are_not_mixed():
    with pytest.raises(Mistakes, match="unknown key `host`"):
        tool(b"match: {host: h.test, model_tool: x}")


def test_the_name_that_a_model_calls_is_written_out_for_a_star_would_match_nothing():
    with pytest.raises(Mistakes, match="is not a name that a model calls"):
        tool(b'match: {model_tool: [bash, "mcp__*"]}')
