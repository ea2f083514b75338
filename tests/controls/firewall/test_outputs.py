"""A model's output against the request's own schema, which may be a stranger's."""

from __future__ import annotations

import http.server
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.controls.firewall.outputs import Shape, TooManyStepsError, UnusableError

MAIL: dict[str, Any] = {
    "type": "object",
    "properties": {
        "to": {"type": "string", "pattern": "^[a-z]+@corp$"},
        "count": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["plain", "html"]},
        "who": {"$ref": "#/$defs/person"},
    },
    "required": ["to"],
    "additionalProperties": False,
    "$defs": {"person": {"type": "object", "required": ["name"]}},
}


@pytest.mark.parametrize(
    "kept", [{"to": "ann@corp"}, {"to": "ann@corp", "count": 2, "kind": "html"}, {"to": "a@corp", "who": {"name": 1}}]
)
def test_what_keeps_the_schema_has_no_fault(kept: Any) -> None:
    assert Shape(MAIL).fault_in(kept) == ""


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ({}, "/required"),
        ([], "/type"),
        ({"to": 1}, "/properties/to/type"),
        ({"to": "eve@evil"}, "/properties/to/pattern"),
        ({"to": "ann@corp\n"}, "/properties/to/pattern"),
        ({"to": "ann@corp", "count": 0}, "/properties/count/minimum"),
        ({"to": "ann@corp", "count": True}, "/properties/count/type"),
        ({"to": "ann@corp", "kind": "script"}, "/properties/kind/enum"),
        ({"to": "ann@corp", "bcc": "eve@evil"}, "/additionalProperties"),
        ({"to": "ann@corp", "who": {}}, "/properties/who/"),
    ],
)
def test_what_breaks_it_is_told_by_the_schemas_own_place(broken: Any, place: str) -> None:
    assert Shape(MAIL).fault_in(broken).startswith(f"`{place}")


def test_the_words_of_a_fault_are_never_the_outputs() -> None:
    schema = {"additionalProperties": {"type": "string"}, "maxProperties": 1}
    assert "s3cret" not in Shape(schema).fault_in({"s3cret": 1}) + Shape(schema).fault_in({"a": "s3cret", "s3cret": ""})


def test_a_number_of_any_length_in_a_schema_is_told() -> None:
    assert str(2**70) in Shape({"const": 2**70}).fault_in(1)


def test_an_older_draft_is_read_as_what_it_is() -> None:
    tuple_of_old = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]}
    assert Shape(tuple_of_old).fault_in([1]) == '`/items/0/type`, which says "string"'


@pytest.mark.parametrize("schema", [{"type": "any"}, {"required": "to"}, {"properties": []}])
def test_what_is_no_schema_cannot_be_used(schema: Any) -> None:
    with pytest.raises(UnusableError):
        Shape(schema)


def test_a_reference_to_elsewhere_is_never_fetched() -> None:
    asked: list[str] = []

    class Listening(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with http.server.HTTPServer(("127.0.0.1", 0), Listening) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        shape = Shape({"$ref": f"http://127.0.0.1:{server.server_port}/schema.json"})
        with pytest.raises(UnusableError, match="nothing is fetched"):
            shape.fault_in({})
        server.shutdown()
        thread.join()
    assert asked == []


DOUBLING = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
ENDLESS: dict[str, tuple[dict[str, Any], Any]] = {
    "itself": ({"$ref": "#"}, 1),
    "twice as much each time": ({"$defs": {**DOUBLING, "a40": {}}, "$ref": "#/$defs/a0"}, 1),
    "each with each": ({"uniqueItems": True}, [{"n": n} for n in range(10_000)]),
    "backtracking": ({"pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"}, "a" * 5_000),
    "backtracking names": ({"patternProperties": {"^(([a-z])+.)+[A-Z]([a-z])+$": {}}}, {"a" * 5_000: 1}),
    "backtracking names beside": (
        {"patternProperties": {"^(([a-z])+.)+[A-Z]([a-z])+$": {}}, "additionalProperties": False},
        {"a" * 5_000: 1},
    ),
    "repetitions in repetitions": ({"pattern": "(?:(?:a{1000}){1000}){1000}"}, "a"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_schema_without_end_is_given_up(name: str) -> None:
    schema, output = ENDLESS[name]
    with pytest.raises(UnusableError):
        Shape(schema).fault_in(output)


def test_steps_are_counted() -> None:
    with pytest.raises(TooManyStepsError):
        Shape({"items": {"type": "integer"}}).fault_in(list(range(100)), steps=50)


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [{}] * 20_001},
        {"patternProperties": {"(a+)+$": {}}, "unevaluatedProperties": False},
    ],
    ids=["wide", "searched unbounded"],
)
def test_a_schema_out_of_bounds_cannot_be_used(schema: Any) -> None:
    with pytest.raises(UnusableError):
        Shape(schema)


def test_a_deep_schema_cannot_be_used() -> None:
    schema: dict[str, Any] = {}
    for _ in range(61):
        schema = {"not": schema}
    with pytest.raises(UnusableError):
        Shape(schema)


KEYWORDS = st.recursive(
    st.fixed_dictionaries(
        {}, optional={"type": st.sampled_from(["string", "array", "object"]), "const": st.integers()}
    ),
    lambda inner: st.fixed_dictionaries(
        {}, optional={"properties": st.dictionaries(st.sampled_from("ab"), inner), "items": inner, "not": inner}
    ),
    max_leaves=6,
)
VALUES = st.recursive(
    st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=8,
)


@given(KEYWORDS, VALUES)
@settings(max_examples=60, deadline=None)
def test_it_says_of_any_schema_what_the_library_says(schema: Any, value: Any) -> None:
    from jsonschema import Draft202012Validator

    assert (Shape(schema).fault_in(value) == "") == Draft202012Validator(schema).is_valid(value)
