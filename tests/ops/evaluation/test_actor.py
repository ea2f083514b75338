"""What a call says when a scenario says nothing: a body wherever the method has one, and only values that exist."""

import json

import pytest

from aisecops.ops.evaluation.actor import default_body
from aisecops.ops.evaluation.fill import BUILT_IN, names_in, texts_in
from aisecops.ops.evaluation.places import TOOLS

WITHOUT_ONE = {"files.put"}


@pytest.mark.parametrize("name", [name for name, tool in TOOLS.items() if tool.at])
def test_a_tool_that_is_written_to_has_a_body_and_another_has_none(name):
    body = default_body(name)

    assert bool(body) == (TOOLS[name].method in {"POST", "PUT", "PATCH"} and name not in WITHOUT_ONE)
    if body:
        assert isinstance(json.loads(body), dict)
        assert {value for text in texts_in([body]) for value, _ in names_in(text)} <= BUILT_IN


def test_a_host_alone_has_none():
    assert default_body("drop") == b""
