"""The inventory as a CycloneDX 1.6 document: models as components, tools, servers and places as services.

Knows that format. What is in the inventory is `gateway/pinned/inventory.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from aisecops import __version__

SPEC = "1.6"
_PLACES = frozenset({"tool", "source", "destination", "mcp-server", "mcp-tool"})


def bill_of_materials(integrations: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The document; `integrations` are as the API shows them. System prompts are none of anybody's components."""
    found = list(integrations)
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "aisecops", "version": __version__, "bom-ref": "aisecops"}
        },
        "components": [_model(one) for one in found if one["kind"] == "model"],
        "services": [_service(one) for one in found if one["kind"] in _PLACES],
    }


def _model(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": one["name"],
        "name": _bare(one),
        "properties": list(_said(one)),
    }


def _service(one: Mapping[str, Any]) -> dict[str, Any]:
    service: dict[str, Any] = {
        "bom-ref": one["name"],
        "name": _bare(one),
        "group": one["kind"],
        "x-trust-boundary": True,  # everything here is on the other side of the gateway
        "properties": list(_said(one)),
    }
    if one["kind"] in {"destination", "mcp-server"}:
        service["endpoints"] = [f"https://{_bare(one)}"]
    return service


def _bare(one: Mapping[str, Any]) -> str:
    return str(one["name"]).partition(":")[2]


def _said(one: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    times = {key: one.get(f"{key}_at") for key in ("first_seen", "last_used")}
    told = {key: one.get(key) for key in ("state", "owner", "review", "rule", "accepted_by")}
    told |= {key: datetime.fromtimestamp(at, UTC).isoformat() for key, at in times.items() if at is not None}
    told |= {f"sha256_{key}": str(digest).removeprefix("sha256:") for key, digest in one["digests"].items()}
    told |= {"declared": "true" if one["declared"] else "false"}
    for key, value in told.items():
        if value:
            yield {"name": f"aisecops:{key}", "value": str(value)}
