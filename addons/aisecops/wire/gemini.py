"""Gemini's dialect, at Google's AI Studio and on Vertex.

Knows `POST .../models/NAME:generateContent`, `:streamGenerateContent` and `:countTokens`: request and answer. Google
reads every name in two spellings (`systemInstruction`, `system_instruction`) and takes one object for a list of one;
so is it read here.
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
    flag,
    maybe_count,
    maybe_object,
    maybe_text,
    objects,
    text,
)
from aisecops.wire.gemini_schema import json_schema
from aisecops.wire.limits import JsonValue
from aisecops.wire.llm import LlmAnswer, LlmCall, ProposedCall, Role, Segment, SegmentKind, ToolOffer, Usage

_METHOD = re.compile(r"/([^/:]+):(generateContent|streamGenerateContent|countTokens)\Z")
_CAPITAL = re.compile(r"[A-Z]")
_ROLES = {"": Role.USER, "user": Role.USER, "model": Role.ASSISTANT, "function": Role.TOOL, "tool": Role.TOOL}
_MEDIA = {"image": SegmentKind.IMAGE, "audio": SegmentKind.AUDIO}
_LOCAL_TOOLS = frozenset({"computerUse", "computer_use"})
"""Tools without declarations that the agent itself carries out; all others of that sort the provider runs."""
_MAKING_TOOLS = frozenset({"codeExecution", "code_execution"})
"""Those among them that bring in nothing from elsewhere."""


def read_call(path: str, body: JsonValue) -> LlmCall | None:
    """The call that a POST of `body` to `path` makes; None when it makes none. Raises WireError."""
    named = _METHOD.search(path)
    if named is None:
        return None
    model, method = unquote(named[1]), named[2]
    root, at = an_object(body, ""), ""
    if method == "countTokens" and (whole := spelled(root, "generateContentRequest", "")) in root:
        root, at = maybe_object(root, whole, ""), f"/{whole}"
    settings, place = _object(root, "generationConfig", at)
    declared = _object(settings, "responseJsonSchema", place)[0] or _object(settings, "responseSchema", place)[0]
    name = maybe_text(root, spelled(root, "cachedContent", at), at)
    cached = (name,) if name else ()
    return LlmCall(
        dialect="gemini",
        model=model,
        stream=method == "streamGenerateContent",
        max_output_tokens=maybe_count(settings, spelled(settings, "maxOutputTokens", place), place),
        answers=max(count(settings, spelled(settings, "candidateCount", place), place), 1),
        segments=tuple(_segments(root, at)),
        tools=tuple(offer for where, tool in listed(root, "tools", at) for offer in _offers(tool, where)),
        response_schema=json_schema(declared) or None,
        offers_elsewhere=_offers_elsewhere(root, at),
        remembered=cached,
        unseen=cached,
        charged=method != "countTokens",
    )


def _offers_elsewhere(root: JsonObject, at: str) -> bool:
    """What is cached may hold tools, and the use of a computer has calls that nobody declares."""
    uses = any(spelled(tool, "computerUse", place) in tool for place, tool in listed(root, "tools", at))
    return uses or spelled(root, "cachedContent", at) in root


def spelled(holder: JsonObject, name: str, at: str) -> str:
    """The spelling that `name` has in the object at `at`; its own when it is not there. Raises WireError for both."""
    other = _CAPITAL.sub(lambda capital: f"_{capital[0].lower()}", name)
    if other == name or other not in holder:
        return name
    if name in holder:
        raise WireError(f"`{at}/{name}` stands twice, in two spellings")
    return other


def listed(holder: JsonObject, name: str, at: str) -> list[tuple[str, JsonObject]]:
    """The objects in the list `name`, or the one that stands in its place, each with its JSON pointer."""
    key = spelled(holder, name, at)
    value = holder.get(key)
    return [(f"{at}/{key}", value)] if isinstance(value, dict) else objects(holder, key, at)


def _object(holder: JsonObject, name: str, at: str) -> tuple[JsonObject, str]:
    key = spelled(holder, name, at)
    return maybe_object(holder, key, at), f"{at}/{key}"


def _segments(root: JsonObject, at: str) -> list[Segment]:
    system, place = _object(root, "systemInstruction", at)
    segments = [one for where, part in listed(system, "parts", place) for one in _part(part, where, Role.SYSTEM)]
    for where, content in listed(root, "contents", at):
        role = _ROLES.get(maybe_text(content, "role", where))
        if role is None:
            raise WireError(f"`{where}/role` is no role we know")
        segments += [one for spot, part in listed(content, "parts", where) for one in _part(part, spot, role)]
    return segments


def _part(part: JsonObject, at: str, role: Role) -> list[Segment]:
    """The segments of one part. Only one kind of content may stand in it; whatever does is read."""
    found: list[Segment] = []
    if said := maybe_text(part, "text", at):
        kind = SegmentKind.OTHER if flag(part, "thought", at) else SegmentKind.TEXT
        found.append(Segment(position=f"{at}/text", role=role, kind=kind, text=said))
    found += _media(part, at, role)
    call, place = _object(part, "functionCall", at)
    if call:
        found.append(read_proposal(call, place).told_again(f"{place}/args", role))
    found += _result(*_object(part, "functionResponse", at))
    return found or ([Segment(position=at, role=role, kind=SegmentKind.OTHER, text=as_json(part))] if part else [])


def _result(answer: JsonObject, at: str) -> list[Segment]:
    """What a tool of the agent's answered: an object as a whole, and media beside it."""
    if not answer:
        return []
    link, name = maybe_text(answer, "id", at), maybe_text(answer, "name", at)
    said = Segment(
        position=f"{at}/response",
        role=Role.TOOL,
        kind=SegmentKind.TOOL_RESULT,
        text=as_json(maybe_object(answer, "response", at)),
        name=name,
        call_id=link,
    )
    return [said, *(one for place, part in listed(answer, "parts", at) for one in _media(part, place, Role.TOOL))]


def _media(part: JsonObject, at: str, role: Role) -> list[Segment]:
    found = []
    for holder, end in (("inlineData", "data"), ("fileData", "fileUri")):
        media, place = _object(part, holder, at)
        if not media:
            continue
        key = spelled(media, end, place)
        said = text(media, key, place)
        kind = maybe_text(media, spelled(media, "mimeType", place), place).partition("/")[0].lower()
        found.append(
            Segment(
                position=f"{place}/{key}",
                role=role,
                kind=_MEDIA.get(kind, SegmentKind.FILE),
                text=digest(said) if end == "data" else said,
                name=maybe_text(media, spelled(media, "displayName", place), place),
            )
        )
    return found


def _offers(tool: JsonObject, at: str) -> list[ToolOffer]:
    declared = spelled(tool, "functionDeclarations", at)
    offers = []
    for place, function in listed(tool, "functionDeclarations", at):
        schema = _object(function, "parametersJsonSchema", place)[0] or maybe_object(function, "parameters", place)
        offers.append(
            ToolOffer(
                name=text(function, "name", place),
                position=place,
                size_bytes=len(as_json(function)),
                description=maybe_text(function, "description", place),
                schema=json_schema(schema) or None,
            )
        )
    return offers + [
        ToolOffer(
            name=name,
            position=f"{at}/{name}",
            size_bytes=len(as_json(held)),
            hosted=name not in _LOCAL_TOOLS,
            makes=name in _MAKING_TOOLS,
        )
        for name, held in tool.items()
        if name != declared and held is not None
    ]


def read_proposal(call: JsonObject, at: str) -> ProposedCall:
    """A whole call. Raises WireError for one that comes in pieces, which only their end would show."""
    if spelled(call, "partialArgs", at) in call or flag(call, spelled(call, "willContinue", at), at):
        raise WireError("a proposed call comes in pieces; leave `streamFunctionCallArguments` out of the request")
    return ProposedCall(
        name=text(call, "name", at),
        call_id=maybe_text(call, "id", at),
        arguments=as_json(maybe_object(call, "args", at)),
    )


def calls_in(parts: list[tuple[str, JsonObject]]) -> list[ProposedCall]:
    """The calls in the parts of an answer, in their order."""
    found = [_object(part, "functionCall", at) for at, part in parts]
    return [read_proposal(call, at) for call, at in found if call]


def text_in(parts: list[tuple[str, JsonObject]], *, thought: bool) -> str:
    """What the parts of an answer show, or what they show of the model's reasoning."""
    return "".join(maybe_text(part, "text", at) for at, part in parts if flag(part, "thought", at) is thought)


def candidates_in(answer: JsonObject) -> list[tuple[int, str, list[tuple[str, JsonObject]]]]:
    """Of each answer written its number, why it ended, and its parts with their places."""
    found = []
    for at, candidate in listed(answer, "candidates", ""):
        content, place = _object(candidate, "content", at)
        finish = maybe_text(candidate, spelled(candidate, "finishReason", at), at)
        found.append((count(candidate, "index", at), finish, listed(content, "parts", place)))
    return found


def read_answer(body: JsonValue) -> LlmAnswer:
    """The answer in a response body, or in one chunk of a stream. Raises WireError."""
    root = an_object(body, "")
    candidates = candidates_in(root)
    feedback, place = _object(root, "promptFeedback", "")
    blocked = maybe_text(feedback, spelled(feedback, "blockReason", place), place)
    return LlmAnswer(
        model=maybe_text(root, spelled(root, "modelVersion", ""), ""),
        usage=read_usage(root),
        proposals=tuple(call for _, _, parts in candidates for call in calls_in(parts)),
        texts=tuple(text_in(parts, thought=False) for _, _, parts in candidates),
        reasoning_chars=sum(len(text_in(parts, thought=True)) for _, _, parts in candidates),
        finish=next((finish for _, finish, _ in candidates if finish), blocked),
    )


def read_usage(root: JsonObject) -> Usage | None:
    """The counts; None when there are none. What tools of the provider read is input, what it thought is output."""
    usage, at = _object(root, "usageMetadata", "")
    if not usage:
        return None

    def counted(*names: str) -> int:
        return sum(count(usage, spelled(usage, name, at), at) for name in names)

    return Usage(
        input_tokens=counted("promptTokenCount", "toolUsePromptTokenCount"),
        output_tokens=counted("candidatesTokenCount", "thoughtsTokenCount"),
        cache_read_tokens=counted("cachedContentTokenCount"),
    )
