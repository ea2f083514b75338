"""Chat completions, the older of the two ways to talk to OpenAI and the one that many other providers speak too.

Knows `POST .../chat/completions`: its request, its answer, and its streamed answer.
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

_ROLES = {role.value: role for role in Role} | {"function": Role.TOOL}


def read_call(body: JsonValue) -> LlmCall:
    """The call in a request body. Raises WireError."""
    root = an_object(body, "")
    limit = maybe_count(root, "max_completion_tokens", "")
    indexes = _indexes(root)
    return LlmCall(
        dialect="openai",
        model=maybe_text(root, "model", ""),  # many servers have but one
        stream=flag(root, "stream", ""),
        max_output_tokens=limit if limit is not None else maybe_count(root, "max_tokens", ""),
        answers=max(count(root, "n", ""), 1),
        segments=tuple(
            [
                segment
                for at, message in objects(root, "messages", "")
                for segment in worked_out(_message_segments, message, at)
            ]
        )
        + tuple(_content(maybe_object(root, "prediction", ""), "/prediction", Role.ASSISTANT, SegmentKind.OTHER))
        + tuple(_documents(root)),
        tools=tuple(_offer(tool, at) for at, tool in objects(root, "tools", ""))
        + tuple(_function_offer(tool, at) for at, tool in objects(root, "functions", ""))
        + tuple(_search_offer(root)),
        response_schema=_response_schema(maybe_object(root, "response_format", "")),
        remembered=indexes,
        unseen=indexes,
    )


def _indexes(root: JsonObject) -> tuple[str, ...]:
    """The indexes (Azure's) that the provider itself searches for what it puts before the model."""
    named = [source for name in ("data_sources", "dataSources") for source in objects(root, name, "")]
    return tuple(maybe_text(source, "type", at) or "an index" for at, source in named)


def _message_segments(message: JsonObject, at: str) -> list[Segment]:
    role = _ROLES.get(text(message, "role", at))
    if role is None:
        raise WireError(f"`{at}/role` is no role we know")
    kind = SegmentKind.TOOL_RESULT if role is Role.TOOL else SegmentKind.TEXT
    said = _content(
        message, at, role, kind, name=maybe_text(message, "name", at), call_id=maybe_text(message, "tool_call_id", at)
    )
    if refusal := maybe_text(message, "refusal", at):
        said.append(Segment(position=f"{at}/refusal", role=role, kind=SegmentKind.TEXT, text=refusal))
    said += [_earlier_call(call, place, role) for place, call in objects(message, "tool_calls", at)]
    if function := maybe_object(message, "function_call", at):
        said.append(_earlier_call({"function": function}, at, role, holder="function_call"))
    return said


def _earlier_call(call: JsonObject, at: str, role: Role, *, holder: str = "function") -> Segment:
    end = "custom/input" if "custom" in call else f"{holder}/arguments"
    return read_proposal(call, at).told_again(f"{at}/{end}", role)


def _content(
    holder: JsonObject, at: str, role: Role, kind: SegmentKind, *, name: str = "", call_id: str = ""
) -> list[Segment]:
    """The segments of `content`: a string, or a list of typed parts."""
    content = holder.get("content")
    if content is None:
        return []
    if isinstance(content, str):
        return [
            Segment(position=f"{at}/content", role=role, kind=kind, text=content, name=name, call_id=call_id),
        ]
    segments = []
    for place, part in objects(holder, "content", at):
        end, part_kind, said = _part(part, place)
        # what a tool answered is that, also where there is no word for it, and then it stays as it came
        unknown = kind is SegmentKind.TOOL_RESULT and part_kind is SegmentKind.OTHER
        chosen = kind if part_kind is SegmentKind.TEXT or unknown else part_kind
        segments.append(
            Segment(
                position=f"{place}{end}", role=role, kind=chosen, text=said, name=name, call_id=call_id, fixed=unknown
            )
        )
    return segments


def _documents(root: JsonObject) -> list[Segment]:
    """What was found for the prompt, where servers of open models have a place for it; by whom, nobody says."""
    found: list[Segment] = []
    listed = root.get("documents")
    if listed is not None and not isinstance(listed, list):
        raise WireError("`/documents` must be a list")
    for number, document in enumerate(listed or []):
        at = f"/documents/{number}"
        if isinstance(document, str):
            found.append(Segment(position=at, role=Role.TOOL, kind=SegmentKind.TOOL_RESULT, text=document))
            continue
        for name, said in an_object(document, at).items():
            place = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
            if isinstance(said, str):
                found.append(Segment(position=place, role=Role.TOOL, kind=SegmentKind.TOOL_RESULT, text=said))
            elif said is not None:
                told = as_json(said)
                found.append(
                    Segment(position=place, role=Role.TOOL, kind=SegmentKind.TOOL_RESULT, text=told, fixed=True)
                )
    return found


def _part(part: JsonObject, at: str) -> tuple[str, SegmentKind, str]:  # noqa: PLR0911 - one return for each kind
    """Where inside the part the content is, what it is, and the text that stands for it."""
    match text(part, "type", at):
        case "text":
            return "/text", SegmentKind.TEXT, text(part, "text", at)
        case "refusal":
            return "/refusal", SegmentKind.TEXT, text(part, "refusal", at)
        case "image_url":
            image = maybe_object(part, "image_url", at)
            return "/image_url/url", SegmentKind.IMAGE, address_or_digest(text(image, "url", f"{at}/image_url"))
        case "input_audio":
            audio = maybe_object(part, "input_audio", at)
            return "/input_audio/data", SegmentKind.AUDIO, digest(text(audio, "data", f"{at}/input_audio"))
        case "file":
            file, place = maybe_object(part, "file", at), f"{at}/file"
            if data := maybe_text(file, "file_data", place):
                return "/file/file_data", SegmentKind.FILE, digest(data)
            return "/file/file_id", SegmentKind.FILE, text(file, "file_id", place)
    return "", SegmentKind.OTHER, as_json(part)


def _offer(tool: JsonObject, at: str) -> ToolOffer:
    match text(tool, "type", at):
        case "function":
            return _function_offer(maybe_object(tool, "function", at), f"{at}/function")
        case "custom":
            custom = maybe_object(tool, "custom", at)
            return ToolOffer(
                name=text(custom, "name", f"{at}/custom"),
                position=f"{at}/custom",
                size_bytes=len(as_json(custom)),
                description=maybe_text(custom, "description", f"{at}/custom"),
                free_text=True,
            )
        case kind:
            return ToolOffer(name=kind, position=at, size_bytes=len(as_json(tool)), hosted=True)


def _function_offer(function: JsonObject, at: str) -> ToolOffer:
    return ToolOffer(
        name=text(function, "name", at),
        position=at,
        size_bytes=len(as_json(function)),
        description=maybe_text(function, "description", at),
        schema=maybe_object(function, "parameters", at) or None,
    )


def _search_offer(root: JsonObject) -> list[ToolOffer]:
    """The provider's own web search is switched on by an option and not by a tool."""
    if root.get("web_search_options") is None:
        return []
    return [ToolOffer(name="web_search", position="/web_search_options", size_bytes=0, hosted=True)]


def _response_schema(response_format: JsonObject) -> JsonObject | None:
    declared = maybe_object(response_format, "json_schema", "/response_format")
    return maybe_object(declared, "schema", "/response_format/json_schema") or None


def read_answer(body: JsonValue) -> LlmAnswer:
    """The answer in a response body. Raises WireError."""
    root = an_object(body, "")
    choices = [(at, choice, maybe_object(choice, "message", at)) for at, choice in objects(root, "choices", "")]
    proposals: list[ProposedCall] = []
    for at, _, message in choices:
        proposals += [read_proposal(call, place) for place, call in objects(message, "tool_calls", f"{at}/message")]
        if function := maybe_object(message, "function_call", f"{at}/message"):
            proposals.append(read_proposal({"function": function}, f"{at}/message"))
    return LlmAnswer(
        model=maybe_text(root, "model", ""),
        usage=read_usage(maybe_object(root, "usage", "")),
        proposals=tuple(proposals),
        texts=tuple(
            maybe_text(message, "content", f"{at}/message") + maybe_text(choice, "text", at)
            for at, choice, message in choices
        ),
        reasoning_chars=sum(len(reasoning_in(message, f"{at}/message")) for at, _, message in choices),
        refusal_chars=sum(len(maybe_text(message, "refusal", f"{at}/message")) for at, _, message in choices),
        finish=next((maybe_text(choice, "finish_reason", at) for at, choice, _ in choices), ""),
    )


def reasoning_in(message: JsonObject, at: str) -> str:
    """What a message, or a piece of one, shows of its reasoning."""
    return maybe_text(message, "reasoning_content", at)  # not OpenAI's own, but of many who speak its dialect


def is_custom(call: JsonObject, at: str) -> bool:
    """True for a call with free text. Raises WireError for one that is told in both ways: clients take either."""
    if call.get("custom") is not None and call.get("function") is not None:
        raise WireError(f"`{at}` is a function and a custom call at once")
    return call.get("custom") is not None


def read_proposal(call: JsonObject, at: str) -> ProposedCall:
    """A whole call: `function` with arguments, or `custom` with free text."""
    call_id = maybe_text(call, "id", at)
    if is_custom(call, at):
        custom, place = maybe_object(call, "custom", at), f"{at}/custom"
        return ProposedCall(name=text(custom, "name", place), call_id=call_id, arguments=text(custom, "input", place))
    function, place = maybe_object(call, "function", at), f"{at}/function"
    return ProposedCall(
        name=text(function, "name", place), call_id=call_id, arguments=maybe_text(function, "arguments", place)
    )


def read_usage(usage: JsonObject) -> Usage | None:
    """The counts in `usage`; None when there are none."""
    if not usage:
        return None
    details = maybe_object(usage, "prompt_tokens_details", "/usage")
    return Usage(
        input_tokens=count(usage, "prompt_tokens", "/usage"),
        output_tokens=count(usage, "completion_tokens", "/usage"),
        cache_read_tokens=count(details, "cached_tokens", "/usage/prompt_tokens_details"),
    )
