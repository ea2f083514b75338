"""Every expression of the package that Python's `re` searches with, and texts made to be slow for it.

Such a text is what an expression matches, up to where something in it is repeated, and then that over and over: where
a match may begin anywhere in it and goes on to its end, or may be cut in many ways, cost grows faster than length.
"""

from __future__ import annotations

import ast
import gc
import importlib
import pkgutil
import random
import re
import signal
import time
import types
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import aisecops

type Home = tuple[str, str]
"""A module and a name in it."""

_WAYS = {"match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split"}
_SIGNS = [chr(code) for code in (*range(32, 127), 9, 10, 13, 233, 0x200B)]
_FEWEST_TURNS, _MOST_TURNS = 3, 8
_OFTEN = 20
_ENDS = ("!\0", "\n\0")
_SHORT, _LONG = 8_000, 32_000
_MOST = 10
"""Times that the long one may cost what the short one does: four are its share, sixteen those of a square."""
_SUSPECT_S, _HUNG_S = 0.004, 0.25
"""Seconds for the short text: those that call for a closer look, and those that no expression takes."""


class Asked(NamedTuple):
    """An expression, the names it is bound to, and how the source asks it: `fullmatch`, `match` or anywhere."""

    pattern: re.Pattern[Any]
    homes: frozenset[Home]
    ways: frozenset[str]

    def ask(self, text: str) -> None:
        """Ask it of `text` as the source would; once for each place where that goes from place to place."""
        said = text.encode("latin-1", "replace") if isinstance(self.pattern.pattern, bytes) else text
        for way in self.ways:
            if way in {"match", "fullmatch"}:
                getattr(self.pattern, way)(said)
            else:
                for _ in self.pattern.finditer(said):
                    pass


@cache
def every_expression() -> list[Asked]:
    """Of every module of the package: bound to a name, or inside what is."""
    homes: dict[re.Pattern[Any], set[Home]] = defaultdict(set)
    for info in pkgutil.walk_packages(aisecops.__path__, "aisecops."):
        if not info.name.endswith("__main__"):
            module = importlib.import_module(info.name)
            for name, value in list(vars(module).items()):
                for pattern in _patterns_in(value):
                    homes[pattern].add((info.name.removeprefix("aisecops."), name))
    ways = _ways_by_home()
    found = []
    for pattern, names in homes.items():
        said = {way for home in names for way in ways.get(home, ())}
        found.append(Asked(pattern, frozenset(names), frozenset(said or {"finditer"})))
    return sorted(found, key=lambda one: min(one.homes))


def _patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    waiting, met = [value], {id(value)}
    while waiting:
        one = waiting.pop()
        if isinstance(one, re.Pattern):
            yield one
        inside = [other for other in _inside(one) if id(other) not in met]
        met.update(map(id, inside))
        waiting += inside


def _inside(one: object) -> list[Any]:
    """What `one` holds, if it is of ours or holds what it is given."""
    if isinstance(one, types.FunctionType):
        return [*(one.__closure__ or ()), *(one.__defaults__ or ())] if _is_ours(one) else []
    holds = list | tuple | dict | set | frozenset | types.CellType | types.BuiltinMethodType
    if isinstance(one, holds) or (_is_ours(type(one)) and not isinstance(one, type)):
        return gc.get_referents(one)
    return list(vars(one).values()) if isinstance(one, type) and _is_ours(one) else []


def _is_ours(made: types.FunctionType | type) -> bool:
    return (made.__module__ or "").startswith("aisecops.")


def _ways_by_home() -> dict[Home, set[str]]:
    """How the source asks what is bound to a name: `NAME.search(...)`."""
    ways: dict[Home, set[str]] = defaultdict(set)
    root = Path(aisecops.__file__).parent
    for path in root.rglob("*.py"):
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in _WAYS and isinstance(node.value, ast.Name):
                ways[module, node.value.id].add(node.attr)
    return ways


def is_slow(asked: Asked, before: str, again: str, end: str) -> bool:
    """Does the cost of a text with `again` over and over grow faster than its length, or is there no end to it?

    Times of this process alone are compared, of two lengths of one text: a slow machine is slow for both.
    """
    short, long = (before + again * (length // len(again)) + end for length in (_SHORT, _LONG))
    for _ in range(2):  # whatever else is slow is not slow twice
        cost = _cost(asked, short, _HUNG_S)
        most = _MOST * cost
        if cost < _SUSPECT_S or (cost < _HUNG_S and _cost(asked, long, most) < most):
            return False
    return True


class _TooLong(Exception):
    pass


def _cost(asked: Asked, text: str, most_s: float) -> float:
    """Seconds of this process's own; `most_s` for what takes longer."""

    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, most_s)
    try:
        asked.ask(text)
    except _TooLong:
        return most_s
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return time.process_time() - begun


def pumps_of(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """Texts as `is_slow` makes them, the same each time: of some of all that `pattern` repeats, most of them of what it
    repeats often."""
    rng = random.Random(str(pattern.pattern))
    tree = parser.parse(pattern.pattern, pattern.flags)
    signs = _SIGNS + 3 * sorted(set(_said_in(tree)))
    for turn in range(min(max(_ways_in(tree), _FEWEST_TURNS), _MOST_TURNS)):
        writer = _Writer(rng, signs, turn)
        whole = writer.written(tree)
        often = sorted(writer.repeated, key=lambda one: (-min(one[0], _OFTEN), rng.random()))[:4]
        repeated = [(before, again) for _, before, again in often]
        found = [("", whole), *repeated, *(("", before + again) for before, again in repeated)]
        for before, again in dict.fromkeys(found):
            if again:
                yield before, again, rng.choice(_ENDS)


def _ways_in(tree: Iterable[Any]) -> int:
    """How many ways there are where an expression has most."""
    ways = 1
    for op, told in tree:
        if op is sre.BRANCH:
            ways = max(ways, len(told[1]), *map(_ways_in, told[1]))
        elif op is sre.SUBPATTERN:
            ways = max(ways, _ways_in(told[3]))
    return ways


def _said_in(tree: Iterable[Any]) -> Iterator[str]:
    """The characters that an expression names, wherever in it."""
    for node in tree:
        if isinstance(node, tuple) and len(node) == 2 and node[0] in {sre.LITERAL, sre.NOT_LITERAL}:
            yield chr(node[1])
        elif isinstance(node, tuple) and len(node) == 2 and node[0] is sre.RANGE:
            yield from map(chr, node[1])
        elif isinstance(node, tuple | list | parser.SubPattern):
            yield from _said_in(node)


class _Writer:
    """Writes something that an expression matches; keeps how often it repeats what, and what comes before.

    It prefers two characters all along: what may stand in several places is what can be cut in many ways.
    """

    def __init__(self, rng: random.Random, signs: list[str], turn: int) -> None:
        self.repeated: list[tuple[int, str, str]] = []
        self._turn = turn
        self._rng = rng
        self._signs = signs
        self._preferred = rng.sample(signs, 2) if rng.random() < 0.8 else []
        self._groups: dict[int | None, str] = {}

    def written(self, tree: Iterable[Any], before: str = "") -> str:
        text = ""
        for op, told in tree:
            text += self._one(op, told, before + text)
        return text

    def _one(self, op: Any, told: Any, before: str) -> str:
        said = ""
        if op is sre.LITERAL:
            said = chr(told)
        elif op is sre.NOT_LITERAL:
            said = self._sign([(sre.NEGATE, None), (sre.LITERAL, told)])
        elif op is sre.ANY:
            said = self._rng.choice([*self._preferred, "a", " "])
        elif op is sre.IN:
            said = self._sign(told)
        elif op in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
            said = self._some(told, before)
        elif op is sre.SUBPATTERN:
            said = self._groups[told[0]] = self.written(told[3], before)
        elif op is sre.ATOMIC_GROUP:
            said = self.written(told, before)
        elif op is sre.BRANCH:
            said = self.written(told[1][self._turn % len(told[1])], before)
        elif op is sre.GROUPREF:
            said = self._groups.get(told, "")
        return said  # nothing for what only looks

    def _some(self, told: tuple[int, int, Iterable[Any]], before: str) -> str:
        least, most, inside = told
        if most > 1:
            self.repeated.append((int(most), before, self.written(inside, before)))
        times = self._rng.randint(least, min(most, least + 2))
        return "".join(self.written(inside, before) for _ in range(times))

    def _sign(self, items: list[tuple[Any, Any]]) -> str:
        fits = re.compile(_as_class(items)).match
        liked = [sign for sign in self._preferred if fits(sign)] or [sign for sign in self._signs if fits(sign)]
        return self._rng.choice(liked) if liked else _any_of(items)


def _as_class(items: list[tuple[Any, Any]]) -> str:
    """A class of characters, written again."""
    said = ""
    for op, told in items:
        if op is sre.NEGATE:
            said += "^"
        elif op is sre.LITERAL:
            said += re.escape(chr(told))
        elif op is sre.RANGE:
            said += f"{re.escape(chr(told[0]))}-{re.escape(chr(told[1]))}"
        elif op is sre.CATEGORY:
            said += _CATEGORIES[told]
    return f"[{said}]"


def _any_of(items: list[tuple[Any, Any]]) -> str:
    told = next((told for op, told in items if op in {sre.LITERAL, sre.RANGE}), ord("a"))
    return chr(told[0] if isinstance(told, tuple) else told)


_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W", sre.CATEGORY_SPACE: r"\s", sre.CATEGORY_NOT_SPACE: r"\S",
}  # fmt: skip
