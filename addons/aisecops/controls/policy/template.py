"""Scope templates: `crm.customers.{path[2]}` and what fills their places.

A place is `{path[N]}` (segments count from 0), `{query.NAME}`, `{body.JMESPATH}`, `{method}` or `{host}`.
Each value fills exactly one segment and is quoted, so that no value can widen a scope.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from aisecops.controls.policy.jmes import JmesError, compiled, found_in
from aisecops.model.errors import WireError
from aisecops.model.scope import ONE, quoted, segments
from aisecops.model.value import Value

_PATH = re.compile(r"path\[([0-9]{1,3})\]")
_QUERY = re.compile(r"query\.([A-Za-z0-9_-]{1,64})")
_BODY = "body."
_LITERAL = re.compile(r"[A-Za-z0-9_%-]+")


class Place(Value):
    """One segment of a template. `kind` is `literal`, `path`, `query`, `body`, `method` or `host`."""

    kind: str
    text: str
    index: int = 0


class Filling(Value):
    """What a request offers to a template. `body` is decoded JSON, None when there is none."""

    method: str = ""
    host: str = ""
    path_segments: tuple[str, ...] = ()
    query: dict[str, list[str]] = {}
    body: Any = None


@lru_cache(maxsize=1024)
def read_template(template: str) -> tuple[Place, ...]:
    """The segments of `template`. Raises ValueError with the mend."""
    return tuple(_place(part) for part in _split(template))


def is_template(text: str) -> bool:
    """True for a place in a request's target or body, such as `{path[2]}`; no JMESPath is written so."""
    return text.startswith("{") and text.endswith("}") and ":" not in text


def pattern_of(template: str) -> str:
    """The pattern of every scope that `template` can become: each place is any one segment."""
    return ".".join(place.text if place.kind == "literal" else ONE for place in read_template(template))


def filled(template: str, filling: Filling) -> str:
    """The scope of one request. Raises WireError (unreadable) naming the place that cannot be filled."""
    return ".".join([_value(place, filling) for place in read_template(template)])


def variables_in(template: str, scope: str) -> list[str]:
    """What of `scope`, made of `template`, came out of path, query or body; nothing when it is none of its scopes."""
    places, parts = read_template(template) if template else (), scope.split(".")
    if len(places) != len(parts):
        return []
    named = zip(places, parts, strict=True)
    return [unquote(part) for place, part in named if place.kind in {"path", "query", "body"}]


def _split(template: str) -> list[str]:
    parts, depth, part = [], 0, ""
    for char in template:
        depth += (char == "{") - (char == "}")
        if char == "." and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += char
    if depth != 0:
        raise ValueError("close each `{` with a `}`")
    return [*parts, part]


def _place(part: str) -> Place:
    if not (part.startswith("{") and part.endswith("}")):
        if not _LITERAL.fullmatch(part):
            raise ValueError(
                "write segments of letters, digits, `-` and `_` with dots between; a `{…}` fills a whole segment"
            )
        segments(part)
        return Place(kind="literal", text=part)
    inner = part[1:-1]
    if inner in {"method", "host"}:
        return Place(kind=inner, text=inner)
    if path := _PATH.fullmatch(inner):
        return Place(kind="path", text=inner, index=int(path[1]))
    if query := _QUERY.fullmatch(inner):
        return Place(kind="query", text=query[1])
    if inner.startswith(_BODY):
        compiled(inner.removeprefix(_BODY))
        return Place(kind="body", text=inner.removeprefix(_BODY))
    raise ValueError("a place is `{path[2]}`, `{query.name}`, `{body.to}`, `{method}` or `{host}`")


def _value(place: Place, filling: Filling) -> str:
    match place.kind:
        case "literal":
            return place.text
        case "method":
            return quoted(filling.method)
        case "host":
            return quoted(filling.host)
        case "path":
            if place.index >= len(filling.path_segments):
                raise WireError(f"the path has no segment {place.index}, which the scope needs for `{{{place.text}}}`")
            # some servers drop what follows a `;`, so they would do it to another thing than we judge
            if ";" in filling.path_segments[place.index]:
                raise WireError(f"the path holds a `;`, so `{{{place.text}}}` of the scope is not certain")
            return quoted(filling.path_segments[place.index])
        case "query":
            return quoted(_from_query(place.text, filling.query))
        case _:
            return quoted(_from_body(place.text, filling.body))


def _from_query(name: str, query: Mapping[str, Sequence[str]]) -> str:
    # some servers split at `;` as well, so they would see other names than we do
    if any(";" in text for key, texts in query.items() for text in (key, *texts)):
        raise WireError(f"the query holds a `;`, so `{{query.{name}}}` of the scope is not certain")
    found = query.get(name, [])
    if len(found) != 1:
        how = "no" if not found else "more than one"
        raise WireError(f"the query has {how} `{name}`, and the scope needs exactly one for `{{query.{name}}}`")
    return found[0]


def _from_body(expression: str, body: Any) -> str:
    try:
        value = found_in(expression, body)
    except JmesError:
        value = None
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(value)
        case None:
            raise WireError(
                f"the body has nothing at `{expression}`, which the scope needs for `{{body.{expression}}}`"
            )
        case _:
            raise WireError(f"the body has no single word or whole number at `{expression}`, which the scope needs")
