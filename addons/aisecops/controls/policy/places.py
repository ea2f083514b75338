"""Where rules apply: an index of a rule set by host, made once per set and asked on every request.

Knows hosts, ports and how specific a match is. Paths, methods and which rule wins are `match.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from aisecops.controls.policy.patterns import BELOW, DEFAULT_PORTS, LONGEST_NAME, canonical_host, host_rank, path_rank
from aisecops.model.rules import HttpMatch, McpMatch, ModelRule, RuleSet, SourceRule, ToolRule

KEPT = 8
"""Rule sets whose index is kept: the one in force, and some that are replayed or compared."""

ASKED = 2048
"""Destinations that were asked about, of which it is kept what names them."""

type Rank = tuple[tuple[int, int], bool, tuple[int, tuple[int, ...]], bool]
"""How specific a match is (host, port, path, method); the greater wins."""


class Spot[M: HttpMatch | McpMatch, R](NamedTuple):
    """One match of one rule."""

    rank: Rank
    match: M
    rule: R


def rank_of(match: HttpMatch | McpMatch) -> Rank:
    """A host before `*.host`, a named port before none, the more specific path, named methods before none."""
    named_methods = isinstance(match, HttpMatch) and bool(match.methods)
    return host_rank(match.host), match.port is not None, path_rank(match.path), named_methods


class Index[M: HttpMatch | McpMatch, R]:
    """Matches by the host they name, the most specific first."""

    def __init__(self, pairs: Iterable[tuple[M, R]]) -> None:
        spots = [Spot(rank_of(match), match, rule) for match, rule in pairs]
        spots.sort(key=lambda spot: spot.rank, reverse=True)
        self._by_host: dict[str, list[Spot[M, R]]] = {}
        for spot in spots:
            self._by_host.setdefault(spot.match.host, []).append(spot)
        self._asked: dict[tuple[str, int], tuple[Spot[M, R], ...]] = {}

    def at(self, host: str, port: int) -> tuple[Spot[M, R], ...]:
        """Every match that names `host` and `port`, the most specific first; none for an unusual spelling."""
        if len(host) > LONGEST_NAME:
            return ()
        found = self._asked.get((host, port))
        if found is None:
            if len(self._asked) >= ASKED:
                self._asked.clear()
            found = self._asked[host, port] = tuple(self._looked_up(host, port))
        return found

    def _looked_up(self, host: str, port: int) -> Iterator[Spot[M, R]]:
        name = canonical_host(host)
        while name:
            for spot in self._by_host.get(name, ()):
                if port == spot.match.port or (spot.match.port is None and port in DEFAULT_PORTS):
                    yield spot
            name = _next_wider(name)

    def anywhere_at(self, host: str) -> bool:
        """True when a match names `host`, on whatever port."""
        name = canonical_host(host)
        while name:
            if name in self._by_host:
                return True
            name = _next_wider(name)
        return False


def _next_wider(name: str) -> str:
    """`a.b.c` to `*.b.c` to `*.c` to nothing: from the most specific pattern to the least."""
    if ":" in name:
        return ""
    _, dot, rest = name.removeprefix(BELOW).partition(".")
    return BELOW + rest if dot else ""


class Places:
    """The indexes of one rule set."""

    def __init__(self, rules: RuleSet) -> None:
        tools = [(match, tool) for tool in rules.tools.values() for match in tool.match]
        self.tools: Index[HttpMatch, ToolRule] = Index((m, tool) for m, tool in tools if isinstance(m, HttpMatch))
        self.servers: Index[McpMatch, ToolRule] = Index((m, tool) for m, tool in tools if isinstance(m, McpMatch))
        self.models: Index[HttpMatch, ModelRule] = Index((model.match, model) for model in rules.models.values())
        self.sources: Index[HttpMatch, SourceRule] = Index((source.match, source) for source in rules.sources)
        self.has_servers = any(isinstance(match, McpMatch) for match, _ in tools)

    def name(self, host: str, port: int) -> bool:
        """True when any rule names `host` and `port`."""
        indexes = (self.tools, self.servers, self.models, self.sources)
        return any(index.at(host, port) for index in indexes)

    def host(self, host: str) -> bool:
        """True when any rule names `host`, on whatever port."""
        return any(index.anywhere_at(host) for index in (self.tools, self.servers, self.models, self.sources))


class _Same:
    """A rule set known by identity: a set never changes, so its index never does."""

    __slots__ = ("rules",)

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules

    def __hash__(self) -> int:
        return id(self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.rules is other.rules


def places_of(rules: RuleSet) -> Places:
    """The index of `rules`."""
    for asked_last, places in _newest:
        if asked_last is rules:
            return places
    found = _indexed(_Same(rules))
    _newest[:] = [(rules, found)]
    return found


@lru_cache(maxsize=KEPT)
def _indexed(same: _Same) -> Places:
    return Places(same.rules)


_newest: list[tuple[RuleSet, Places]] = []
"""The rule set that was asked about last, and its index: mostly it is asked about again."""
