"""The `tools` section, key by key: how a request is known as a tool, what it does, what it returns."""

from __future__ import annotations

from typing import Any

from aisecops.controls.policy import leaves as leaf
from aisecops.controls.policy.shapes import Either, Key, Leaf, ListOf, Named, Record, Schema
from aisecops.controls.policy.units import number
from aisecops.controls.policy.yaml_nodes import Keys, Node
from aisecops.model.rules import (
    ArgumentRule,
    HttpMatch,
    McpMatch,
    Measure,
    ModelToolMatch,
    RecipientsRule,
    Returns,
    ToolRule,
)


def _http(host: tuple[str, int | None], path: str = "/**", method: tuple[str, ...] = ()) -> HttpMatch:
    return HttpMatch(host=host[0], port=host[1], path=path, methods=method)


def _mcp(host: tuple[str, int | None], **rest: str) -> McpMatch:
    return McpMatch(host=host[0], port=host[1], **rest)


def _measure(request: str = "", response: str = "") -> Measure:
    if bool(request) == bool(response):
        raise ValueError("say where to look, once", "write either `request:` or `response:`")
    return Measure(side="request" if request else "response", expression=request or response)


class _Cost:
    """A fixed number, or a measure."""

    def read(self, node: Node) -> Measure:
        found = MEASURE.read(node) if isinstance(node, Keys) else _FIXED.read(node)
        assert isinstance(found, Measure)
        return found

    def schema(self) -> Schema:
        return {"anyOf": [_FIXED.schema(), MEASURE.schema()]}


def _argument(role: bool, **rest: Any) -> ArgumentRule:
    for key in ("untrusted", "named_by"):
        if key in rest and not role:  # what carries text is never held for where it came from: it raises the risk
            raise ValueError(f"`{key}` is about what steers", f"write `role: steering`, or leave `{key}` out")
    return ArgumentRule(steering=role, **rest)


def _returns(trusted_fields: tuple[str, ...] = (), **rest: Any) -> Returns:
    return Returns(trusted_fields=trusted_fields, **rest)


def _tool(arguments: dict[str, ArgumentRule] | None = None, **rest: Any) -> ToolRule:
    return ToolRule(arguments=tuple((arguments or {}).values()), **rest)


HTTP = Record(
    "`match`",
    _http,
    {
        "host": Key(leaf.HOST, needed=True, about="a name, *.name, and perhaps :port; without a port, 443 and 80"),
        "method": Key(
            ListOf(leaf.METHOD, single=True, least=1), about="without it, every method; WEBSOCKET must be named"
        ),
        "path": Key(leaf.PATH, about="* is one segment, ** any number; without it, every path"),
    },
)
MCP = Record(
    "`mcp`",
    _mcp,
    {
        "host": Key(leaf.HOST, needed=True),
        "tool": Key(leaf.MCP_TOOL, about="the server's tool; a * at the end is any tool that starts so"),
        "path": Key(leaf.PATH),
    },
)
MATCH = Either(
    {
        "mcp": Record("`match`", lambda mcp: mcp, {"mcp": Key(MCP, needed=True)}),
        "model_tool": Record(
            "`match`",
            lambda model_tool: ModelToolMatch(names=model_tool),
            {"model_tool": Key(ListOf(leaf.MODEL_TOOL, single=True, least=1), needed=True)},
        ),
    },
    otherwise=HTTP,
)
MEASURE = Record("a measure", _measure, {"request": Key(leaf.JMESPATH), "response": Key(leaf.JMESPATH)})
_FIXED = Leaf(
    "a number, or `{request: …}` or `{response: …}`",
    lambda text: Measure(side="fixed", fixed=number(text)),
    {"type": "number", "minimum": 0},
    plain=True,
)
RECIPIENTS = Record(
    "`recipients`",
    RecipientsRule,
    {
        "at": Key(
            ListOf(leaf.RECIPIENT_PLACE, single=True, least=1), needed=True, about="such as [to, cc, bcc], or {path[1]}"
        )
    },
)
ARGUMENT = Record(
    "an argument",
    _argument,
    {
        "at": Key(leaf.JMESPATH, needed=True),
        "role": Key(leaf.ROLE, needed=True, about="steering: who, where, what; content: the text it carries"),
        "untrusted": Key(leaf.UNTRUSTED),
        "named_by": Key(leaf.NAMED_BY, about="user: it must stand in the user's or operator's own words"),
    },
)
RETURNS = Record(
    "`returns`",
    _returns,
    {
        "tier": Key(leaf.TIER),
        "label": Key(leaf.LABEL),
        "trusted_fields": Key(ListOf(leaf.JMESPATH), about="system-made values inside otherwise untrusted text"),
        "stream": Key(leaf.SWITCH, about="true: an answer of any size passes piece by piece, and nothing in it counts"),
    },
)
OWNED = {
    "owner": Key(leaf.TEXT, about="who answers for it"),
    "review": Key(leaf.DAY, about="the day until which it was reviewed; after it, it is overdue"),
}
"""What integrations have in common: who answers for them."""
TOOL = Record(
    "a tool",
    _tool,
    {
        "match": Key(ListOf(MATCH, single=True, least=1), needed=True, about="any of these is the tool"),
        "effect": Key(leaf.EFFECT, about="without it, write"),
        "base_risk": Key(leaf.UNIT, about="R, 0 to 1; without it, 1"),
        "trust": Key(leaf.TRUST, about="T: internal 0.5, neutral 1.0, external 2.0; without it, 2.0"),
        "scope": Key(leaf.SCOPE_TEMPLATE, about="without it, the tool's own name"),
        "rows": Key(MEASURE),
        "cost": Key(_Cost(), about="money for one call"),
        "recipients": Key(RECIPIENTS, about="whom a call reaches, so that `max_recipients` can count them"),
        "returns": Key(RETURNS),
        "arguments": Key(Named(leaf.NAME, ARGUMENT)),
        "headers": Key(
            ListOf(leaf.TOLD_HEADER, single=True),
            about="those that say whom a call is about: what is found there may be masked, or leave as a stand-in",
        ),
        **OWNED,
    },
    placed=True,
)
