"""Google's own way to write a schema, as the JSON Schema that it stands for.

Knows the differences: types in capitals, `nullable`, and whole numbers written as strings. Google's own programs write
so where a JSON Schema is asked for, too.
"""

from __future__ import annotations

from aisecops.wire.fields import JsonObject
from aisecops.wire.limits import JsonValue

_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_UNSAID = "TYPE_UNSPECIFIED"
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_LISTED = frozenset({"anyOf", "any_of", "allOf", "oneOf", "prefixItems"})
_ONE = frozenset({"items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames"})
"""Keywords that hold other schemas: by name, in a list, or one."""


def json_schema(schema: JsonObject) -> JsonObject:
    """`schema` as JSON Schema; what is the same in both stays as it is."""
    found: JsonObject = {}
    for name, value in schema.items():
        if name == "type" and isinstance(value, str):
            if value != _UNSAID:
                found["type"] = value.lower()
        elif name in _NAMED and isinstance(value, dict):
            found[name] = {key: _within(one) for key, one in value.items()}
        elif name in _LISTED and isinstance(value, list):
            found["anyOf" if name == "any_of" else name] = [_within(one) for one in value]
        elif name in _ONE:
            found[name] = _within(value)
        elif name in _COUNTS and isinstance(value, str) and value.isdecimal():
            found[name] = int(value)
        elif name != "nullable":
            found[name] = value
    return _or_null(found) if schema.get("nullable") is True else found


def _within(value: JsonValue) -> JsonValue:
    return json_schema(value) if isinstance(value, dict) else value


def _or_null(schema: JsonObject) -> JsonObject:
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema:
        return {**schema, "type": [kind, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}
