"""What a request to an MCP server is: a call of a tool, a read, or the traffic of a session.

Knows MCP's methods and which rule speaks of each. Making a step of it is `classify.py`, judging it `judge.py`.
"""

from __future__ import annotations

from typing import Any

import orjson
from msgspec.structs import replace

from aisecops.controls.policy.match import find_mcp_tool, find_source, mcp_match, meant_elsewhere, tools_of_server
from aisecops.controls.policy.target import normal_path
from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpRequest, values
from aisecops.model.ids import AgentId
from aisecops.model.refusals import Code
from aisecops.model.rules import McpMatch, RuleSet, SourceRule, ToolRule
from aisecops.model.scope import covers
from aisecops.model.value import Value
from aisecops.wire.coding import decode
from aisecops.wire.limits import JsonValue, read_json
from aisecops.wire.mcp import CALL, LIST_TOOLS, Message, MessageId, MessageKind, Sent, called, read_sent

OWN_PORTS = {"https": 443, "http": 80}
READS = frozenset({"resources/read", "resources/subscribe", "resources/unsubscribe", "prompts/get"})
SESSION = frozenset(
    {
        *("initialize", "ping", "tools/list", "resources/list", "resources/templates/list", "prompts/list"),
        *("logging/setLevel", "completion/complete"),
    }
)
"""Requests that need no token: they say what a server has, and change nothing beyond the session."""


class Spoken(Value):
    """What was read of a request to an MCP server, whose rule names it `server`.

    `tool` is the one that is called, as `name` with `arguments`, and `call_id` what its answer goes by; `source` the
    rule that lets a read pass. With neither it is session traffic. `awaited` are the ids that want an answer, `lists`
    those that want a list of tools. `at` names the server itself: host, port where it is none of its own, and the path
    that the rules write. `meant` is what is asked of a call that comes alone, without what only numbers it: a library
    that repeats it gives it another id.
    """

    server: str
    at: str = ""
    lists: tuple[MessageId, ...] = ()
    awaited: tuple[MessageId, ...] = ()
    batched: bool = False
    tool: ToolRule | None = None
    name: str = ""
    arguments: dict[str, JsonValue] = {}
    call_id: MessageId | None = None
    source: SourceRule | None = None
    stream: bool = False
    meant: bytes = b""


def read_spoken(rules: RuleSet, request: HttpRequest, segments: tuple[str, ...], body: bytes) -> Spoken | None:
    """What `request` says to an MCP server; None when its rules do not name one here. Raises WireError for a no."""
    match = mcp_match(rules, method=request.method, host=request.host, port=request.port, path_segments=segments)
    if match is None:
        return None
    at = _server(request, match)
    if request.method == "GET" and "text/event-stream" in ",".join(values(request.headers, "accept")).lower():
        return Spoken(server=match.host, at=at, stream=True)
    if request.method == "DELETE" and values(request.headers, "mcp-session-id"):
        if "*" in match.path:
            # what a DELETE ends is in its path alone, and this path is not known to be the server's
            raise WireError("name the `path` of the server under `mcp` to let sessions be ended", Code.PROTOCOL_DENIED)
        return Spoken(server=match.host, at=at)
    if request.method != "POST":
        return None
    sent = read_sent(read_json(body, max_bytes=len(body)))
    lists = tuple(one.id for one in sent.messages if one.method == LIST_TOOLS and one.id is not None)
    spoken = Spoken(server=match.host, at=at, lists=lists, awaited=sent.awaited, batched=sent.batched)
    calls = [one for one in sent.messages if one.method == CALL]
    reads = [one for one in sent.messages if one.method in READS]
    _only_known(sent)
    if len(calls) + len(reads) > 1:
        # `mcp_parts.py` takes such a batch apart before anything is classified
        raise WireError("each call and each read is a step of its own; send them one by one")
    if calls:
        whole = _call(rules, request, segments, spoken, calls[0])
        return replace(whole, meant=_meant(calls[0])) if len(sent.messages) == 1 else whole
    return _read(rules, request, segments, spoken, reads[0]) if reads else spoken


def _server(request: HttpRequest, match: McpMatch) -> str:
    """The server's name: by what the rules write of its path, so that another way to it is no other server."""
    own = request.port == OWN_PORTS.get(request.scheme)
    path = match.path.partition("*")[0].rstrip("/")
    return f"{request.host}{path}" if own else f"{request.host}:{request.port}{path}"


def _only_known(sent: Sent) -> None:
    for one in sent.messages:
        wants_answer = one.kind is MessageKind.REQUEST
        if one.kind is MessageKind.RESPONSE or (one.method.startswith("notifications/") and not wants_answer):
            continue
        if not wants_answer or one.method not in {CALL, *READS, *SESSION}:
            raise WireError(f"`{one.method[:80]}` is no MCP request that is known here", Code.PROTOCOL_DENIED)


def _call(rules: RuleSet, request: HttpRequest, segments: tuple[str, ...], spoken: Spoken, message: Message) -> Spoken:
    name, arguments = called(message)
    where: dict[str, Any] = {"host": request.host, "port": request.port, "path_segments": segments, "called": name}
    if (other := meant_elsewhere(rules, **where)) is not None:
        raise WireError(
            f"a tool's name may be read as that of `{other.name}`, and is not; send the very name", Code.TOOL_UNDECLARED
        )
    tool = find_mcp_tool(rules, **where)
    if tool is None:
        raise WireError(
            f"no declared tool is `{name[:80]}` at the MCP server `{request.host}`; declare it under `tools`",
            Code.TOOL_UNDECLARED,
        )
    return replace(spoken, tool=tool, name=name, arguments=arguments, call_id=message.id)


def _meant(message: Message) -> bytes:
    meta = message.params.get("_meta")
    kept = {name: value for name, value in meta.items() if name != "progressToken"} if isinstance(meta, dict) else meta
    return orjson.dumps([message.method, {**message.params, "_meta": kept or None}], option=orjson.OPT_SORT_KEYS)


def _read(rules: RuleSet, request: HttpRequest, segments: tuple[str, ...], spoken: Spoken, message: Message) -> Spoken:
    source = find_source(rules, method="GET", host=request.host, port=request.port, path_segments=segments)
    if source is None:
        raise WireError(
            f"`{message.method}` reads from `{request.host}`, which is no declared source; name it under `sources`",
            Code.TOOL_UNDECLARED,
        )
    return replace(spoken, source=source)


def granted_here(rules: RuleSet, agent_id: AgentId, request: HttpRequest) -> bool:
    """True when some grant of the agent is for a tool of the server that `request` goes to."""
    agent = rules.agents.get(agent_id)
    segments, _ = normal_path(request.path)
    tools = tools_of_server(rules, host=request.host, port=request.port, path_segments=segments)
    grants = agent.grants if agent else ()
    # of a family either may be the wider one: `tickets.*` granted `tickets.create`, or the other way round
    return any(
        covers(grant.grant.tool, tool.name) or covers(tool.name, grant.grant.tool) for grant in grants for tool in tools
    )


def awaited_in(rules: RuleSet, request: HttpRequest) -> tuple[tuple[MessageId, ...], bool]:
    """The ids that a refused request to an MCP server waits for, and whether it was a batch; none for any other."""
    try:
        segments, _ = normal_path(request.path)
        match = mcp_match(rules, method="POST", host=request.host, port=request.port, path_segments=segments)
        if request.method != "POST" or match is None:
            return (), False
        body = decode(request.body, request.headers, max_bytes=rules.egress.max_body_bytes)
        sent = read_sent(read_json(body, max_bytes=len(body)))
    except WireError:
        return (), False
    return sent.awaited, sent.batched
