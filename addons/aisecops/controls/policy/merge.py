"""Several files, one set: their sections joined while everything still knows its place.

Names must be unique over all files; lists are joined; a single value set twice is a problem, since
neither file says which one should win.
"""

from __future__ import annotations

from collections.abc import Iterable

from aisecops.controls.policy.mistakes import shown
from aisecops.controls.policy.yaml_nodes import Entry, Items, Keys, Text
from aisecops.model.place import Place, Problem

VERSION = "version"
_JOINED_BELOW = frozenset({("egress", "labels")})


def merged(roots: Iterable[Keys]) -> tuple[Keys, list[Problem]]:
    """The sections of all files in one mapping, and what could not be joined (the first one stays)."""
    problems: list[Problem] = []
    whole: dict[str, Entry] = {}
    for root in roots:
        for name, entry in root.entries.items():
            if name == VERSION:
                whole.setdefault(name, entry)
            else:
                _join(whole, (name,), entry, problems)
    return Keys(Place(file="rules", line=1), whole), problems


def _join(into: dict[str, Entry], path: tuple[str, ...], entry: Entry, problems: list[Problem]) -> None:
    name = path[-1]
    first = into.get(name)
    is_section = len(path) == 1
    if first is None or (is_section and _is_empty(first)):
        into[name] = entry
        return
    if is_section and _is_empty(entry):
        return
    match first.value, entry.value:
        case Items(items=ours), Items(items=theirs):
            into[name] = Entry(first.place, Items(first.value.place, ours + theirs))
        case Keys(entries=known), Keys(entries=more) if is_section or path in _JOINED_BELOW:
            joined = dict(known)
            for key, value in more.items():
                _join(joined, (*path, key), value, problems)
            into[name] = Entry(first.place, Keys(first.value.place, joined))
        case _:
            what = f"{shown('.'.join(path))} is set here and in {first.place}"
            problems.append(Problem(place=entry.place, what=what, mend="keep one of them"))


def _is_empty(entry: Entry) -> bool:
    return isinstance(entry.value, Text) and entry.value.is_empty
