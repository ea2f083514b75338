from __future__ import annotations

import jsonschema
import pytest

from aisecops.wire.gemini_schema import json_schema

MEETING = {
    "type": "OBJECT",
    "properties": {
        "day": {"type": "STRING", "nullable": True},
        "hours": {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "1"},
        "kind": {"type": "STRING", "enum": ["a", "b"], "nullable": True},
        "who": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]},
    },
    "required": ["hours"],
    "propertyOrdering": ["hours"],
}


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ({"hours": [1], "day": None, "kind": None, "who": 2}, True),
        ({"hours": [1], "day": "monday", "kind": "a", "who": "ann"}, True),
        ({"hours": []}, False),
        ({"hours": ["one"]}, False),
        ({"day": "monday"}, False),
        ({"hours": [1], "kind": "c"}, False),
        ({"hours": [1], "who": []}, False),
        ([], False),
    ],
)
def test_googles_schema_means_what_the_json_schema_says(value, fits):
    assert jsonschema.Draft202012Validator(json_schema(MEETING)).is_valid(value) is fits


def test_wherever_a_schema_stands_in_another_it_is_read_so():
    text, number = {"type": "STRING"}, {"type": "INTEGER"}
    schema = json_schema(
        {
            "$defs": {"row": {"type": "OBJECT", "additionalProperties": number}},
            "type": "OBJECT",
            "properties": {"rows": {"type": "ARRAY", "items": {"$ref": "#/$defs/row"}}, "pair": {"prefixItems": [text, number]}},
            "allOf": [{"properties": {"name": {"oneOf": [text, {"not": text}]}}}],
        }
    )  # fmt: skip
    fits = jsonschema.Draft202012Validator(schema).is_valid
    assert fits({"rows": [{"a": 1}], "pair": ["a", 1], "name": "ann"})
    assert not fits({"rows": [{"a": "1"}]})
    assert not fits({"pair": [1, 1]})
    assert "STRING" not in str(schema)


def test_a_json_schema_stays_as_it_is():
    schema = {
        "type": "object",
        "properties": {"n": {"type": ["string", "null"]}},
        "minItems": 1,
        "not": {"enum": ["A"]},
    }
    assert json_schema(schema) == schema
    assert json_schema({"type": "TYPE_UNSPECIFIED"}) == {}
