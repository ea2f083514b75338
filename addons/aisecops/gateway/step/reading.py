"""What of an answer the rules need, and how it can be read: whole or as it comes.

Knows steps and media types. What becomes of an answer is `settle.py`.
"""

from __future__ import annotations

import re

from aisecops.gateway.step.classify import Step
from aisecops.model.decision import Reason
from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpResponse, values
from aisecops.model.refusals import Code
from aisecops.model.rules import ToolRule
from aisecops.wire import embeddings
from aisecops.wire.dialects import read_answer
from aisecops.wire.limits import JsonBounds, JsonValue
from aisecops.wire.llm import LlmAnswer
from aisecops.wire.mcp import result_of
from aisecops.wire.texts import said_in

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""What an answer may weigh, decoded; `egress.max_body` is about what leaves."""

_CALLS = re.compile(rb"tool_call|tool_?[uU]se|function_?[cC]all|\\u00[4-7]")
"""What a proposed call is called in one dialect or another, or may be under escapes that no writer needs."""

FAILED = 400
"""Answers from this status on carry an error, not what was asked for."""


class Unfit(Exception):
    """The answer breaks what was granted or declared; the words are for the refusal."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.detail)
        self.reason = reason


def unread(error: WireError) -> Unfit:
    """What is to be raised for an answer that cannot be read."""
    return Unfit(Reason(code=Code.OUTPUT_INVALID, detail=f"the answer cannot be read: {error.detail}"))


def is_needed_whole(step: Step) -> bool:
    """True when a rule counts something in the answer, or it is looked into for what a memory kept or a server has."""
    lists = step.spoken is not None and bool(step.spoken.lists)
    return step.recalls is not None or lists or is_measured(step.tool)


def is_measured(tool: ToolRule | None) -> bool:
    """True when a rule counts something in the answers of `tool`."""
    return tool is not None and any(m is not None and m.side == "response" for m in (tool.rows, tool.cost))


def data_in(step: Step, response: HttpResponse, body: bytes, json: JsonBounds) -> JsonValue:
    """What rules look into: the document, or the result in it that answers a call at an MCP server. Raises WireError.

    `body` is the response's, decoded.
    """
    if step.spoken is not None and step.spoken.call_id is not None:
        return result_of(body, step.spoken.call_id, streamed=is_stream(response), bounds=json)
    return json.read(body)


def answered(step: Step, response: HttpResponse, body: bytes, json: JsonBounds) -> tuple[LlmAnswer | None, JsonValue]:
    """The model's answer, where one was asked, and what rules look into. Raises WireError for what cannot be read.

    Behind a tool's rule what answers need be no model: what says nothing that looks like a call is the tool's own.
    """
    try:
        if step.call is not None and step.call.embeds:  # as many numbers as there are would be too many to build
            return embeddings.read_answer(body), data_in(step, response, body, json) if is_measured(step.tool) else None
        data = data_in(step, response, body, json)
        return read_answer(step.call.dialect, data) if step.call else None, data
    except WireError:
        if step.tool is None or is_measured(step.tool) or _CALLS.search(body):
            raise
        return None, None


def kept_in(step: Step, response: HttpResponse, body: bytes, json: JsonBounds) -> JsonValue:
    """What a memory's answer says: as `data_in`, and plain text where it is no JSON. None for an error of MCP."""
    return said_in(response.headers, body, json) if step.spoken is None else data_in(step, response, body, json)


def is_stream(response: HttpResponse) -> bool:
    """True for a server-sent stream, however it is compressed."""
    return any("event-stream" in kind.lower() for kind in values(response.headers, "content-type"))
