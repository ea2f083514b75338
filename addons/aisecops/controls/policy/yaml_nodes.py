"""YAML bytes to a small tree in which every part knows its file, line and column.

Reads the plain part of YAML only: mappings, lists and text. Whatever could make two readers disagree
or a small file grow large is refused: aliases, anchors, tags, duplicate keys, more than one document.
Nothing here knows what rules mean, nor turns text into numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from aisecops.controls.policy.mistakes import Mistakes, mistake, shown
from aisecops.model.place import Place, Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 24
MAX_NODES = 100_000

_EMPTY = frozenset({"", "~", "null", "Null", "NULL"})
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Text:
    """One scalar. `plain` is false when it was written in quotes or as a block."""

    place: Place
    text: str
    plain: bool = True

    @property
    def is_empty(self) -> bool:
        """True for a key with nothing behind it, which YAML calls null."""
        return self.plain and self.text in _EMPTY


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping: where the key stands, and what it holds."""

    place: Place
    value: Node


@dataclass(frozen=True, slots=True)
class Keys:
    """A mapping, in the order written."""

    place: Place
    entries: dict[str, Entry]


Node = Text | Items | Keys


def read(file: str, data: bytes) -> Node:
    """The one document in `data`; an empty file is an empty `Text`. Raises `Mistakes`."""
    start = Place(file=file, line=1)
    if len(data) > MAX_BYTES:
        raise mistake(
            start, f"the file has over {MAX_BYTES} bytes, which are the most that are read", "split it into several"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise mistake(Place(file=file, line=line), "the file is not UTF-8", "save it as UTF-8") from None
    try:
        return _Reader(file, yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else start
        said = error.problem or error.context or "it cannot be read"
        raise mistake(place, f"not YAML: {said}", "check the indentation, the colons and the quotes") from None
    except yaml.YAMLError:
        raise mistake(start, "not YAML: a character that is not allowed", "take control characters out") from None


class _Reader:
    """Builds the tree from the parser's events, so that depth and size are bounded while reading."""

    def __init__(self, file: str, events: Iterator[Any]) -> None:
        self._file = file
        self._events = events
        self._nodes = 0
        self._problems: list[Problem] = []

    def document(self) -> Node:
        next(self._events)  # the start of the stream
        first = next(self._events)
        root: Node = Text(Place(file=self._file, line=1), "")
        if not isinstance(first, yaml.StreamEndEvent):
            root = self._node(next(self._events), depth=1)
            next(self._events)  # the end of the document
            after = next(self._events)
            if not isinstance(after, yaml.StreamEndEvent):
                self._no(after, "a second document in one file", "write one document per file, without `---` between")
        if self._problems:
            raise Mistakes(self._problems)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        place = self._place(event)
        self._nodes += 1
        if depth > MAX_DEPTH:
            raise mistake(place, f"nested deeper than {MAX_DEPTH} levels", "rules are never that deep; flatten it")
        if self._nodes > MAX_NODES:
            raise mistake(place, f"more than {MAX_NODES} values in one file", "split it into several files")
        if isinstance(event, yaml.AliasEvent):
            self._no(event, f"the alias {shown(f'*{event.anchor}')}: aliases are not read here", "write the value out")
            return Text(place, "")
        if event.anchor is not None:
            self._no(event, f"the anchor {shown(f'&{event.anchor}')}: anchors are not read here", "take it away")
        if event.tag is not None:
            self._no(event, f"the tag {shown(event.tag)}: tags are not read here", "take it away")
        if isinstance(event, yaml.ScalarEvent):
            return Text(place, event.value, plain=event.implicit[0])
        return self._items(place, depth) if isinstance(event, yaml.SequenceStartEvent) else self._keys(place, depth)

    def _items(self, place: Place, depth: int) -> Items:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Items(place, tuple(items))

    def _keys(self, place: Place, depth: int) -> Keys:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Text) or key.is_empty:
                self._no(event, "a key that is not a word", "write `name: value`")
            elif key.text in entries:
                first = entries[key.text].place
                self._no(event, f"{shown(key.text)} stands here twice, first in line {first.line}", "keep one of them")
            else:
                entries[key.text] = Entry(key.place, value)
        return Keys(place, entries)

    def _place(self, event: Any) -> Place:
        return Place(file=self._file, line=event.start_mark.line + 1, column=event.start_mark.column + 1)

    def _no(self, event: Any, what: str, mend: str) -> None:
        self._problems.append(Problem(place=self._place(event), what=what, mend=mend))
