"""Texts that a model turns into numbers: they leave and cost like any prompt, and no model follows what they say.

Knows OpenAI's and Azure's `.../embeddings`, Ollama's `/api/embed` and `/api/embeddings`, and Gemini's `:embedContent`
and `:batchEmbedContents`: request and answer. What is no text is not read.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import unquote

import msgspec

from aisecops.model.errors import WireError
from aisecops.wire.fields import JsonObject, an_object, maybe_object, maybe_text, objects, text
from aisecops.wire.gemini import listed
from aisecops.wire.limits import JsonValue
from aisecops.wire.llm import LlmAnswer, LlmCall, Role, Segment, SegmentKind, Usage

_DEPLOYMENT = re.compile(r"/deployments/([^/]+)/embeddings\Z")
_GEMINI = re.compile(r"/([^/:]+):(embedContent|batchEmbedContents)\Z")

_NOTHING = msgspec.Raw()

type _Count = Annotated[int, msgspec.Meta(ge=0)]


class _Usage(msgspec.Struct):
    prompt_tokens: _Count | None = None


class _Answer(msgspec.Struct):
    """One of the first three has the numbers, which nobody here builds."""

    data: msgspec.Raw = _NOTHING
    embeddings: msgspec.Raw = _NOTHING
    embedding: msgspec.Raw = _NOTHING
    model: str = ""
    usage: _Usage | None = None
    prompt_eval_count: _Count | None = None


def read_call(path: str, body: JsonValue) -> LlmCall | None:
    """The call that a POST of `body` to `path` makes; None when it makes none. Raises WireError."""
    if path.endswith(("/api/embed", "/api/embeddings")):
        root = an_object(body, "")
        return _call("ollama", text(root, "model", ""), _texts(root, "prompt" if path.endswith("ings") else "input"))
    if path.endswith("/embeddings"):
        root = an_object(body, "")
        named = _DEPLOYMENT.search(path)
        return _call("openai", unquote(named[1]) if named else text(root, "model", ""), _texts(root, "input"))
    if (named := _GEMINI.search(path)) is not None:
        return _call("gemini", unquote(named[1]), _contents(an_object(body, "")))
    return None


def read_answer(body: bytes) -> LlmAnswer:
    """What the answer says of its cost; the numbers are nobody's words. Raises WireError."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WireError("an answer with embeddings cannot be read") from error
    if answer.data == answer.embeddings == answer.embedding == _NOTHING:
        raise WireError("the answer to a call for embeddings holds none")
    counted = answer.usage.prompt_tokens if answer.usage else answer.prompt_eval_count
    return LlmAnswer(
        model=answer.model, usage=None if counted is None else Usage(input_tokens=counted, output_tokens=0)
    )


def _call(dialect: str, model: str, texts: list[tuple[str, str]]) -> LlmCall:
    return LlmCall(
        dialect=dialect,
        model=model,
        stream=False,
        max_output_tokens=0,
        segments=tuple(
            Segment(position=at, role=Role.USER, kind=SegmentKind.EMBEDDED, text=said) for at, said in texts
        ),
        embeds=True,
    )


def _texts(root: JsonObject, name: str) -> list[tuple[str, str]]:
    """A text, or a list of them, with their JSON pointers."""
    said = root.get(name)
    if not isinstance(said, list):
        return [(f"/{name}", text(root, name, ""))]
    found = [(f"/{name}/{number}", one) for number, one in enumerate(said) if isinstance(one, str)]
    if len(found) != len(said):
        raise WireError(f"`/{name}` holds model tokens, or what is no text, which cannot be read; send text")
    return found


def _contents(root: JsonObject) -> list[tuple[str, str]]:
    asked = objects(root, "requests", "") or [("", root)]
    if "requests" in root and "content" in root:
        raise WireError("what is to be embedded stands in two places")
    found = []
    for at, request in asked:
        for place, part in listed(maybe_object(request, "content", at), "parts", f"{at}/content"):
            if part.keys() != {"text"}:
                raise WireError(f"`{place}` is no text, which cannot be read")
            found.append((f"{place}/text", text(part, "text", place)))
        if title := maybe_text(request, "title", at):
            found.append((f"{at}/title", title))
    return found
