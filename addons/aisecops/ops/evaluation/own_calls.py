"""How one of the operator's own tools or sources is called where stand-ins stand for it.

Chosen by what the rules say of it: at its host, or at a name below a `*.host`, over HTTP or MCP. What cannot be called
without knowing more is not made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from aisecops.controls.policy.match import scope_of, tool_name
from aisecops.controls.policy.patterns import BELOW, path_parts
from aisecops.controls.policy.template import read_template
from aisecops.model.errors import WireError
from aisecops.model.rules import AgentRule, HttpMatch, McpMatch, RuleSet, SecretAuthentication, SourceRule, ToolRule
from aisecops.model.scope import covers
from aisecops.ops.evaluation.mcp_speech import body_of
from aisecops.ops.evaluation.scenario import Owns

BELOW_IT = "evaluation"
"""The name below a `*.host`, and what a tool of an MCP server is called where the rules leave that open."""
WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE"})


class OwnCall(NamedTuple):
    """One call: `tool` is the name that it goes by in decisions, `called` that of an MCP server's tool."""

    tool: str
    host: str
    method: str
    path: str
    body: dict[str, Any]
    called: str = ""

    def step(self, **more: Any) -> Owns:
        """As a step of a play."""
        data = body_of([self.called], [self.body]) if self.called else orjson.dumps(self.body)
        empty = self.method in WITHOUT_BODY
        return Owns(host=self.host, method=self.method, path=self.path, body=b"" if empty else data, **more)


def reached(matches: tuple[Any, ...]) -> Iterator[HttpMatch | McpMatch]:
    """Those of a rule's matches by which it can be called here: over TLS at the usual port, and no WebSocket."""
    for one in matches:
        if isinstance(one, HttpMatch | McpMatch) and one.port is None and not _is_websocket(one):
            yield one


def host_at(match: HttpMatch | McpMatch) -> str:
    """A name that it matches."""
    return f"{BELOW_IT}.{match.host.removeprefix(BELOW)}" if match.host.startswith(BELOW) else match.host


def path_at(match: HttpMatch | McpMatch) -> str:
    """A path that it matches."""
    return "/" + "/".join("1" if part in {"*", "**"} else part for part in path_parts(match.path))


def named_at(match: McpMatch) -> str:
    """The name of a tool of that server."""
    return match.tool.replace("*", BELOW_IT)


def call_of(tool: ToolRule, match: HttpMatch | McpMatch, body: dict[str, Any], *, method: str) -> OwnCall:
    """`method` is what it is called with where the rules name none."""
    if isinstance(match, McpMatch):
        called = named_at(match)
        return OwnCall(tool_name(tool, called), host_at(match), "POST", path_at(match), body, called)
    places = read_template(tool.scope) if tool.scope else ()
    query = "&".join(f"{place.text}=1" for place in places if place.kind == "query")
    target = f"{path_at(match)}?{query}" if query else path_at(match)
    return OwnCall(tool.name, host_at(match), match.methods[0] if match.methods else method, target, body)


def read_of(source: SourceRule) -> OwnCall | None:
    """The page of a source that is read; None for one that cannot be read here."""
    match = next(reached((source.match,)), None)
    if not isinstance(match, HttpMatch) or (match.methods and "GET" not in match.methods):
        return None
    return OwnCall("", host_at(match), "GET", path_at(match), {})


def granted(agent: AgentRule, tool: ToolRule, call: OwnCall) -> bool:
    """May this agent be given a token for such a call, and can it be played here?"""
    if not any(isinstance(how, SecretAuthentication) for how in agent.authenticate):
        return False
    path, _, query = call.path.partition("?")
    try:
        scope = scope_of(
            tool,
            method=call.method,
            host=call.host,
            path_segments=tuple(path.strip("/").split("/")),
            query={pair.partition("=")[0]: ["1"] for pair in query.split("&") if pair},
            body=call.body,
            called=call.called,
        )
    except WireError:
        return False
    return any(covers(rule.grant.tool, call.tool) and covers(rule.grant.scope, scope) for rule in agent.grants)


def hosts_of(rules: RuleSet) -> tuple[str, ...]:
    """The names at which stand-ins must stand for the operator's own tools and sources."""
    matches = (match for tool in rules.tools.values() for match in tool.match)
    found = [host_at(match) for match in reached((*matches, *(source.match for source in rules.sources)))]
    return tuple(dict.fromkeys(found))


def _is_websocket(match: HttpMatch | McpMatch) -> bool:
    return isinstance(match, HttpMatch) and "WEBSOCKET" in match.methods
