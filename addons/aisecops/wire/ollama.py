"""Ollama's own dialect.

Knows `POST /api/chat` and `/api/generate`: request and answer. Streaming is what happens unless a request says no.
"""

from __future__ import annotations

from aisecops.model.errors import WireError
from aisecops.wire.fields import (
    JsonObject,
    an_object,
    as_json,
    count,
    digest,
    flag,
    maybe_object,
    maybe_text,
    objects,
    text,
)
from aisecops.wire.limits import JsonValue
from aisecops.wire.llm import LlmAnswer, LlmCall, ProposedCall, Role, Segment, SegmentKind, ToolOffer, Usage

_ROLES = {role.value: role for role in (Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.TOOL)}
_NO_END = -1
"""As `num_predict`: until the model ends by itself; also -2, until its window is full."""


def read_call(path: str, body: JsonValue) -> LlmCall | None:
    """The call that a POST of `body` to `path` makes; None when it makes none. Raises WireError."""
    if not path.endswith(("/api/chat", "/api/generate")):
        return None
    root = an_object(body, "")
    segments = _chat(root) if path.endswith("/api/chat") else _prompt(root)
    return LlmCall(
        dialect="ollama",
        model=text(root, "model", ""),
        stream=root.get("stream") is None or flag(root, "stream", ""),
        max_output_tokens=_most(maybe_object(root, "options", "")),
        segments=tuple(segments),
        tools=tuple(_offer(tool, at) for at, tool in objects(root, "tools", "")),
        response_schema=form if isinstance(form := root.get("format"), dict) else None,
        remembered=(digest(as_json(root["context"])),) if root.get("context") else (),
    )


def _most(options: JsonObject) -> int | None:
    most = options.get("num_predict")
    if isinstance(most, int) and not isinstance(most, bool) and most <= _NO_END:
        return None
    return count(options, "num_predict", "/options") if most is not None else None


def _chat(root: JsonObject) -> list[Segment]:
    segments: list[Segment] = []
    for at, message in objects(root, "messages", ""):
        role = _ROLES.get(text(message, "role", at))
        if role is None:
            raise WireError(f"`{at}/role` is no role we know")
        kind = SegmentKind.TOOL_RESULT if role is Role.TOOL else SegmentKind.TEXT
        name = maybe_text(message, "tool_name", at) or maybe_text(message, "name", at)
        said = maybe_text(message, "content", at)
        if said:
            segments.append(Segment(position=f"{at}/content", role=role, kind=kind, text=said, name=name))
        if thought := maybe_text(message, "thinking", at):
            segments.append(Segment(position=f"{at}/thinking", role=role, kind=SegmentKind.OTHER, text=thought))
        segments += _images(message, at, role)
        for place, call in objects(message, "tool_calls", at):
            asked = read_proposal(call, place)
            segments.append(
                Segment(
                    position=f"{place}/function/arguments",
                    role=role,
                    kind=SegmentKind.TOOL_CALL,
                    text=asked.arguments,
                    name=asked.name,
                )
            )
    return segments


def _prompt(root: JsonObject) -> list[Segment]:
    if root.get("template") or flag(root, "raw", ""):
        raise WireError("`template` and `raw` undo the roles that a prompt is judged by; send messages to `/api/chat`")
    said = [("system", Role.SYSTEM), ("prompt", Role.USER), ("suffix", Role.USER)]
    segments = [
        Segment(position=f"/{name}", role=role, kind=SegmentKind.TEXT, text=words)
        for name, role in said
        if (words := maybe_text(root, name, ""))
    ]
    return segments + _images(root, "", Role.USER)


def _images(holder: JsonObject, at: str, role: Role) -> list[Segment]:
    images = holder.get("images")
    if images is None:
        return []
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise WireError(f"`{at}/images` must be a list of strings")
    return [
        Segment(position=f"{at}/images/{n}", role=role, kind=SegmentKind.IMAGE, text=digest(str(image)))
        for n, image in enumerate(images)
    ]


def _offer(tool: JsonObject, at: str) -> ToolOffer:
    function, place = maybe_object(tool, "function", at), f"{at}/function"
    return ToolOffer(
        name=text(function, "name", place),
        position=place,
        size_bytes=len(as_json(function)),
        description=maybe_text(function, "description", place),
        schema=maybe_object(function, "parameters", place) or None,
    )


def read_proposal(call: JsonObject, at: str) -> ProposedCall:
    """A whole call. Its arguments are an object; not all models give it an id."""
    function, place = maybe_object(call, "function", at), f"{at}/function"
    return ProposedCall(
        name=text(function, "name", place),
        call_id=maybe_text(call, "id", at) or maybe_text(function, "id", place),
        arguments=as_json(function.get("arguments") or {}),
    )


def read_answer(body: JsonValue) -> LlmAnswer:
    """The answer in a response body, or in one line of a stream. Raises WireError."""
    root = an_object(body, "")
    message = maybe_object(root, "message", "")
    return LlmAnswer(
        model=maybe_text(root, "model", ""),
        usage=read_usage(root),
        proposals=tuple(read_proposal(call, at) for at, call in objects(message, "tool_calls", "/message")),
        texts=tuple(
            said for said in (maybe_text(message, "content", "/message"), maybe_text(root, "response", "")) if said
        ),
        reasoning_chars=len(maybe_text(message, "thinking", "/message")) + len(maybe_text(root, "thinking", "")),
        finish=maybe_text(root, "done_reason", ""),
        complete=flag(root, "done", ""),
    )


def read_usage(root: JsonObject) -> Usage | None:
    """The counts, which stand in an answer's last line; what a cache held is not counted among them."""
    if "eval_count" not in root and "prompt_eval_count" not in root:
        return None
    return Usage(input_tokens=count(root, "prompt_eval_count", ""), output_tokens=count(root, "eval_count", ""))
