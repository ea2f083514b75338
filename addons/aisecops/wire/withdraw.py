"""Take proposed calls out of a model's whole answer, and say in its own words why: each dialect's form, so SDKs go on.

A call is named by its place among those that the agent would make, in the order of `LlmAnswer.proposals` without the
hosted ones. What is left of the answer keeps its shape; only its text is new. Streams are `withdraw_stream.py`'s; which
way is whose is told in `dialects.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from aisecops.model.errors import WireError
from aisecops.model.outcome import Refuse
from aisecops.wire import anthropic, openai_responses
from aisecops.wire.fields import JsonObject, an_object
from aisecops.wire.limits import JsonValue, read_json
from aisecops.wire.problem import sentence

type Words = Callable[[], str | None]
"""Asked once for each call, in order: why it is withdrawn, or None when it stays."""

type Way = Callable[[JsonObject, Words], None]
"""Takes the calls out of one dialect's answer, in place. KeyError or TypeError: they are not where they should be."""

TO_CALL = ("tool_calls", "function_call")
"""The reasons to finish of a chat completion that calls tools."""


def words_for(name: str, refuse: Refuse) -> str:
    """What stands in the answer in place of the call of `name`: for the model, which reads it as its own."""
    return f"[aisecops] the call of `{name}` was withdrawn and has not been made: {sentence(refuse)}"


def without(way: Way, body: bytes, refused: Mapping[int, str]) -> bytes:
    """`body`, an answer's JSON, without the calls of `refused`; their words stand as text of the model's.

    Raises WireError when the answer is not in a form that can be changed: then it must not be delivered.
    """
    answer = an_object(read_json(body, max_bytes=len(body), max_values=None), "")
    count = 0

    def words() -> str | None:
        nonlocal count
        count += 1
        return refused.get(count - 1)

    try:
        way(answer, words)
    except (KeyError, TypeError) as error:
        raise WireError("the answer's proposed calls are not where they should be") from error
    if not refused.keys() <= set(range(count)):
        raise WireError("a proposed call is not in the answer")
    return orjson.dumps(answer)


def message_item(item: JsonObject, why: str) -> JsonObject:
    """The message of the responses API that stands in place of the call `item`."""
    return {
        "id": message_id(item),
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": why, "annotations": [], "logprobs": []}],
    }


def message_id(item: JsonObject) -> str:
    """The id of that message: that of the call, but for its first letters."""
    return "msg_" + str(item.get("id") or "withdrawn").rpartition("_")[2]


def from_openai(answer: JsonObject, words: Words) -> None:
    """The `Way` of chat completions and responses."""
    if "choices" in answer:
        for choice in objects_in(answer["choices"]):
            _from_choice(choice, words)
        return
    answer["output"] = [_item(item, words) for item in objects_in(answer["output"])]


def _from_choice(choice: JsonObject, words: Words) -> None:
    message = choice.get("message")
    if not isinstance(message, dict):
        return
    kept: list[JsonValue] = []
    said: list[str] = []
    for call in objects_in(message.get("tool_calls") or []):
        why = words()
        if why is None:
            kept.append(call)
        else:
            said.append(why)
    if message.get("function_call") and (why := words()) is not None:
        said.append(why)
        del message["function_call"]
    if not said:
        return
    before = [str(message["content"])] if message.get("content") else []
    message["content"] = "\n\n".join([*before, *said])
    if kept:
        message["tool_calls"] = kept
    else:
        message.pop("tool_calls", None)
    if not kept and not message.get("function_call") and choice.get("finish_reason") in TO_CALL:
        choice["finish_reason"] = "stop"


def _item(item: JsonObject, words: Words) -> JsonObject:
    if not openai_responses.is_proposal(item) or openai_responses.read_proposal(item, "")[1].hosted:
        return item
    why = words()
    return item if why is None else message_item(item, why)


def from_anthropic(answer: JsonObject, words: Words) -> None:
    """The `Way` of messages."""
    blocks: list[JsonValue] = []
    kept = gone = 0
    for block in objects_in(answer["content"]):
        if not anthropic.is_proposal(block) or anthropic.read_proposal(block, "").hosted:
            blocks.append(block)
            continue
        why = words()
        kept, gone = kept + (why is None), gone + (why is not None)
        blocks.append(block if why is None else {"type": "text", "text": why})
    answer["content"] = blocks
    if gone and not kept and answer.get("stop_reason") == "tool_use":
        answer["stop_reason"] = "end_turn"


def objects_in(value: JsonValue) -> list[JsonObject]:
    """`value` as a list of objects. Raises TypeError."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise TypeError
    return [one for one in value if isinstance(one, dict)]
