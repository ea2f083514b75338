"""Two rule sets in terms of authority: what may be done now that could not be before, and the reverse (spec 22.3).

Grants are compared by what they allow, not by how they are written: a grant that moves, splits or is covered by another
is no change. Everything else is compared key by key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from aisecops.controls.policy.authority import authorities, beyond
from aisecops.controls.policy.directions import Direction, direction
from aisecops.model.risk import from_micros
from aisecops.model.rules import RuleSet
from aisecops.model.value import Value

_NOT_COMPARED = frozenset({"place", "policy_version", "grants", "agent_id", "type"})
_KNOWN_BY = ("name", "tool", "match", "entities", "fingerprint", "source", "san", "networks", "names")
"""By which of its keys an entry of a list is the same entry in both sets, the first that it has."""
_ALLOWED_BY = ("fingerprint", "entities", "agent", "field", "to")
_KEYS = {
    "approve_micros": "approve_above",
    "halt_micros": "halt_above",
    "max_cost_micros": "max_cost",
    "max_execution_ms": "max_execution_time",
    "max_body_bytes": "max_body",
    "timeout_ms": "timeout",
    "resume_allowance_micros": "resume_allowance",
    "join_within_ms": "join_within",
    "base_up_micros": "base_up",
    "base_down_micros": "base_down",
    "trust_up_micros": "trust_up",
    "step_micros": "step",
    "within_ms": "within",
}
_NAMED = frozenset({"agents", "people", "tools", "models", "egress.labels"})
"""Sections of things that have names."""


class Change(Value):
    """One difference. `what` is a sentence, `path` the key it is about, `place` where the newer of the two stands."""

    direction: Direction
    path: str
    what: str
    place: str = ""


def diff(old: RuleSet, new: RuleSet) -> tuple[Change, ...]:
    """Every change from `old` to `new`: gained first, then lost, then what only a person can tell."""
    order = list(Direction)
    found = [*_authority(old, new), *_keys(old, new)]
    return tuple(sorted(found, key=lambda change: (order.index(change.direction), change.path, change.what)))


def _authority(old: RuleSet, new: RuleSet) -> Iterator[Change]:
    before, after = authorities(old), authorities(new)
    for one in beyond(after, before):
        what = f"`{one.agent_id}` may now {one}"
        yield Change(direction=Direction.GAINED, path=f"agents.{one.agent_id}.grants", what=what, place=one.place)
    for one in beyond(before, after):
        what = f"`{one.agent_id}` may no longer {one}"
        yield Change(direction=Direction.LOST, path=f"agents.{one.agent_id}.grants", what=what, place=one.place)


def _keys(old: RuleSet, new: RuleSet) -> Iterator[Change]:
    before, after = _flat(old), _flat(new)
    for path in dict.fromkeys((*before, *after)):
        was, now = before.get(path), after.get(path)
        if was == now or _inside_one_sided(path, before, after):
            continue
        yield Change(direction=direction(path, was, now), path=_written(path), what=_sentence(path, was, now))


def _inside_one_sided(path: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Does `path` lie in an entry that only one of the two has? Then the entry is the change."""
    ends = [at for at, char in enumerate(path) if at and char in ".["]
    return any((before.get(path[:end]) is True) != (after.get(path[:end]) is True) for end in ends)


def _sentence(path: str, was: Any, now: Any) -> str:
    named = _written(path)
    if {was, now} == {True, None}:
        return f"`{named}` is {'now' if now else 'no longer'} there"
    if any(isinstance(value, str) and "\n" in value for value in (was, now)):
        return f"`{named}` says something else"  # a policy of another language; its own diff shows what
    return f"`{named}` was {_shown(path, was)} and is {_shown(path, now)}"


def _written(path: str) -> str:
    """`path` with its last key as it is written in the rules."""
    stem, dot, key = path.rpartition(".")
    return f"{stem}{dot}{_KEYS.get(key, key)}"


def _flat(rules: RuleSet) -> dict[str, Any]:
    return dict(_walk("", msgspec.to_builtins(rules)))


def _walk(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every leaf by its path. An entry of a list, and of a section of named things, is True by itself as well."""
    if isinstance(value, dict) and "expression" in value:
        yield path, value["expression"] or value.get("fixed")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _NOT_COMPARED:
                further = _step(path, str(key))
                if path in _NAMED and isinstance(inner, dict | list | tuple):
                    yield further, True
                yield from _walk(further, inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            further = f"{path}[{_identity(inner)}]"
            yield further, True
            yield from _walk(further, inner if isinstance(inner, dict) else {})
    else:
        yield path, value


def _step(path: str, key: str) -> str:
    """One key further; a name with dots in it stands in braces, so that it is one step."""
    word = f"{{{key}}}" if "." in key else key
    return f"{path}.{word}" if path else word


def _identity(entry: Any) -> str:
    """What makes an entry of a list the same entry in both sets, in few words."""
    if not isinstance(entry, dict):
        return str(entry)
    if "host" in entry:
        port = f":{entry['port']}" if entry.get("port") else ""
        methods = ",".join(entry.get("methods") or ())
        what = f" {entry['tool']}" if entry.get("type") == "mcp" else ""
        return f"{methods} {entry['host']}{port}{entry.get('path', '')}{what}".strip()
    if "until" in entry:  # an allowance is all that it says of what it allows
        return ", ".join(str(entry[key]) for key in _ALLOWED_BY if entry.get(key))
    known = next((entry[key] for key in _KNOWN_BY if entry.get(key)), "")
    if isinstance(known, dict):
        return _identity(known)
    text = ", ".join(map(str, known)) if isinstance(known, list | tuple) else str(known)
    to = entry.get("to")
    return f"{text} to {to}" if isinstance(to, str) else text


def _shown(path: str, value: Any) -> str:
    if value is None or value == "":
        return "not set"
    if path.endswith("_micros"):
        return f"`{from_micros(value):g}`"
    return f"`{value / 1000:g}s`" if path.endswith("_ms") else f"`{value}`"
