"""From a request to the rule that speaks about it. Pure, and the same on every machine.

The order, told once (rules/README.md tells it to people):

1. Of several matches the most specific wins: a host before `*.host`, a named port before none, more literal
   path segments before fewer, named methods before none. Two equal ones are refused when rules are read.
2. A tool and a model that both match: the more specific wins; of two equals, the tool, which needs a token.
3. A source is asked only when neither a tool nor a model matches, and answers for GET and HEAD alone.
"""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import Any

from aisecops.controls.policy.jmes import JmesError, found_in
from aisecops.controls.policy.patterns import path_matches
from aisecops.controls.policy.places import Index, Spot, places_of
from aisecops.controls.policy.template import Filling, filled
from aisecops.model.action import WEBSOCKET
from aisecops.model.errors import WireError
from aisecops.model.look_alikes import meant
from aisecops.model.refusals import Code
from aisecops.model.rules import HttpMatch, McpMatch, Measure, ModelRule, ModelToolMatch, RuleSet, SourceRule, ToolRule
from aisecops.model.scope import quoted

FAMILY = ".*"
READ_METHODS = ("GET", "HEAD")


# which rule


def find_tool(rules: RuleSet, *, method: str, host: str, port: int, path_segments: tuple[str, ...]) -> ToolRule | None:
    """The tool this request is; None when there is none, or when a model's match is more specific."""
    places = places_of(rules)
    tool = _first(places.tools, method, host, port, path_segments)
    if tool is None:
        return None
    model = _first(places.models, method, host, port, path_segments)
    return None if model is not None and model.rank > tool.rank else tool.rule


def find_model(
    rules: RuleSet, *, method: str, host: str, port: int, path_segments: tuple[str, ...]
) -> ModelRule | None:
    """The model provider this request is for; None when there is none, or when a tool is at least as specific."""
    places = places_of(rules)
    model = _first(places.models, method, host, port, path_segments)
    if model is None:
        return None
    tool = _first(places.tools, method, host, port, path_segments)
    return None if tool is not None and tool.rank >= model.rank else model.rule


def find_source(
    rules: RuleSet, *, method: str, host: str, port: int, path_segments: tuple[str, ...]
) -> SourceRule | None:
    """The source this GET or HEAD reads. Ask only when the request is neither a tool nor a model."""
    if method not in READ_METHODS:
        return None
    found = _first(places_of(rules).sources, method, host, port, path_segments)
    return found.rule if found else None


def find_model_tool(rules: RuleSet, name: str) -> ToolRule | None:
    """The local tool that models call `name`."""
    for tool in rules.tools.values():
        if any(isinstance(match, ModelToolMatch) and name in match.names for match in tool.match):
            return tool
    return None


def only_one_reading(rules: RuleSet, *, method: str, host: str, port: int, path_segments: tuple[str, ...]) -> None:
    """Raises `WireError` where other rules would speak about the path as servers read it that drop what follows a `;`.

    Of two servers, one takes `/v1/export;x=1` for `/v1/export` and one does not: what is judged must be what is done.
    """
    bare = tuple(one.partition(";")[0] for one in path_segments)
    if bare == path_segments:
        return
    sent, dropped = (
        [find(rules, method=method, host=host, port=port, path_segments=path) for find in _FINDERS]
        for path in (path_segments, bare)
    )
    if sent != dropped:
        what = "the path holds a `;`, and without what follows it another rule would speak about it; send no `;`"
        raise WireError(what, Code.PROTOCOL_DENIED)


def find_mcp_tool(
    rules: RuleSet, *, host: str, port: int, path_segments: tuple[str, ...], called: str
) -> ToolRule | None:
    """The tool that a `tools/call` of `called` at an MCP server is: the longest name or name start that fits."""
    fitting = [
        ((*spot.rank, not spot.match.tool.endswith("*"), len(spot.match.tool)), spot.rule)
        for spot in places_of(rules).servers.at(host, port)
        if _is_called(spot.match.tool, called) and path_matches(spot.match.path, path_segments)
    ]
    return max(fitting, key=lambda found: found[0])[1] if fitting else None


def meant_elsewhere(
    rules: RuleSet, *, host: str, port: int, path_segments: tuple[str, ...], called: str
) -> ToolRule | None:
    """The tool whose very name `called` is but for case, blanks and look-alikes, while a family or none speaks of it.

    A server that reads names less strictly than rules do would run that one.
    """
    names = {
        spot.match.tool: spot.rule
        for spot in places_of(rules).servers.at(host, port)
        if not spot.match.tool.endswith("*") and path_matches(spot.match.path, path_segments)
    }
    if called in names:
        return None
    return next((rule for name, rule in names.items() if _read_loosely(name) == _read_loosely(called)), None)


def _read_loosely(name: str) -> str:
    said = "".join(meant(character)[0] for character in unicodedata.normalize("NFKC", name))
    return "".join(said.casefold().split())


def mcp_match(rules: RuleSet, *, method: str, host: str, port: int, path_segments: tuple[str, ...]) -> McpMatch | None:
    """The match that makes a request one to an MCP server; None where a tool or model has a more specific one."""
    places = places_of(rules)
    servers = [spot for spot in places.servers.at(host, port) if path_matches(spot.match.path, path_segments)]
    if not servers:
        return None
    server = servers[0]
    others = (_first(index, method, host, port, path_segments) for index in (places.tools, places.models))
    # an MCP match can name no method: a method alone makes no other match the more specific
    return None if any(other is not None and other.rank[:3] > server.rank[:3] for other in others) else server.match


_FINDERS = (find_tool, find_model, find_source, mcp_match)


def tools_of_server(rules: RuleSet, *, host: str, port: int, path_segments: tuple[str, ...]) -> list[ToolRule]:
    """Every tool, or family, that is declared at the MCP server here."""
    found = places_of(rules).servers.at(host, port)
    return [spot.rule for spot in found if path_matches(spot.match.path, path_segments)]


def tool_named(rules: RuleSet, name: str) -> ToolRule | None:
    """The rule of the tool that goes by `name` in decisions: its own, or that of its family."""
    return rules.tools.get(name) or rules.tools.get(f"{name.rpartition('.')[0]}{FAMILY}")


def tool_name(tool: ToolRule, called: str) -> str:
    """The name a call goes by: that of the tool, or in a family its stem and what was `called`."""
    return f"{tool.name.removesuffix(FAMILY)}.{quoted(called)}" if tool.name.endswith(FAMILY) else tool.name


def destination_known(rules: RuleSet, host: str, port: int) -> bool:
    """True when any tool, MCP server, model or source names `host` and `port`."""
    return places_of(rules).name(host, port)


def host_known(rules: RuleSet, host: str) -> bool:
    """True when any tool, MCP server, model or source names `host`, on whatever port."""
    return places_of(rules).host(host)


def _first[R](
    index: Index[HttpMatch, R], method: str, host: str, port: int, path_segments: tuple[str, ...]
) -> Spot[HttpMatch, R] | None:
    """The most specific match of this request: the index has them in that order."""
    for spot in index.at(host, port):
        if _says(spot.match, method) and path_matches(spot.match.path, path_segments):
            return spot
    return None


def _says(match: HttpMatch, method: str) -> bool:
    """A two-way channel is never meant by a rule that does not name it."""
    return method in match.methods or (not match.methods and method != WEBSOCKET)


def _is_called(pattern: str, called: str) -> bool:
    return called.startswith(pattern[:-1]) if pattern.endswith("*") else called == pattern


# what a request says to its rule


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
