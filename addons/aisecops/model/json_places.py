"""Where each value of a JSON text stands, by JSON pointer (RFC 6901): one can be changed, the rest keeps its bytes.

Knows JSON's grammar just enough to walk it; whoever calls has read the same bytes strictly before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aisecops.model.provenance import Span

MAX_DEPTH = 200

_string_end = json.JSONDecoder().raw_decode
_BLANK = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null")


def string_values(text: str) -> dict[str, tuple[str, Span]]:
    """By pointer, every string value and where it stands, quotes included.

    Raises ValueError for what is not JSON, names a key twice, or is nested deeper than `MAX_DEPTH`.
    """
    return _walked(text).strings


def all_strings(text: str) -> list[tuple[str, Span]]:
    """Every string and where it stands, names of members included. Raises as `string_values` does."""
    found = _walked(text)
    return [*found.strings.values(), *found.names]


def containers(text: str) -> dict[str, Span]:
    """By pointer, where every object and array stands, brackets included. Raises as `string_values` does."""
    return _walked(text).containers


def with_values(text: str, new: dict[str, str], *, objects: Mapping[str, str] | None = None) -> str:
    """`text` with the string value at each pointer of `new` replaced; all else keeps its characters.

    `objects`: JSON that takes the place of the object or array at its pointer. Raises ValueError for what
    `string_values` refuses, KeyError for a pointer at which no such value stands.
    """
    found = _walked(text)
    edits = [(found.strings[pointer][1], quoted(value)) for pointer, value in new.items()]
    edits += [(found.containers[pointer], value) for pointer, value in (objects or {}).items()]
    return with_spans(text, edits)


def with_spans(text: str, new: Sequence[tuple[Span, str]]) -> str:
    """`text` with each span replaced; the spans do not overlap."""
    pieces: list[str] = []
    at = 0
    for span, instead in sorted(new, key=lambda edit: edit[0].start):
        pieces += (text[at : span.start], instead)
        at = span.end
    return "".join([*pieces, text[at:]])


def with_member(text: str, name: str, value: str) -> str:
    """`text`, an object, with the member `name` as the JSON `value`: in place of what stands there, else as the first.

    Raises ValueError for what `string_values` refuses, and for what is no object.
    """
    found, pointer = _walked(text), f"/{_step(name)}"
    if "" not in found.containers or not text.lstrip().startswith("{"):
        raise ValueError("no object that could have a member")
    standing = found.strings[pointer][1] if pointer in found.strings else None
    standing = standing or found.containers.get(pointer) or found.scalars.get(pointer)
    if standing is not None:
        return f"{text[: standing.start]}{value}{text[standing.end :]}"
    at = found.containers[""].start + 1
    comma = "" if text[_skip(text, at) :].startswith("}") else ","
    return f"{text[:at]}{quoted(name)}:{value}{comma}{text[at:]}"


def quoted(value: str) -> str:
    """`value` as a JSON string."""
    return json.dumps(value)


@dataclass(slots=True)
class _Found:
    strings: dict[str, tuple[str, Span]] = field(default_factory=dict)
    containers: dict[str, Span] = field(default_factory=dict)
    scalars: dict[str, Span] = field(default_factory=dict)
    names: list[tuple[str, Span]] = field(default_factory=list)


def _walked(text: str) -> _Found:
    found = _Found()
    end = _value(text, _skip(text, 0), "", found, 0)
    if _skip(text, end) != len(text):
        raise ValueError("text after the JSON value")
    return found


def _value(text: str, at: int, pointer: str, found: _Found, depth: int) -> int:
    """Walk the value at `at`, note where it and what is in it stands; where it ends."""
    if depth > MAX_DEPTH:
        raise ValueError("JSON nested too deep")
    opening = text[at : at + 1]
    if opening in {"{", "["}:
        walk = _object if opening == "{" else _array
        end = walk(text, at + 1, pointer, found, depth + 1)
        found.containers[pointer] = Span(start=at, end=end)
        return end
    if opening == '"':
        value, end = _string_end(text, at)
        found.strings[pointer] = (value, Span(start=at, end=end))
        return end
    scalar = _SCALAR.match(text, at)
    if scalar is None:
        raise ValueError("no JSON value where one must be")
    found.scalars[pointer] = Span(start=at, end=scalar.end())
    return scalar.end()


def _object(text: str, at: int, pointer: str, found: _Found, depth: int) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == "}":
        return at + 1
    seen: set[str] = set()
    while True:
        if text[at : at + 1] != '"':
            raise ValueError("a key must be a string")
        start = at
        key, at = _string_end(text, start)
        found.names.append((key, Span(start=start, end=at)))
        if key in seen:
            raise ValueError("a key stands twice in one object")
        seen.add(key)
        at = _expect(text, _skip(text, at), ":")
        at = _value(text, _skip(text, at), f"{pointer}/{_step(key)}", found, depth)
        at = _skip(text, at)
        if text[at : at + 1] == "}":
            return at + 1
        at = _skip(text, _expect(text, at, ","))


def _array(text: str, at: int, pointer: str, found: _Found, depth: int) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == "]":
        return at + 1
    index = 0
    while True:
        at = _skip(text, _value(text, at, f"{pointer}/{index}", found, depth))
        if text[at : at + 1] == "]":
            return at + 1
        at = _skip(text, _expect(text, at, ","))
        index += 1


def _step(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise ValueError(f"`{mark}` is missing")
    return at + 1
