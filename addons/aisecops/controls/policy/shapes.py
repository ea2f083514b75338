"""What a part of the rules may look like: small readers that also describe themselves to editors.

A shape reads a node into a value, or raises `Mistakes` with everything wrong below it; and it gives the
JSON Schema of what it reads, so that parser and schema cannot drift apart. What rules mean is `sections.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from aisecops.controls.policy.mistakes import Mistakes, mistake, pick, shown
from aisecops.controls.policy.yaml_nodes import Entry, Items, Keys, Node, Text
from aisecops.model.place import Place, Problem

Schema = dict[str, Any]


class Shape(Protocol):
    """Reads one node, and says what it reads."""

    def read(self, node: Node) -> Any:
        """The value; raises `Mistakes`."""
        ...

    def schema(self) -> Schema:
        """The JSON Schema of what `read` takes."""
        ...


def kind_of(node: Node) -> str:
    """What was found, for people."""
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Keys):
        return "a mapping"
    return "nothing" if node.is_empty else shown(node.text)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One word or number. `make` turns its text into a value, or raises ValueError with the mend.

    `plain`: quotes make it the wrong kind (numbers). `secret`: a problem never repeats what was found.
    """

    what: str
    make: Callable[[str], Any]
    json: Schema = field(default_factory=lambda: {"type": "string"})
    plain: bool = False
    secret: bool = False

    def read(self, node: Node) -> Any:
        if not isinstance(node, Text) or node.is_empty:
            raise mistake(node.place, f"{kind_of(node)} where {self.what} belongs", f"write {self.what}")
        if self.plain and not node.plain:
            raise mistake(node.place, f"{shown(node.text)} in quotes is not {self.what}", "take the quotes away")
        try:
            return self.make(node.text)
        except ValueError as error:
            found = "this" if self.secret else shown(node.text)
            raise mistake(node.place, f"{found} is not {self.what}", str(error) or f"write {self.what}") from None

    def schema(self) -> Schema:
        return {"description": self.what, **self.json}


@dataclass(frozen=True, slots=True)
class Word:
    """One of a closed list of words."""

    what: str
    words: Mapping[str, Any]

    def read(self, node: Node) -> Any:
        if not isinstance(node, Text) or node.is_empty:
            raise mistake(node.place, f"{kind_of(node)} where {self.what} belongs", pick("", self.words))
        if node.text not in self.words:
            raise mistake(node.place, f"{shown(node.text)} is not {self.what}", pick(node.text, self.words))
        return self.words[node.text]

    def schema(self) -> Schema:
        return {"description": self.what, "enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list, or with `single` also one item alone. `least` is how many there must be."""

    item: Shape
    single: bool = False
    least: int = 0

    def read(self, node: Node) -> tuple[Any, ...]:
        if isinstance(node, Items):
            if len(node.items) < self.least:
                raise mistake(node.place, "an empty list", f"name at least {self.least}")
            return tuple(_all(self.item.read, node.items))
        if self.single:
            return (self.item.read(node),)
        if isinstance(node, Text) and node.is_empty and not self.least:
            return ()
        raise mistake(node.place, f"{kind_of(node)} where a list belongs", "write `[one, two]` or a line `- one` each")

    def schema(self) -> Schema:
        many: Schema = {"type": "array", "items": self.item.schema()}
        if self.least:
            many["minItems"] = self.least
        return {"anyOf": [self.item.schema(), many]} if self.single else many


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record: what it holds, and the name of the value's field when that differs."""

    shape: Shape
    to: str = ""
    needed: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with known keys. `make` gets one argument per key present; absent keys keep its defaults.

    `placed`: `make` also gets `place`, where the record stands.
    """

    what: str
    make: Callable[..., Any]
    keys: Mapping[str, Key]
    placed: bool = False

    def read(self, node: Node, *, place: Place | None = None, **given: Any) -> Any:
        """The value; `place` and `given` come from around it (the key it stands under)."""
        if isinstance(node, Text) and node.is_empty:
            node = Keys(node.place, {})
        if not isinstance(node, Keys):
            keys = ", ".join(f"`{key}`" for key in self.keys)
            raise mistake(node.place, f"{kind_of(node)} where {self.what} belongs", f"write a mapping with {keys}")
        problems = list(self._strangers(node))
        values = dict(given)
        for name, key in self.keys.items():
            if name not in node.entries:
                continue
            try:
                values[key.to or name] = key.shape.read(node.entries[name].value)
            except Mistakes as mistakes:
                problems += mistakes.problems
        if problems:
            raise Mistakes(problems)
        if self.placed:
            values["place"] = place or node.place
        try:
            return self.make(**values)
        except ValueError as error:
            raise mistake(place or node.place, *map(str, error.args)) from None

    def _strangers(self, node: Keys) -> list[Problem]:
        unknown = [
            Problem(place=entry.place, what=f"unknown key {shown(key)} in {self.what}", mend=pick(key, self.keys))
            for key, entry in node.entries.items()
            if key not in self.keys
        ]
        missing = [
            Problem(place=node.place, what=f"`{key}` is missing in {self.what}", mend=f"add `{key}:`")
            for key, wanted in self.keys.items()
            if wanted.needed and key not in node.entries
        ]
        return unknown + missing

    def schema(self) -> Schema:
        described: Schema = {
            key: wanted.shape.schema() | ({"description": wanted.about} if wanted.about else {})
            for key, wanted in self.keys.items()
        }
        schema: Schema = {"type": "object", "additionalProperties": False, "properties": described}
        needed = [key for key, wanted in self.keys.items() if wanted.needed]
        return schema | {"required": needed} if needed else schema


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping from names the operator chose to records; each record's `make` gets its name as `name_as`."""

    name: Leaf
    item: Record
    name_as: str = "name"

    def read(self, node: Node) -> dict[str, Any]:
        return _by_name(
            node, self.name, lambda name, at: self.item.read(at.value, place=at.place, **{self.name_as: name})
        )

    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": self.item.schema()}


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping from names the operator chose to plain values."""

    name: Leaf
    item: Shape

    def read(self, node: Node) -> dict[str, Any]:
        return _by_name(node, self.name, lambda _, at: self.item.read(at.value))

    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": self.item.schema()}


@dataclass(frozen=True, slots=True)
class Either:
    """One of several records, told apart by a key that only one has; without any of these keys, `otherwise`."""

    by_key: Mapping[str, Record]
    otherwise: Shape

    def read(self, node: Node) -> Any:
        told = [key for key in self.by_key if isinstance(node, Keys) and key in node.entries]
        return self.by_key[told[0]].read(node) if told else self.otherwise.read(node)

    def schema(self) -> Schema:
        return {"anyOf": [self.otherwise.schema(), *(record.schema() for record in self.by_key.values())]}


def _by_name(node: Node, name: Leaf, read: Callable[[str, Entry], Any]) -> dict[str, Any]:
    if isinstance(node, Text) and node.is_empty:
        return {}
    if not isinstance(node, Keys):
        raise mistake(
            node.place, f"{kind_of(node)} where a mapping belongs", f"write `NAME: …`, NAME being {name.what}"
        )

    def one(item: tuple[str, Entry]) -> tuple[str, Any]:
        key, at = item
        return name.read(Text(at.place, key, plain=False)), read(key, at)

    return dict(_all(one, tuple(node.entries.items())))


def _all[A, B](read: Callable[[A], B], parts: tuple[A, ...]) -> list[B]:
    """Read every part, so that all problems are said at once."""
    values: list[B] = []
    problems: list[Problem] = []
    for part in parts:
        try:
            values.append(read(part))
        except Mistakes as mistakes:
            problems += mistakes.problems
    if problems:
        raise Mistakes(problems)
    return values
