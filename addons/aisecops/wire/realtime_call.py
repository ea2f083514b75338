"""What a client says to a realtime model over its WebSocket, read into the one model of an LLM call.

Knows the events that carry text, tools or instructions: `session.update`, `conversation.item.create` and
`response.create`. Sound goes by unread. Each event is a piece of one conversation, of which the rest is with the
provider; positions point into the event.
"""

from __future__ import annotations

from aisecops.model.errors import WireError
from aisecops.wire.fields import JsonObject, address_or_digest, as_json, digest, maybe_object, maybe_text, objects
from aisecops.wire.llm import LlmCall, Role, Segment, SegmentKind, ToolOffer
from aisecops.wire.openai_responses import offers_in, read_proposal

SPOKEN = frozenset({"openai", "azure"})
"""The dialects whose WebSockets are talks of this sort."""
_OF_RESPONSES = frozenset({"input", "instructions", "tools", "prompt", "previous_response_id", "conversation"})
"""Where the responses API has its call in the event itself, a realtime model has what stands under `response`."""
_ROLES = {role.value: role for role in (Role.SYSTEM, Role.DEVELOPER, Role.USER, Role.ASSISTANT)}


def read_event(event: JsonObject, model: str) -> LlmCall | None:
    """What `event` tells the model, or offers it; None for an event that does neither. Raises WireError."""
    match event.get("type"):
        case "session.update" | "transcription_session.update":
            holder, at = maybe_object(event, "session", ""), "/session"
        case "response.create":
            if event.keys() & _OF_RESPONSES:
                raise WireError("a call of the responses API over a WebSocket is not read; ask over HTTPS")
            holder, at = maybe_object(event, "response", ""), "/response"
        case "conversation.item.create":
            item = maybe_object(event, "item", "")
            return _call(model, _item_segments(item, "/item"), ()) if item else None
        case _:
            return None
    segments: list[Segment] = []
    if said := maybe_text(holder, "instructions", at):
        segments.append(_text(f"{at}/instructions", Role.SYSTEM, said))
    prompt = maybe_object(holder, "prompt", at)
    if variables := maybe_object(prompt, "variables", f"{at}/prompt"):
        segments.append(_other(f"{at}/prompt/variables", Role.USER, as_json(variables)))
    for place, item in objects(holder, "input", at):
        segments += _item_segments(item, place)
    tools = tuple(offer for place, tool in objects(holder, "tools", at) for offer in offers_in(tool, place))
    return _call(model, segments, tools, elsewhere=bool(prompt))


def offered_by(event: JsonObject) -> LlmCall | None:
    """What a server says that its session offers; None for an event that says nothing of it. Raises WireError."""
    if event.get("type") not in {"session.created", "session.updated"}:
        return None
    session = maybe_object(event, "session", "")
    tools = tuple(offer for place, tool in objects(session, "tools", "/session") for offer in offers_in(tool, place))
    return _call("", (), tools, elsewhere=bool(session.get("prompt")))


def _call(
    model: str, segments: list[Segment] | tuple[Segment, ...], tools: tuple[ToolOffer, ...], *, elsewhere: bool = False
) -> LlmCall:
    return LlmCall(
        dialect="openai",
        model=model,
        stream=True,
        max_output_tokens=None,
        segments=tuple(segments),
        tools=tools,
        offers_elsewhere=elsewhere,
        charged=False,  # the provider's own count is, as it comes
    )


def _text(position: str, role: Role, said: str, *, kind: SegmentKind = SegmentKind.TEXT, link: str = "") -> Segment:
    return Segment(position=position, role=role, kind=kind, text=said, call_id=link)


def _other(position: str, role: Role, said: str) -> Segment:
    return Segment(position=position, role=role, kind=SegmentKind.OTHER, text=said)


def _item_segments(item: JsonObject, at: str) -> list[Segment]:
    kind = maybe_text(item, "type", at) or "message"
    link = maybe_text(item, "call_id", at)
    if kind.endswith("_output"):
        said = maybe_text(item, "output", at)
        return [_text(f"{at}/output", Role.TOOL, said, kind=SegmentKind.TOOL_RESULT, link=link)]
    if kind.endswith("_call"):
        end, call = read_proposal(item, at)
        place = f"{at}{end}"
        return [_text(place, Role.ASSISTANT, call.arguments, kind=SegmentKind.TOOL_CALL, link=call.call_id)]
    # a role that is not known is not trusted with more than any text
    role = _ROLES.get(maybe_text(item, "role", at), Role.TOOL)
    return [segment for place, part in objects(item, "content", at) for segment in _part(part, place, role)]


def _part(part: JsonObject, at: str, role: Role) -> list[Segment]:
    found = [
        _text(f"{at}/{name}", role, said) for name in ("text", "transcript") if (said := maybe_text(part, name, at))
    ]
    if image := maybe_text(part, "image_url", at):
        found.append(
            Segment(position=f"{at}/image_url", role=role, kind=SegmentKind.IMAGE, text=address_or_digest(image))
        )
    if audio := maybe_text(part, "audio", at):
        found.append(Segment(position=f"{at}/audio", role=role, kind=SegmentKind.AUDIO, text=digest(audio)))
    return found or [_other(at, role, as_json(part))]
