"""Put a notice into the system slot of a model's input, and change nothing else: each dialect's own place for it.

Knows where dialects keep their instructions; which place is whose is told in `dialects.py`. The notice stands after
what is there, so that what a provider has cached of it stays the beginning.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson

from aisecops.model.json_places import containers, quoted, string_values, with_member, with_values
from aisecops.wire.limits import JsonValue
from aisecops.wire.llm import LlmCall, Role, SegmentKind

_INSTRUCTING = frozenset({Role.SYSTEM, Role.DEVELOPER})


_PROMPT = re.compile(r"/prompt(/[0-9]+)?")

type NewSlot = Callable[[str, str], str]
"""A JSON body and a notice in: the body with a system slot that holds it."""


def noted(new_slot: NewSlot, text: str, call: LlmCall, notice: str) -> str:
    """`text`, the JSON body of `call`, with `notice` in the system slot; as it is when it stands there already.

    Raises ValueError when `text` is not the body that `call` was read from.
    """
    slots = [part for part in call.segments if part.role in _INSTRUCTING and part.kind is SegmentKind.TEXT]
    if any(part.text.endswith(notice) for part in slots):
        return text
    standing = string_values(text)
    places = [part.position for part in slots if part.position in standing]
    if places:
        said = standing[places[0]][0]
        return with_values(text, {places[0]: f"{said}\n\n{notice}" if said else notice})
    return new_slot(text, notice) if call.charged else text  # what only counts need not take one


def first_in(text: str, pointer: str, element: JsonValue) -> str:
    """`element` put first into the array at `pointer`. Raises ValueError when no array stands there."""
    at = containers(text)[pointer].start + 1
    if text[at - 1] != "[":
        raise ValueError("an object stands where a list must")
    rest = text[at:].lstrip()
    comma = "" if rest.startswith("]") else ","
    return f"{text[:at]}{orjson.dumps(element).decode()}{comma}{text[at:]}"


def in_bedrock(text: str, notice: str) -> str:
    """The `system` of Converse, a list of blocks."""
    block: JsonValue = {"text": notice}
    if "/system" in containers(text):
        return first_in(text, "/system", block)
    return with_member(text, "system", orjson.dumps([block]).decode())


def in_gemini(text: str, notice: str) -> str:
    """The `systemInstruction`, in whichever spelling it stands."""
    part: JsonValue = {"text": notice}
    for name in ("systemInstruction", "system_instruction"):
        if f"/{name}/parts" in containers(text):
            return first_in(text, f"/{name}/parts", part)
        if f"/{name}" in containers(text):
            raise ValueError("a system instruction without parts has no place for a notice")
    return with_member(text, "systemInstruction", orjson.dumps({"parts": [part]}).decode())


def in_openai(text: str, notice: str) -> str:
    """A first message of a chat, the instructions of a response; before a prompt, which has no such slot."""
    if "/messages" in containers(text):
        return first_in(text, "/messages", {"role": "system", "content": notice})
    prompts = {at: said for at, (said, _) in string_values(text).items() if _PROMPT.fullmatch(at)}
    if prompts:
        return with_values(text, {at: f"{notice}\n\n{said}" for at, said in prompts.items()})
    return with_member(text, "instructions", quoted(notice))  # a call to the newer of the two ways


def in_ollama(text: str, notice: str) -> str:
    """A first message of a chat, or the `system` of a prompt."""
    if "/messages" in containers(text):
        return first_in(text, "/messages", {"role": "system", "content": notice})
    return with_member(text, "system", quoted(notice))


def in_anthropic(text: str, notice: str) -> str:
    """The `system` of messages."""
    if "/system" in containers(text):
        return first_in(text, "/system", {"type": "text", "text": notice})
    return with_member(text, "system", quoted(notice))
