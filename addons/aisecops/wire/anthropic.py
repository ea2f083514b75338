"""Anthropic's messages.

Knows `POST .../v1/messages` and `.../count_tokens`: request, answer, and streamed answer.
"""

from __future__ import annotations

from aisecops.model.errors import WireError
from aisecops.wire.fields import (
    JsonObject,
    an_object,
    as_json,
    digest,
    flag,
    maybe_count,
    maybe_object,
    maybe_text,
    objects,
    text,
)
from aisecops.wire.limits import JsonValue
from aisecops.wire.llm import LlmAnswer, LlmCall, ProposedCall, Role, Segment, SegmentKind, ToolOffer, Usage
from aisecops.wire.resent import worked_out

_ROLES = {role.value: role for role in (Role.SYSTEM, Role.USER, Role.ASSISTANT)}

_LOCAL_TOOLS = ("bash_", "text_editor_", "computer_", "memory_")
"""Tools with a type of Anthropic's that the agent itself carries out; all others of that sort the provider runs."""

_MAKING_TOOLS = ("code_execution_", "tool_search_")
"""Those among them that bring in nothing from elsewhere."""

_MEDIA = {"image": SegmentKind.IMAGE, "document": SegmentKind.FILE, "audio": SegmentKind.AUDIO}


def call_at(path: str, body: JsonValue) -> LlmCall | None:
    """The call that a POST of `body` to `path` makes; None when it makes none. Raises WireError."""
    if path.endswith("/messages"):
        return read_call(body)
    if path.endswith("/messages/count_tokens"):
        return read_call(body, charged=False)
    return None


def read_call(body: JsonValue, *, charged: bool = True) -> LlmCall:
    """The call in a request body. Raises WireError."""
    root = an_object(body, "")
    segments = _content(root, "system", "", Role.SYSTEM)
    for at, message in objects(root, "messages", ""):
        segments += worked_out(_message, message, at)
    return LlmCall(
        dialect="anthropic",
        model=text(root, "model", ""),
        stream=flag(root, "stream", ""),
        max_output_tokens=maybe_count(root, "max_tokens", "") if charged else 0,
        segments=tuple(segments),
        tools=tuple(_offer(tool, at) for at, tool in objects(root, "tools", ""))
        + tuple(_server_offer(server, at) for at, server in objects(root, "mcp_servers", "")),
        response_schema=_response_schema(root),
        remembered=_remembered(root),
        charged=charged,
    )


def _message(message: JsonObject, at: str) -> list[Segment]:
    role = _ROLES.get(text(message, "role", at))
    if role is None:
        raise WireError(f"`{at}/role` is no role we know")
    return _content(message, "content", at, role)


def _remembered(root: JsonObject) -> tuple[str, ...]:
    container = root.get("container")
    if isinstance(container, dict):
        container = container.get("id")
    name = maybe_text({"container": container}, "container", "")
    return (name,) if name else ()


def _response_schema(root: JsonObject) -> JsonObject | None:
    settings = maybe_object(root, "output_config", "")
    declared = maybe_object(settings, "format", "/output_config") or maybe_object(root, "output_format", "")
    return maybe_object(declared, "schema", "/output_config/format") or None


def _content(
    holder: JsonObject, name: str, at: str, role: Role, *, kind: SegmentKind = SegmentKind.TEXT, call_id: str = ""
) -> list[Segment]:
    """The segments of `name`: a string, or a list of blocks."""
    content = holder.get(name)
    if isinstance(content, str):
        return [Segment(position=f"{at}/{name}", role=role, kind=kind, text=content, call_id=call_id)]
    return [
        segment
        for place, block in objects(holder, name, at)
        for segment in _block(block, place, role, kind=kind, call_id=call_id)
    ]


def _block(block: JsonObject, at: str, role: Role, *, kind: SegmentKind, call_id: str) -> list[Segment]:  # noqa: PLR0911 - one return for each kind
    def one(end: str, what: SegmentKind, said: str, *, name: str = "", link: str = call_id) -> Segment:
        return Segment(position=f"{at}{end}", role=role, kind=what, text=said, name=name, call_id=link)

    match declared := text(block, "type", at):
        case "text":
            return [one("/text", kind, text(block, "text", at))]
        case "image" | "document" | "audio":
            return _media(block, at, role, _MEDIA[declared], words=kind, call_id=call_id)
        case "search_result":  # found by somebody, whoever passes it on
            found, what = Role.TOOL, SegmentKind.TOOL_RESULT
            title, source = text(block, "title", at), maybe_text(block, "source", at)
            return [
                Segment(position=f"{at}/title", role=found, kind=what, text=title, name=source, call_id=call_id),
                *_content(block, "content", at, found, kind=what, call_id=call_id),
            ]
        case "thinking":
            return [one("/thinking", SegmentKind.OTHER, maybe_text(block, "thinking", at))]
        case "tool_result" | "mcp_tool_result":
            link = maybe_text(block, "tool_use_id", at)
            return _content(block, "content", at, Role.TOOL, kind=SegmentKind.TOOL_RESULT, call_id=link)
        case _ if declared.endswith("tool_use"):
            call = read_proposal(block, at)
            return [one("/input", SegmentKind.TOOL_CALL, call.arguments, name=call.name, link=call.call_id)]
        case _ if declared.endswith("tool_result"):
            link = maybe_text(block, "tool_use_id", at)
            said = as_json(block.get("content"))
            return [
                Segment(
                    position=f"{at}/content",
                    role=Role.TOOL,
                    kind=SegmentKind.TOOL_RESULT,
                    text=said,
                    call_id=link,
                    fixed=True,
                )
            ]
    return [one("", SegmentKind.OTHER, as_json(block))]


def _media(
    block: JsonObject, at: str, role: Role, kind: SegmentKind, *, words: SegmentKind, call_id: str
) -> list[Segment]:
    """An image, a document, a sound: what stands for its source, and the words beside it.

    A document whose text stands there itself is read as what the words around it are.
    """
    source, place = maybe_object(block, "source", at), f"{at}/source"
    name = maybe_text(block, "title", at)
    beside = [
        Segment(position=f"{at}/{field}", role=role, kind=words, text=said, call_id=call_id)
        for field in ("title", "context")
        if (said := maybe_text(block, field, at))
    ]
    match text(source, "type", place):
        case "base64":
            end, said = "/data", digest(text(source, "data", place))
        case "text":
            end, said, kind = "/data", text(source, "data", place), words
        case "url":
            end, said = "/url", text(source, "url", place)
        case "file":
            end, said = "/file_id", text(source, "file_id", place)
        case "content":
            return beside + _content(source, "content", place, role, kind=words, call_id=call_id)
        case _:
            end, said = "", as_json(source)
    return [
        *beside,
        Segment(position=f"{place}{end}", role=role, kind=kind, text=said, name=name, call_id=call_id),
    ]


def _offer(tool: JsonObject, at: str) -> ToolOffer:
    kind = maybe_text(tool, "type", at) or "custom"
    return ToolOffer(
        name=maybe_text(tool, "name", at) or maybe_text(tool, "mcp_server_name", at) or kind,
        position=at,
        size_bytes=len(as_json(tool)),
        description=maybe_text(tool, "description", at),
        schema=maybe_object(tool, "input_schema", at) or None,
        hosted=kind != "custom" and not kind.startswith(_LOCAL_TOOLS),
        makes=kind.startswith(_MAKING_TOOLS),
    )


def _server_offer(server: JsonObject, at: str) -> ToolOffer:
    """An MCP server that the provider calls: its tools are run without us."""
    return ToolOffer(
        name=text(server, "name", at),
        position=at,
        size_bytes=len(as_json(server)),
        hosted=True,
        address=maybe_text(server, "url", at),
    )


def read_proposal(block: JsonObject, at: str) -> ProposedCall:
    """The call in a `tool_use` block, the agent's own to make or not."""
    return ProposedCall(
        name=text(block, "name", at),
        call_id=maybe_text(block, "id", at),
        arguments=as_json(maybe_object(block, "input", at)),
        hosted=block.get("type") != "tool_use",
    )


def is_proposal(block: JsonObject) -> bool:
    """True for a block that holds a call."""
    kind = block.get("type")
    return isinstance(kind, str) and kind.endswith("tool_use")


def read_answer(body: JsonValue) -> LlmAnswer:
    """The answer in a response body, or what was counted. Raises WireError."""
    root = an_object(body, "")
    blocks = objects(root, "content", "")
    return LlmAnswer(
        model=maybe_text(root, "model", ""),
        usage=read_usage(maybe_object(root, "usage", ""), None),
        proposals=tuple(read_proposal(block, at) for at, block in blocks if is_proposal(block)),
        texts=tuple(text(block, "text", at) for at, block in blocks if block.get("type") == "text"),
        reasoning_chars=sum(len(maybe_text(block, "thinking", at)) for at, block in blocks),
        finish=maybe_text(root, "stop_reason", ""),
    )


def read_usage(usage: JsonObject, before: Usage | None) -> Usage | None:
    """The counts as they stand: what a later event repeats replaces what `before` said."""
    if not usage:
        return before
    old = before or Usage(input_tokens=0, output_tokens=0)

    def newest(name: str, known: int) -> int:
        value = maybe_count(usage, name, "/usage")
        return known if value is None else value

    read = newest("cache_read_input_tokens", old.cache_read_tokens)
    written = newest("cache_creation_input_tokens", old.cache_write_tokens)
    fresh = newest("input_tokens", old.input_tokens - old.cache_read_tokens - old.cache_write_tokens)
    return Usage(
        input_tokens=fresh + read + written,
        output_tokens=newest("output_tokens", old.output_tokens),
        cache_read_tokens=read,
        cache_write_tokens=written,
    )
