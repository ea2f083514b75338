"""OpenAI's oldest way, a prompt to be continued, which many servers of open models still speak.

Knows `POST .../completions`: its request. Its answers differ from a chat's in one name, which is read there.
"""

from __future__ import annotations

from aisecops.model.errors import WireError
from aisecops.wire.fields import JsonObject, an_object, count, flag, maybe_count, maybe_text
from aisecops.wire.limits import JsonValue
from aisecops.wire.llm import LlmCall, Role, Segment, SegmentKind


def read_call(body: JsonValue) -> LlmCall:
    """The call in a request body. Raises WireError."""
    root = an_object(body, "")
    prompts = _prompts(root)
    each = max(count(root, "n", ""), count(root, "best_of", ""), 1)
    return LlmCall(
        dialect="openai",
        model=maybe_text(root, "model", ""),
        stream=flag(root, "stream", ""),
        max_output_tokens=maybe_count(root, "max_tokens", ""),
        answers=each * max(len(prompts), 1),
        segments=(*prompts, *_said(root, "suffix")),
    )


def _prompts(root: JsonObject) -> list[Segment]:
    prompt = root.get("prompt")
    if not isinstance(prompt, list):
        return _said(root, "prompt")
    if not all(isinstance(one, str) for one in prompt):
        raise WireError("a prompt of model tokens cannot be read; send text")
    return [_segment(f"/prompt/{number}", str(one)) for number, one in enumerate(prompt)]


def _said(root: JsonObject, name: str) -> list[Segment]:
    said = maybe_text(root, name, "")
    return [_segment(f"/{name}", said)] if said else []


def _segment(position: str, said: str) -> Segment:
    return Segment(position=position, role=Role.USER, kind=SegmentKind.TEXT, text=said)
