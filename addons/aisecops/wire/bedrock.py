"""Bedrock's Converse, the one form in which AWS takes calls to the models of all makers.

Knows `POST /model/NAME/converse`, `/converse-stream` and `/count-tokens`: request and answer. What a model's maker
calls its own (`/invoke`) is read in `anthropic_clouds.py`, or not at all.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from aisecops.model.errors import WireError
from aisecops.wire.fields import (
    JsonObject,
    an_object,
    as_json,
    count,
    digest,
    maybe_count,
    maybe_object,
    maybe_text,
    objects,
    text,
)
from aisecops.wire.limits import JsonValue, read_json
from aisecops.wire.llm import LlmAnswer, LlmCall, ProposedCall, Role, Segment, SegmentKind, ToolOffer, Usage

_PATH = re.compile(r"/model/([^/]+)/(converse|converse-stream|count-tokens)\Z")
_ROLES = {role.value: role for role in (Role.USER, Role.ASSISTANT)}
_MEDIA = {
    "image": SegmentKind.IMAGE,
    "video": SegmentKind.FILE,
    "audio": SegmentKind.AUDIO,
    "document": SegmentKind.FILE,
}
_THOUGHT = "reasoningContent"
_OWN_FIELDS = "additionalModelRequestFields"


def read_call(path: str, body: JsonValue) -> LlmCall | None:
    """The call that a POST of `body` to `path` makes; None when it makes none. Raises WireError."""
    named = _PATH.search(path)
    if named is None:
        return None
    root, at = an_object(body, ""), ""
    counts = named[2] == "count-tokens"
    if counts:
        root, at = an_object(maybe_object(root, "input", "").get("converse"), "/input/converse"), "/input/converse"
    settings = maybe_object(root, "toolConfig", at)
    return LlmCall(
        dialect="bedrock",
        model=unquote(named[1]),
        stream=named[2] == "converse-stream",
        max_output_tokens=maybe_count(maybe_object(root, "inferenceConfig", at), "maxTokens", f"{at}/inferenceConfig"),
        segments=tuple(_segments(root, at)),
        tools=tuple(
            offer for place, tool in objects(settings, "tools", f"{at}/toolConfig") for offer in _offers(tool, place)
        ),
        response_schema=_response_schema(root, at),
        offers_elsewhere="tools" in maybe_object(root, _OWN_FIELDS, at),
        charged=not counts,
    )


def _segments(root: JsonObject, at: str) -> list[Segment]:
    segments = [one for place, block in objects(root, "system", at) for one in _block(block, place, Role.SYSTEM)]
    for place, message in objects(root, "messages", at):
        role = _ROLES.get(text(message, "role", place))
        if role is None:
            raise WireError(f"`{place}/role` is no role we know")
        segments += [one for where, block in objects(message, "content", place) for one in _block(block, where, role)]
    for name, value in maybe_object(root, "promptVariables", at).items():
        place = f"{at}/promptVariables/{name.replace('~', '~0').replace('/', '~1')}"
        said = text(an_object(value, place), "text", place)
        segments.append(Segment(position=f"{place}/text", role=Role.USER, kind=SegmentKind.TEXT, text=said))
    if own := maybe_object(root, _OWN_FIELDS, at):
        # they go to the model's maker as they are: a system prompt may be among them
        segments.append(
            Segment(position=f"{at}/{_OWN_FIELDS}", role=Role.DEVELOPER, kind=SegmentKind.TEXT, text=as_json(own))
        )
    return segments


def _block(
    block: JsonObject, at: str, role: Role, *, kind: SegmentKind = SegmentKind.TEXT, call_id: str = ""
) -> list[Segment]:
    """The segments of one block. Only one kind of content may stand in it; whatever does is read."""
    found: list[Segment] = []
    for name, value in block.items():
        place = f"{at}/{name}"
        if name == "text" and isinstance(value, str):
            found.append(Segment(position=place, role=role, kind=kind, text=value, call_id=call_id))
        elif name == "json":
            found.append(Segment(position=place, role=role, kind=kind, text=as_json(value), call_id=call_id))
        elif name in _MEDIA:
            found += _media(an_object(value, place), place, role, _MEDIA[name], kind=kind, call_id=call_id)
        elif name == "toolUse":
            found.append(_earlier_call(an_object(value, place), place, role))
        elif name == "toolResult":
            answer = an_object(value, place)
            link = maybe_text(answer, "toolUseId", place)
            found += _blocks(answer, place, Role.TOOL, kind=SegmentKind.TOOL_RESULT, call_id=link)
        elif name == "guardContent":
            found += _guarded(an_object(value, place), place, role, kind=kind, call_id=call_id)
        elif name in {"searchResult", "citationsContent"}:
            # what was found is a tool's, whoever passes it on
            whose, what = (Role.TOOL, SegmentKind.TOOL_RESULT) if name == "searchResult" else (role, kind)
            found += _blocks(an_object(value, place), place, whose, kind=what, call_id=call_id)
        elif name != "cachePoint":
            found.append(Segment(position=place, role=role, kind=SegmentKind.OTHER, text=as_json(value)))
    return found


def _blocks(holder: JsonObject, at: str, role: Role, *, kind: SegmentKind, call_id: str) -> list[Segment]:
    return [
        one
        for place, block in objects(holder, "content", at)
        for one in _block(block, place, role, kind=kind, call_id=call_id)
    ]


def _guarded(content: JsonObject, at: str, role: Role, *, kind: SegmentKind, call_id: str) -> list[Segment]:
    """Content that a guardrail looks at: text one deeper, or an image."""
    inner = maybe_object(content, "text", at)
    beside = {name: value for name, value in content.items() if name != "text"}
    said = _block({"text": inner.get("text")}, f"{at}/text", role, kind=kind, call_id=call_id) if inner else []
    return said + _block(beside, at, role, kind=kind, call_id=call_id)


def _earlier_call(call: JsonObject, at: str, role: Role) -> Segment:
    return read_proposal(call, at).told_again(f"{at}/input", role)


def _media(
    media: JsonObject, at: str, role: Role, what: SegmentKind, *, kind: SegmentKind, call_id: str
) -> list[Segment]:
    """An image, a document, a sound: what stands for its source. A text that stands there itself is read as one."""
    source, place = maybe_object(media, "source", at), f"{at}/source"
    name = maybe_text(media, "name", at)
    if said := maybe_text(media, "context", at):
        beside = [Segment(position=f"{at}/context", role=role, kind=kind, text=said, call_id=call_id)]
    else:
        beside = []
    if "text" in source:
        one = Segment(position=f"{place}/text", role=role, kind=kind, text=text(source, "text", place), name=name)
        return [*beside, one]
    if "content" in source:
        return beside + _blocks(source, place, role, kind=kind, call_id=call_id)
    if "bytes" in source:
        end, said = "/bytes", digest(text(source, "bytes", place))
    else:
        location = maybe_object(source, "s3Location", place)
        end, said = ("/s3Location/uri", text(location, "uri", place)) if location else ("", as_json(source))
    return [*beside, Segment(position=f"{place}{end}", role=role, kind=what, text=said, name=name, call_id=call_id)]


def _offers(tool: JsonObject, at: str) -> list[ToolOffer]:
    offers = []
    for name, value in tool.items():
        if name == "cachePoint":
            continue
        place = f"{at}/{name}"
        told = an_object(value, place)
        offers.append(
            ToolOffer(
                name=text(told, "name", place),
                position=place,
                size_bytes=len(as_json(told)),
                description=maybe_text(told, "description", place),
                schema=maybe_object(maybe_object(told, "inputSchema", place), "json", f"{place}/inputSchema") or None,
                hosted=name != "toolSpec",
            )
        )
    return offers


def _response_schema(root: JsonObject, at: str) -> JsonObject | None:
    """The schema of the answer, which is written as a text."""
    form = maybe_object(maybe_object(root, "outputConfig", at), "textFormat", f"{at}/outputConfig")
    place = f"{at}/outputConfig/textFormat/structure/jsonSchema"
    declared = maybe_object(maybe_object(form, "structure", place), "jsonSchema", place)
    said = maybe_text(declared, "schema", place).encode()
    return an_object(read_json(said, max_bytes=len(said)), f"{place}/schema") if said else None


def read_proposal(call: JsonObject, at: str) -> ProposedCall:
    """The call in a `toolUse`; one that says its type is the provider's own to make."""
    return ProposedCall(
        name=text(call, "name", at),
        call_id=maybe_text(call, "toolUseId", at),
        arguments=as_json(call.get("input") or {}),
        hosted=bool(maybe_text(call, "type", at)),
    )


def read_answer(body: JsonValue) -> LlmAnswer:
    """The answer in a response body, or what was counted. Raises WireError."""
    root = an_object(body, "")
    message = maybe_object(maybe_object(root, "output", ""), "message", "/output")
    blocks = objects(message, "content", "/output/message")
    uses = [(f"{at}/toolUse", maybe_object(block, "toolUse", at)) for at, block in blocks]
    return LlmAnswer(
        model="",
        usage=read_usage(maybe_object(root, "usage", "")),
        proposals=tuple(read_proposal(call, at) for at, call in uses if call),
        texts=tuple(said for at, block in blocks if (said := maybe_text(block, "text", at))),
        reasoning_chars=sum(len(as_json(block[_THOUGHT])) for _, block in blocks if _THOUGHT in block),
        finish=maybe_text(root, "stopReason", ""),
    )


def read_usage(usage: JsonObject) -> Usage | None:
    """The counts; None when there are none. What a cache held stands beside the input and not in it."""
    if not usage:
        return None
    read, written = (count(usage, f"cache{word}InputTokens", "/usage") for word in ("Read", "Write"))
    return Usage(
        input_tokens=count(usage, "inputTokens", "/usage") + read + written,
        output_tokens=count(usage, "outputTokens", "/usage"),
        cache_read_tokens=read,
        cache_write_tokens=written,
    )
