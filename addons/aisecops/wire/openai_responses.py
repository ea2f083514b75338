"""The responses API, the newer of the two ways to talk to OpenAI.

Knows `POST .../responses`: its request, its answer, and its streamed answer. Items are told apart by the ends of their
type names (`..._call`, `..._call_output`), so that the ones to come are read as what they are.
"""

from __future__ import annotations

from aisecops.model.errors import WireError
from aisecops.wire.fields import (
    JsonObject,
    address_or_digest,
    an_object,
    as_json,
    count,
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

_ROLES = {role.value: role for role in (Role.SYSTEM, Role.DEVELOPER, Role.USER, Role.ASSISTANT)}

_LOCAL_TOOLS = frozenset({"local_shell", "shell", "apply_patch", "computer", "computer_use", "computer_use_preview"})
"""Tools without a declaration that the agent itself carries out; all others of that sort the provider runs."""

_MAKING_TOOLS = frozenset({"image_generation", "code_interpreter", "tool_search"})
"""Tools of the provider's that bring in nothing from elsewhere."""
_BROUGHT = ("output", "outputs", "results")
"""Where a call that the provider has made says what came of it."""
_PRINTED = ("stdout", "stderr")
_TEXT_PARTS = frozenset({"input_text", "output_text", "text", "summary_text", "reasoning_text"})


def read_call(body: JsonValue) -> LlmCall:
    """The call in a request body. Raises WireError."""
    root = an_object(body, "")
    segments: list[Segment] = []
    if instructions := maybe_text(root, "instructions", ""):
        segments.append(_text("/instructions", Role.SYSTEM, instructions))
    prompt = maybe_object(root, "prompt", "")
    segments += _variables(maybe_object(prompt, "variables", "/prompt"), "/prompt/variables")
    if isinstance(said := root.get("input"), str):
        segments.append(_text("/input", Role.USER, said))
    else:
        for at, item in objects(root, "input", ""):
            segments += worked_out(_item_segments, item, at)
    continued = _continued(root)
    return LlmCall(
        dialect="openai",
        model=maybe_text(root, "model", ""),
        stream=flag(root, "stream", ""),
        max_output_tokens=maybe_count(root, "max_output_tokens", ""),
        segments=tuple(segments),
        tools=tuple(offer for at, tool in objects(root, "tools", "") for offer in offers_in(tool, at)),
        response_schema=_response_schema(maybe_object(root, "text", "")),
        remembered=(*continued, *([stored] if (stored := maybe_text(prompt, "id", "/prompt")) else [])),
        continues=continued,
        offers_elsewhere=_offers_elsewhere(root),
    )


def _offers_elsewhere(root: JsonObject) -> bool:
    """A stored prompt and a search of tools bring tools of their own; what an earlier response was given may go on."""
    searches = any(tool.get("type") == "tool_search" for _, tool in objects(root, "tools", ""))
    return searches or any(root.get(name) for name in ("prompt", "previous_response_id", "conversation"))


def _continued(root: JsonObject) -> tuple[str, ...]:
    """What the provider keeps of what was said before, by name."""
    conversation = root.get("conversation")
    if isinstance(conversation, dict):
        conversation = text(conversation, "id", "/conversation")
    named = [
        maybe_text(root, "previous_response_id", ""),
        maybe_text({"conversation": conversation}, "conversation", ""),
        *(maybe_text(item, "id", at) for at, item in _items(root) if item.get("type") == "item_reference"),
    ]
    return tuple(name for name in named if name)


def _items(root: JsonObject) -> list[tuple[str, JsonObject]]:
    return [] if isinstance(root.get("input"), str) else objects(root, "input", "")


def _variables(variables: JsonObject, at: str) -> list[Segment]:
    """What is put into a stored prompt: texts, and parts as a message has them."""
    found = []
    for name, value in variables.items():
        place = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
        if isinstance(value, str):
            found.append(_text(place, Role.USER, value))
            continue
        end, kind, said = _part(an_object(value, place), place)
        found.append(Segment(position=f"{place}{end}", role=Role.USER, kind=kind, text=said))
    return found


def _text(position: str, role: Role, said: str) -> Segment:
    return Segment(position=position, role=role, kind=SegmentKind.TEXT, text=said)


def _item_segments(item: JsonObject, at: str) -> list[Segment]:
    kind = maybe_text(item, "type", at) or "message"
    if kind == "message":
        role = _ROLES.get(text(item, "role", at))
        if role is None:
            raise WireError(f"`{at}/role` is no role we know")
        return _content(item, "content", at, role)
    call_id = maybe_text(item, "call_id", at)
    if kind.endswith("_output"):
        return _content(item, "output", at, Role.TOOL, kind=SegmentKind.TOOL_RESULT, call_id=call_id)
    if kind.endswith("_call"):
        end, proposed = read_proposal(item, at)
        asked = proposed.told_again(f"{at}{end}", Role.ASSISTANT)
        return [asked, *(_brought(item, at, name, proposed) for name in _BROUGHT if proposed.hosted and item.get(name))]
    if kind == "mcp_list_tools":  # what a server says of its tools
        return [_brought(item, at, "tools", None)] if item.get("tools") else []
    return [Segment(position=at, role=Role.ASSISTANT, kind=SegmentKind.OTHER, text=as_json(item))]


def _brought(item: JsonObject, at: str, name: str, of: ProposedCall | None) -> Segment:
    """What the provider itself has brought in, which it takes back only as it gave it."""
    said = item[name]
    return Segment(
        position=f"{at}/{name}",
        role=Role.TOOL,
        kind=SegmentKind.TOOL_RESULT,
        text=said if isinstance(said, str) else as_json(said),
        name=of.name if of is not None else "",
        call_id=of.call_id if of is not None else "",
        fixed=True,
    )


def _content(
    item: JsonObject, name: str, at: str, role: Role, *, kind: SegmentKind = SegmentKind.TEXT, call_id: str = ""
) -> list[Segment]:
    content = item.get(name)
    if content is None:
        return []
    if isinstance(content, str):
        return [Segment(position=f"{at}/{name}", role=role, kind=kind, text=content, call_id=call_id)]
    if isinstance(content, dict):  # a screenshot: one object where others have a list
        return [_screenshot(content, f"{at}/{name}", role, call_id)]
    segments = []
    for place, part in objects(item, name, at):
        printed = [one for one in _PRINTED if isinstance(part.get(one), str)]
        if "type" not in part and printed:  # what a shell wrote
            segments += [
                Segment(
                    position=f"{place}/{stream}", role=role, kind=kind, text=text(part, stream, place), call_id=call_id
                )
                for stream in printed
            ]
            continue
        end, part_kind, said = _part(part, place)
        chosen = kind if part_kind is SegmentKind.TEXT else part_kind
        segments.append(Segment(position=f"{place}{end}", role=role, kind=chosen, text=said, call_id=call_id))
    return segments


def _screenshot(content: JsonObject, at: str, role: Role, call_id: str) -> Segment:
    end = next((name for name in ("image_url", "file_id") if maybe_text(content, name, at)), "")
    said = address_or_digest(text(content, end, at)) if end else as_json(content)
    kind = SegmentKind.IMAGE if end else SegmentKind.OTHER
    return Segment(position=f"{at}/{end}" if end else at, role=role, kind=kind, text=said, call_id=call_id)


def _part(part: JsonObject, at: str) -> tuple[str, SegmentKind, str]:  # noqa: PLR0911 - one return for each kind
    """Where inside the part the content is, what it is, and the text that stands for it."""
    kind = maybe_text(part, "type", at)
    if kind in _TEXT_PARTS:
        return "/text", SegmentKind.TEXT, text(part, "text", at)
    if kind == "refusal":
        return "/refusal", SegmentKind.TEXT, text(part, "refusal", at)
    if kind == "input_image":
        end = "image_url" if maybe_text(part, "image_url", at) else "file_id"
        return f"/{end}", SegmentKind.IMAGE, address_or_digest(text(part, end, at))
    if kind == "input_audio":
        audio = maybe_object(part, "input_audio", at)
        return "/input_audio/data", SegmentKind.AUDIO, digest(text(audio, "data", f"{at}/input_audio"))
    if kind == "input_file":
        if address := maybe_text(part, "file_url", at):  # before the data: of both, nobody knows which one is read
            return "/file_url", SegmentKind.FILE, address
        if data := maybe_text(part, "file_data", at):
            return "/file_data", SegmentKind.FILE, digest(data)
        return "/file_id", SegmentKind.FILE, text(part, "file_id", at)
    return "", SegmentKind.OTHER, as_json(part)


def offers_in(tool: JsonObject, at: str) -> list[ToolOffer]:
    """The tools of one entry of `tools`: itself, or those of a namespace."""
    if tool.get("type") == "namespace":
        return [_offer(one, place) for place, one in objects(tool, "tools", at)]
    return [_offer(tool, at)]


def _offer(tool: JsonObject, at: str) -> ToolOffer:
    kind = text(tool, "type", at)
    declared = kind in {"function", "custom"}
    label = "name" if declared else "server_label"
    return ToolOffer(
        name=text(tool, "name", at) if declared else maybe_text(tool, label, at) or _called(kind),
        position=at,
        size_bytes=len(as_json(tool)),
        description=maybe_text(tool, "description", at),
        schema=(maybe_object(tool, "parameters", at) or None) if declared else None,
        hosted=not declared and kind not in _LOCAL_TOOLS,
        makes=kind in _MAKING_TOOLS,
        free_text=kind == "custom",
        address=maybe_text(tool, "server_url", at),
    )


def _called(kind: str) -> str:
    """What a call of a tool of this kind is named after: whatever the tool's version, it is a `computer_call`."""
    return "computer" if kind.startswith("computer") else kind


def _response_schema(settings: JsonObject) -> JsonObject | None:
    declared = maybe_object(settings, "format", "/text")
    return maybe_object(declared, "schema", "/text/format") or None


def read_proposal(item: JsonObject, at: str) -> tuple[str, ProposedCall]:
    """Where inside the item its arguments are, and the call."""
    kind = text(item, "type", at)
    call_id = maybe_text(item, "call_id", at) or maybe_text(item, "id", at)
    if kind == "function_call":
        return "/arguments", ProposedCall(
            name=text(item, "name", at), call_id=call_id, arguments=maybe_text(item, "arguments", at)
        )
    if kind == "custom_tool_call":
        return "/input", ProposedCall(
            name=text(item, "name", at), call_id=call_id, arguments=maybe_text(item, "input", at)
        )
    tool = kind.removesuffix("_call")
    holder = next((name for name in ("action", "operation") if item.get(name) is not None), "")
    return f"/{holder}" if holder else "", ProposedCall(
        name=maybe_text(item, "name", at) or tool,
        call_id=call_id,
        arguments=as_json(item[holder] if holder else item),
        hosted=tool not in _LOCAL_TOOLS,
    )


def read_answer(body: JsonValue) -> LlmAnswer:
    """The answer in a response body. Raises WireError."""
    root = an_object(body, "")
    items = objects(root, "output", "")
    parts = [
        (place, part)
        for at, item in items
        if item.get("type") == "message"
        for place, part in objects(item, "content", at)
    ]
    return LlmAnswer(
        model=maybe_text(root, "model", ""),
        usage=read_usage(maybe_object(root, "usage", "")),
        proposals=tuple(read_proposal(item, at)[1] for at, item in items if is_proposal(item)),
        texts=tuple(_part(part, place)[2] for place, part in parts if part.get("type") != "refusal"),
        refusal_chars=sum(len(maybe_text(part, "refusal", place)) for place, part in parts),
        reasoning_chars=sum(len(as_json(item)) for _, item in items if item.get("type") == "reasoning"),
        finish=maybe_text(root, "status", ""),
        kept_as=tuple(
            name for name in (maybe_text(root, "id", ""), *(maybe_text(item, "id", at) for at, item in items)) if name
        ),
    )


def is_proposal(item: JsonObject) -> bool:
    """True for an item that holds a call."""
    kind = item.get("type")
    return isinstance(kind, str) and kind.endswith("_call")


def read_usage(usage: JsonObject) -> Usage | None:
    """The counts in `usage`; None when there are none."""
    if not usage:
        return None
    details = maybe_object(usage, "input_tokens_details", "/usage")
    return Usage(
        input_tokens=count(usage, "input_tokens", "/usage"),
        output_tokens=count(usage, "output_tokens", "/usage"),
        cache_read_tokens=count(details, "cached_tokens", "/usage/input_tokens_details"),
    )
