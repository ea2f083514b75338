"""Calls that are no plain request, as `explain` sees them: one message to an MCP server, and a model's proposal.

Finds the tool, its scope and its arguments; what the rules then say of them is `explain.py`.
"""

from __future__ import annotations

import json
from typing import Any

from aisecops.controls.policy.match import find_mcp_tool, find_model_tool, meant_elsewhere, scope_of, tool_name
from aisecops.controls.policy.mistakes import nearest, shown
from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.model.rules import ModelToolMatch, RuleSet, ToolRule
from aisecops.model.value import Value

CALL = "tools/call"


class Called(Value):
    """A tool that is called by name: its rule, the name that it goes by, the scope and the arguments."""

    tool: ToolRule
    name: str
    scope: str
    arguments: Any


def mcp_call(
    rules: RuleSet, *, method: str, host: str, port: int, path_segments: tuple[str, ...], body: bytes
) -> Called | None:
    """The tool that one message to an MCP server calls; None for a message that calls none.

    Raises `WireError` for what is no single message, or calls a tool that no rule declares.
    """
    if method != "POST":
        return None
    message = read_json(body)
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        raise WireError("a request to an MCP server is judged by its message; give one JSON-RPC message as the body")
    params = message.get("params")
    if message["method"] != CALL or not isinstance(params, dict):
        return None
    called, arguments = str(params.get("name", "")), params.get("arguments")
    where: dict[str, Any] = {"host": host, "port": port, "path_segments": path_segments, "called": called}
    tool = None if meant_elsewhere(rules, **where) else find_mcp_tool(rules, **where)
    if tool is None:
        raise WireError(f"no declared tool is {shown(called)} of `{host}`", Code.TOOL_UNDECLARED)
    scope = scope_of(
        tool, method=method, host=host, path_segments=path_segments, query={}, body=arguments, called=called
    )
    return Called(tool=tool, name=tool_name(tool, called), scope=scope, arguments=arguments)


def proposed_call(rules: RuleSet, called: str, arguments: Any) -> Called:
    """The local tool that a model calls `called`. Raises `WireError` when no rule declares it."""
    tool = find_model_tool(rules, called)
    if tool is None:
        there = [name for one in rules.tools.values() for match in one.match if isinstance(match, ModelToolMatch)
                 for name in match.names]  # fmt: skip
        near = nearest(called, there)
        hint = f"; did you mean `{near}`?" if near else ""
        raise WireError(f"no `model_tool` is called {shown(called)}{hint}", Code.TOOL_UNDECLARED)
    return Called(tool=tool, name=tool.name, scope=scope_of(tool, body=arguments), arguments=arguments)


def read_json(body: bytes) -> Any:
    """`body` as JSON; None when it is none, and when there is none."""
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None
