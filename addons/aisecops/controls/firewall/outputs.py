"""A model's output against the JSON Schema that the request itself gave for it (spec 5.1, CTX-5).

Knows JSON Schema in the drafts that are in use, within bounds: of size and depth, of steps, of what a pattern may cost.
Nothing is ever fetched: a reference leads into the schema itself or to a draft. A schema that cannot be held against
anything is no schema that was kept: `UnusableError`, and whoever asks refuses. What is said of a fault is made of the
schema's words alone, never of the output's.
"""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema_specifications
from jsonschema import FormatChecker, validators
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import Draft202012Validator
from referencing.exceptions import Unresolvable

from aisecops.controls.firewall.patterns import PatternError, found

type JsonValue = bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None
type JsonObject = dict[str, JsonValue]

MAX_VALUES = 20_000
"""Values in a schema."""
MAX_DEPTH = 60
"""Lists and objects inside each other in a schema."""
STEPS, MOST_STEPS = 50_000, 500_000
"""Keywords that are looked at for an output, one more for each of its characters, and at most: recursion makes a small
schema endless."""
MAX_SAID = 80
"""Characters of a schema's own words that are repeated."""

_PATTERNED = frozenset({"pattern", "patternProperties"})
_NO_FORMATS = FormatChecker(formats=())
_left: contextvars.ContextVar[list[int]] = contextvars.ContextVar("steps_left")


class UnusableError(ValueError):
    """The schema cannot be held against the output; the words say why."""


class TooManyStepsError(UnusableError):
    """It was not done within the steps that were given."""


class Shape:
    """A schema, ready to be held against outputs. `patterned`: it searches texts, which may take its time."""

    def __init__(self, schema: JsonObject) -> None:
        """Raises UnusableError for what is no schema, or too large a one."""
        self.patterned = _measured(schema)
        draft = validators.validator_for(schema, default=Draft202012Validator)
        try:
            draft.check_schema(schema, format_checker=_NO_FORMATS)
        except SchemaError as error:
            where = "/".join(map(str, error.absolute_path))
            raise UnusableError(f"it is no JSON Schema (`/{where}`)"[:MAX_SAID]) from None
        except RecursionError:
            raise UnusableError("it is too deep") from None
        self._validator = _bounded(draft)(schema, registry=jsonschema_specifications.REGISTRY)

    def fault_in(self, output: JsonValue, *, steps: int = STEPS) -> str:
        """What in the schema `output` breaks first; empty when it keeps it. Raises UnusableError."""
        token = _left.set([steps])
        try:
            error = next(self._validator.iter_errors(output), None)
        except PatternError as unusable:
            raise UnusableError(str(unusable)) from None
        except Unresolvable:
            raise UnusableError("it refers to what is not in it; nothing is fetched") from None
        except RecursionError:
            raise UnusableError("it is too deep") from None
        finally:
            _left.reset(token)
        return "" if error is None else _words(error)


def _words(error: ValidationError) -> str:
    place = "/".join(str(part) for part in error.absolute_schema_path)
    wants = error.validator_value
    if error.validator == "required" and isinstance(wants, list) and isinstance(error.instance, dict):
        wants = [name for name in wants if name not in error.instance]
    # numbers of a schema may be longer than 64 bits
    said = "" if isinstance(wants, dict) else f", which says {json.dumps(wants, separators=(',', ':'))}"
    return f"`/{place}`" + (said if len(said) <= MAX_SAID else "")


def _measured(schema: JsonObject) -> bool:
    """True when a keyword of it searches texts. Raises UnusableError for what is too large or too deep."""
    waiting: list[tuple[JsonValue, int]] = [(schema, 1)]
    names: set[str] = set()
    values = 0
    while waiting:
        value, depth = waiting.pop()
        values += 1
        if values > MAX_VALUES or depth > MAX_DEPTH:
            raise UnusableError("it is too large" if values > MAX_VALUES else "it is too deep")
        if isinstance(value, dict):
            names |= value.keys()
            waiting += [(one, depth + 1) for one in value.values()]
        elif isinstance(value, list):
            waiting += [(one, depth + 1) for one in value]
    if "patternProperties" in names and "unevaluatedProperties" in names:
        raise UnusableError("it uses `patternProperties` beside `unevaluatedProperties`")  # searched for unbounded
    return bool(names & _PATTERNED)


# keywords, each counted, and those that search with expressions of their own

type Keyword = Callable[[Any, Any, Any, Mapping[str, Any]], Iterator[ValidationError] | None]


def _counted(keyword: Keyword) -> Keyword:
    def look(validator: Any, value: Any, output: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
        size = len(output) if isinstance(output, (str, list, dict)) else 0
        # items are compared with each other, one by one
        _take(1 + (size * size // 50 if keyword is _unique else size // 100))
        return keyword(validator, value, output, schema) or iter(())

    return look


def _take(steps: int) -> None:
    left = _left.get()
    left[0] -= steps
    if left[0] < 0:
        raise TooManyStepsError("it takes too many steps")


def _pattern(validator: Any, value: Any, output: Any, _: Mapping[str, Any]) -> Iterator[ValidationError]:
    if validator.is_type(output, "string") and not found(value, output):
        yield ValidationError("pattern")


def _pattern_properties(validator: Any, value: Any, output: Any, _: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not validator.is_type(output, "object"):
        return
    for pattern, schema in value.items():
        for name, one in output.items():
            _take(1)
            if found(pattern, name):
                yield from validator.descend(one, schema, path=name, schema_path=pattern)


def _additional(validator: Any, value: Any, output: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not validator.is_type(output, "object"):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name, one in output.items():
        if name in known or any(found(pattern, name) for pattern in patterns):
            continue
        if validator.is_type(value, "object"):
            yield from validator.descend(one, value, path=name)
        elif value is False:
            yield ValidationError("additionalProperties")


_unique: Keyword = Draft202012Validator.VALIDATORS["uniqueItems"]
_OURS: dict[str, Keyword] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
}
_classes: dict[Any, Any] = {}


def _bounded(draft: Any) -> Any:
    """`draft` with every keyword counted."""
    if draft not in _classes:
        keywords = {name: _counted(_OURS.get(name, keyword)) for name, keyword in draft.VALIDATORS.items()}
        _classes[draft] = validators.extend(draft, keywords)
    return _classes[draft]
