"""The one model of an LLM exchange: what every dialect is read into.

Knows roles, segments, offered tools, proposed calls and what they weigh. Does not know any provider's JSON, and judges
nothing.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Protocol

import orjson

from aisecops.model.value import Value
from aisecops.wire.framing import StreamEvent
from aisecops.wire.limits import JsonValue


class Role(StrEnum):
    """Who speaks, as the request claims it."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class SegmentKind(StrEnum):
    """What a segment is. `embedded` is made into numbers: it leaves, and no model follows what it says.

    `other` is what we have no word for yet; it is never dropped.
    """

    TEXT = "text"
    IMAGE = "image"
    FILE = "file"
    AUDIO = "audio"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    EMBEDDED = "embedded"
    OTHER = "other"


class Segment(Value):
    """One piece of what the model is told.

    `position` is the JSON pointer to the value in the request body that holds `text`. Of data in the body (an image, a
    file) `text` is `sha256:...`, of data elsewhere its address or id. `name` is the tool's name, or the speaker's or
    file's where one is given; `call_id` links a tool's result to its call. `fixed`: the result of a tool of the
    provider's, which it takes back only as it gave it.
    """

    position: str
    role: Role
    kind: SegmentKind
    text: str
    name: str = ""
    call_id: str = ""
    fixed: bool = False


class ToolOffer(Value):
    """A tool the model may call. `hosted` ones the provider runs itself: their calls never cross the gateway.

    Those that `make` only work on what they are given; all other hosted ones bring in what nobody here has seen.

    `position` points to the declaration; `size_bytes` is what it weighs in the prompt. `schema` is the arguments' JSON
    Schema (of a dialect that has words of its own for one, translated); None: none declared. Of a `free_text` tool the
    arguments are no JSON. `address` is that of a server that the provider calls.
    """

    name: str
    position: str
    size_bytes: int
    description: str = ""
    schema: dict[str, JsonValue] | None = None
    hosted: bool = False
    makes: bool = False
    free_text: bool = False
    address: str = ""


class LlmCall(Value):
    """One request to a model.

    `answers` is how many it must write, each up to `max_output_tokens`. `remembered` names state kept at the provider
    that this call continues from (an earlier response, a stored prompt): context that no one here can see. `continues`
    are those of them in which something was said. `unseen` is
    content that the provider puts before the model besides, and that never came by here (a cache, an index).
    `response_schema` is the JSON Schema that each text of the answer is to keep. `offers_elsewhere`: tools may have
    been offered where no one here can see, so a call of one that is not in `tools` may be right.
    `charged` is False for calls that only count. `embeds`: it is answered with numbers for what it holds.
    """

    dialect: str
    model: str
    stream: bool
    max_output_tokens: int | None
    segments: tuple[Segment, ...]
    tools: tuple[ToolOffer, ...] = ()
    response_schema: dict[str, JsonValue] | None = None
    answers: int = 1
    remembered: tuple[str, ...] = ()
    continues: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    offers_elsewhere: bool = False
    charged: bool = True
    embeds: bool = False

    @property
    def fetching(self) -> tuple[str, ...]:
        """The tools with which the provider may bring in content that never comes by here: a search, an MCP server."""
        return tuple(tool.name for tool in self.tools if tool.hosted and not tool.makes)


class Usage(Value):
    """Model tokens, as the provider counted them. The cached ones are part of `input_tokens`."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


class ProposedCall(Value):
    """A tool call the model wants made. `arguments` is JSON text as the model wrote it, so perhaps not JSON.

    `hosted` ones the provider has made already.
    """

    name: str
    call_id: str
    arguments: str
    hosted: bool = False

    def told_again(self, position: str, role: Role) -> Segment:
        """The call as a later request tells it to the model; its arguments stand at `position`."""
        return Segment(
            position=position,
            role=role,
            kind=SegmentKind.TOOL_CALL,
            text=self.arguments,
            name=self.name,
            call_id=self.call_id,
        )


class LlmAnswer(Value):
    """What the model answered; of a stream, what it answered so far. `finish` is the provider's word for why it ended.

    `texts` has one entry for each answer written, without reasoning and without the words with which the model declined
    to answer; `reasoning_chars` and `refusal_chars` say how much of those was shown. `complete` is False for a stream
    that has not ended by its own rules. `kept_as` are the names by which the provider keeps it and its parts.
    """

    model: str
    usage: Usage | None
    proposals: tuple[ProposedCall, ...] = ()
    texts: tuple[str, ...] = ()
    reasoning_chars: int = 0
    refusal_chars: int = 0
    finish: str = ""
    complete: bool = True
    kept_as: tuple[str, ...] = ()


type Place = tuple[int, int]
"""Where a call stands in a streamed answer: choice and index in chat completions, else block or item and 0."""


class StreamReader(Protocol):
    """Reads one streamed answer, event by event. Raises WireError for events that cannot be what they claim."""

    @property
    def pending(self) -> bool:
        """True while a proposed call has begun and is not whole: what belongs to it must not be passed on yet."""
        ...

    @property
    def proposals(self) -> tuple[ProposedCall, ...]:
        """The calls that are whole by now, in the order they became so."""
        ...

    @property
    def placed(self) -> tuple[tuple[Place, ProposedCall], ...]:
        """Those of them that the agent makes itself, each with its place, in the order they became whole."""
        ...

    def feed(self, event: StreamEvent) -> None:
        """Take the next event."""
        ...

    def answer(self) -> LlmAnswer:
        """What was answered up to now."""
        ...


BYTES_PER_TOKEN = 3  # prose in English has more, code and most other scripts about this: the estimate leans high
SEGMENT_TOKENS = 8  # what a role and its marks weigh
MEDIA_TOKENS = 1600  # a large image; audio and files differ more than any guess

MEDIA = frozenset({SegmentKind.IMAGE, SegmentKind.FILE, SegmentKind.AUDIO})
"""What is listed and not read."""


def prompt_hash(call: LlmCall) -> str:
    """`sha256:...` over everything said to the model: role, kind, name, link and text of each segment, in order."""
    said = [[part.role, part.kind, part.name, part.call_id, part.text] for part in call.segments]
    return f"sha256:{hashlib.sha256(orjson.dumps(said)).hexdigest()}"


def estimated_input_tokens(call: LlmCall) -> int:
    """About how many model tokens the request weighs, leaning high; the provider's own count replaces it."""
    texts = [part.text for part in call.segments]
    sizes = [len(text) if text.isascii() else len(text.encode()) for text in texts]
    sizes += [tool.size_bytes for tool in call.tools]
    weight = sum([-(-size // BYTES_PER_TOKEN) for size in sizes])
    return weight + SEGMENT_TOKENS * len(sizes) + sum([MEDIA_TOKENS for part in call.segments if part.kind in MEDIA])


def estimated_output_tokens(answer: LlmAnswer) -> int:
    """About how many model tokens were answered, from what was seen; for streams that never say."""
    proposed = sum(
        SEGMENT_TOKENS + _tokens(len(call.name.encode()) + len(call.arguments.encode())) for call in answer.proposals
    )
    said = sum(len(text.encode()) for text in answer.texts) + answer.refusal_chars
    return proposed + _tokens(said) + _tokens(answer.reasoning_chars)


def _tokens(size_bytes: int) -> int:
    return -(-size_bytes // BYTES_PER_TOKEN)
