"""From a request to the rule that speaks about it. Pure, and the same on every machine.

The order, told once (rules/README.md tells it to people):

1. Of several matches the most specific wins: a host before `*.host`, a named port before none, more literal
   path segments before fewer, named methods before none. Two equal ones are refused when rules are read.
2. A tool and a model that both match: the more specific wins; of two equals, the tool, which needs a token.
3. A source is asked only when neither a tool nor a model matches, and answers for GET and HEAD alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from aisecops.controls.policy.jmes import JmesError, found_in
from aisecops.controls.policy.patterns import (
    DEFAULT_PORTS,
    canonical_host,
    host_matches,
    host_rank,
    path_matches,
    path_rank,
)
from aisecops.controls.policy.target import normal_path
from aisecops.controls.policy.template import Filling, filled
from aisecops.model.rules import (
    HttpMatch,
    McpMatch,
    Measure,
    ModelRule,
    ModelToolMatch,
    RuleSet,
    SourceRule,
    ToolRule,
)
from aisecops.model.scope import quoted

FAMILY = ".*"
READ_METHODS = ("GET", "HEAD")

type Rank = tuple[tuple[int, int], bool, tuple[int, tuple[int, ...]], bool]
"""How specific a match is; the greater wins."""


# -- which rule -----------------------------------------------------------------------------------


def find_tool(rules: RuleSet, *, method: str, host: str, port: int, path_segments: tuple[str, ...]) -> ToolRule | None:
    """The tool this request is; None when there is none, or when a model's match is more specific."""
    tool = _most_specific(_tool_matches(rules), method, host, port, path_segments)
    if tool is None:
        return None
    model = _most_specific(_model_matches(rules), method, host, port, path_segments)
    return None if model is not None and model[0] > tool[0] else tool[1]


def find_model(
    rules: RuleSet, *, method: str, host: str, port: int, path_segments: tuple[str, ...]
) -> ModelRule | None:
    """The model provider this request is for; None when there is none, or when a tool is at least as specific."""
    model = _most_specific(_model_matches(rules), method, host, port, path_segments)
    if model is None:
        return None
    tool = _most_specific(_tool_matches(rules), method, host, port, path_segments)
    return None if tool is not None and tool[0] >= model[0] else model[1]


def find_source(
    rules: RuleSet, *, method: str, host: str, port: int, path_segments: tuple[str, ...]
) -> SourceRule | None:
    """The source this GET or HEAD reads. Ask only when the request is neither a tool nor a model."""
    if method not in READ_METHODS:
        return None
    found = _most_specific(((rule.match, rule) for rule in rules.sources), method, host, port, path_segments)
    return found[1] if found else None


def find_model_tool(rules: RuleSet, name: str) -> ToolRule | None:
    """The local tool that models call `name`."""
    for tool in rules.tools.values():
        if any(isinstance(match, ModelToolMatch) and name in match.names for match in tool.match):
            return tool
    return None


def find_mcp_tool(
    rules: RuleSet, *, host: str, port: int, path_segments: tuple[str, ...], called: str
) -> ToolRule | None:
    """The tool that a `tools/call` of `called` at an MCP server is: the longest name or name start that fits."""
    best: tuple[tuple[Any, ...], ToolRule] | None = None
    for match, tool in _mcp_matches(rules):
        if not _is_there(match, host, port, path_segments) or not _is_called(match.tool, called):
            continue
        rank = (*place_rank(match), not match.tool.endswith("*"), len(match.tool))
        if best is None or rank > best[0]:
            best = rank, tool
    return best[1] if best else None


def is_mcp(rules: RuleSet, *, host: str, port: int, path_segments: tuple[str, ...]) -> bool:
    """True when some tool names an MCP server here."""
    return any(_is_there(match, host, port, path_segments) for match, _ in _mcp_matches(rules))


def tool_name(tool: ToolRule, called: str) -> str:
    """The name a call goes by: that of the tool, or in a family its stem and what was `called`."""
    return f"{tool.name.removesuffix(FAMILY)}.{quoted(called)}" if tool.name.endswith(FAMILY) else tool.name


def destination_known(rules: RuleSet, host: str, port: int) -> bool:
    """True when any tool, MCP server, model or source names `host` and `port`."""
    canonical = canonical_host(host)
    if canonical is None:
        return False
    return any(_is_at(match, canonical, port) for match in _places(rules))


# -- what a request says to its rule --------------------------------------------------------------


def scope_of(
    tool: ToolRule,
    *,
    method: str = "",
    host: str = "",
    path_segments: tuple[str, ...] = (),
    query: dict[str, list[str]] | None = None,
    body: Any = None,
    called: str = "",
) -> str:
    """The scope of one call, concrete. A tool without a template has its own name as scope.

    `body` is decoded JSON, or the arguments of a proposed or MCP call; `called` only matters in a family.
    Raises WireError (unreadable) when something the template needs is not there.
    """
    if not tool.scope:
        return tool_name(tool, called)
    return filled(
        tool.scope, Filling(method=method, host=host, path_segments=path_segments, query=query or {}, body=body)
    )


def measure(measure: Measure, body: Any) -> Decimal | None:  # the measure's own verb
    """The number a measure finds in `body` (decoded JSON); None when there is none, which is no permission."""
    if measure.fixed is not None:
        return measure.fixed
    try:
        found = found_in(measure.expression, body)
    except JmesError:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float | Decimal):
        return None
    number = Decimal(str(found))
    return number if number.is_finite() and number >= 0 else None


# -- how specific ---------------------------------------------------------------------------------


def place_rank(match: HttpMatch | McpMatch) -> tuple[tuple[int, int], bool, tuple[int, tuple[int, ...]]]:
    """How specific host, port and path of a match are."""
    return host_rank(match.host), match.port is not None, path_rank(match.path)


def _rank(match: HttpMatch) -> Rank:
    return (*place_rank(match), bool(match.methods))


def _most_specific[R](
    candidates: Iterable[tuple[HttpMatch, R]], method: str, host: str, port: int, path_segments: tuple[str, ...]
) -> tuple[Rank, R] | None:
    best: tuple[Rank, R] | None = None
    for match, rule in candidates:
        if match.methods and method not in match.methods:
            continue
        if not _is_there(match, host, port, path_segments):
            continue
        rank = _rank(match)
        if best is None or rank > best[0]:
            best = rank, rule
    return best


def _is_there(match: HttpMatch | McpMatch, host: str, port: int, path_segments: tuple[str, ...]) -> bool:
    canonical = canonical_host(host)
    return canonical is not None and _is_at(match, canonical, port) and path_matches(match.path, path_segments)


def _is_at(match: HttpMatch | McpMatch, host: str, port: int) -> bool:
    ports = DEFAULT_PORTS if match.port is None else (match.port,)
    return port in ports and host_matches(match.host, host)


def _is_called(pattern: str, called: str) -> bool:
    return called.startswith(pattern[:-1]) if pattern.endswith("*") else called == pattern


def _tool_matches(rules: RuleSet) -> Iterator[tuple[HttpMatch, ToolRule]]:
    for tool in rules.tools.values():
        for match in tool.match:
            if isinstance(match, HttpMatch):
                yield match, tool


def _mcp_matches(rules: RuleSet) -> Iterator[tuple[McpMatch, ToolRule]]:
    for tool in rules.tools.values():
        for match in tool.match:
            if isinstance(match, McpMatch):
                yield match, tool


def _model_matches(rules: RuleSet) -> Iterator[tuple[HttpMatch, ModelRule]]:
    for model in rules.models.values():
        yield model.match, model


def _places(rules: RuleSet) -> Iterator[HttpMatch | McpMatch]:
    for tool in rules.tools.values():
        yield from (match for match in tool.match if not isinstance(match, ModelToolMatch))
    yield from (model.match for model in rules.models.values())
    yield from (source.match for source in rules.sources)


__all__ = [
    "destination_known",
    "find_mcp_tool",
    "find_model",
    "find_model_tool",
    "find_source",
    "find_tool",
    "is_mcp",
    "measure",
    "normal_path",
    "place_rank",
    "scope_of",
    "tool_name",
]
