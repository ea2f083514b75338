"""The inventory as a CycloneDX document, held against that format's own schema."""

import json

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from aisecops.ops.sbom import bill_of_materials


def shown(name, **more):
    kind = name.partition(":")[0]
    return {
        "name": name, "kind": kind, "state": "active", "declared": True, "owner": None, "review": None, "rule": None,
        "first_seen_at": None, "last_used_at": None, "accepted_by": None, "digests": {}, **more,
    }  # fmt: skip


FOUND = [
    shown("model:openai/gpt-4o", owner="AI team", review="2027-01-01", last_used_at=1_800_000_000.0),
    shown("tool:crm.read", rule="rules.yaml:3"),
    shown("destination:crm.internal:443", declared=False),
    shown("mcp-server:mcp.internal/mcp"),
    shown(
        "mcp-tool:mcp.internal/mcp#find", digests={"description": "sha256:" + "a" * 64, "schema": "sha256:" + "b" * 64}
    ),
    shown("source:*.wiki.example"),
    shown("prompt:clerk"),
]


def test_the_document_is_valid_and_names_everything_once():
    document = bill_of_materials(FOUND)
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    assert fault is None, fault
    refs = [one["bom-ref"] for one in (*document["components"], *document["services"])]
    assert sorted(refs) == sorted(one["name"] for one in FOUND if one["kind"] != "prompt")
    assert [one["name"] for one in document["components"]] == ["openai/gpt-4o"]


def test_who_answers_for_it_and_what_it_was_is_in_its_properties():
    document = bill_of_materials(FOUND)
    said = {one["name"]: one["value"] for one in document["components"][0]["properties"]}
    assert said["aisecops:owner"] == "AI team"
    assert said["aisecops:last_used"].startswith("2027-01-15T")
    (tool,) = [one for one in document["services"] if one["group"] == "mcp-tool"]
    assert {"name": "aisecops:sha256_schema", "value": "b" * 64} in tool["properties"]


def test_an_empty_inventory_is_a_valid_document_too():
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill_of_materials([]))) is None
