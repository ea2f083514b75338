"""MCP over streamable HTTP: JSON-RPC messages, alone or in a batch, and the result that answers a call.

Knows the shape of messages. Does not know which are allowed, nor what a tool's arguments mean.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

import orjson

from aisecops.model.errors import WireError
from aisecops.model.value import Value
from aisecops.wire.fields import JsonObject, an_object, text
from aisecops.wire.framing import with_data
from aisecops.wire.limits import JsonBounds, JsonValue
from aisecops.wire.sse import SseReader

CALL = "tools/call"
LIST_TOOLS = "tools/list"
MAX_BATCH = 100
_MEMBERS = frozenset({"jsonrpc", "id", "method", "params", "result", "error"})

type MessageId = int | str


class MessageKind(StrEnum):
    """What a message is. A notification wants no answer, a response is one."""

    REQUEST = "request"
    NOTIFICATION = "notification"
    RESPONSE = "response"


class Message(Value):
    """One JSON-RPC message. `params` is empty when there are none; `result` None for an error and for no response."""

    kind: MessageKind
    id: MessageId | None = None
    method: str = ""
    params: dict[str, JsonValue] = {}
    result: JsonValue = None


class Sent(Value):
    """What one POST carries; `batched` when it is an array, also of one."""

    messages: tuple[Message, ...]
    batched: bool

    @property
    def awaited(self) -> tuple[MessageId, ...]:
        """The ids that want an answer."""
        return tuple(one.id for one in self.messages if one.kind is MessageKind.REQUEST and one.id is not None)


def read_sent(body: JsonValue) -> Sent:
    """The messages in `body`. Raises WireError, `unreadable`, for whatever two readers could read in two ways."""
    batched = isinstance(body, list)
    items = body if isinstance(body, list) else [body]
    if not items:
        raise WireError("an empty batch says nothing; send a JSON-RPC message")
    if len(items) > MAX_BATCH:
        raise WireError(f"a batch has at most {MAX_BATCH} messages; send fewer")
    messages = tuple(_message(item, f"/{index}" if batched else "") for index, item in enumerate(items))
    sent = Sent(messages=messages, batched=batched)
    # compared as text: some readers keep `1` and `"1"` in one table
    if len({str(one) for one in sent.awaited}) != len(sent.awaited):
        raise WireError("two messages of the batch have the same id")
    return sent


def called(message: Message) -> tuple[str, JsonObject]:
    """Name and arguments of a `tools/call`. Raises WireError."""
    name = text(message.params, "name", "/params")
    arguments = message.params.get("arguments")
    return name, {} if arguments is None else an_object(arguments, "/params/arguments")


def result_of(body: bytes, message_id: MessageId, *, streamed: bool, bounds: JsonBounds) -> JsonValue:
    """What answers `message_id` in a whole answer: its result, None when that is an error. Raises WireError.

    `streamed`: the body is a server-sent stream that has ended.
    """
    for document in events_of(body) if streamed else [body]:
        for message in read_sent(bounds.read(document)).messages:
            if message.kind is MessageKind.RESPONSE and message.id == message_id:
                return message.result
    raise WireError("the answer holds no response to the call")


def tools_in(body: bytes, *, streamed: bool, bounds: JsonBounds) -> list[JsonObject] | None:
    """The tools that a whole answer lists, whichever request it answers; None when it lists none. Raises WireError.

    Clients go by the ids of messages, and a server may answer one request in the answer to another.
    """
    documents = [document for document in (events_of(body) if streamed else [body]) if _may_list(document)]
    lists = [tools for document in documents for tools in _lists(bounds.read(document))]
    return [an_object(tool, "/result/tools") for tools in lists for tool in tools] if lists else None


def lists_tools(event: str) -> bool:
    """True for the data of an event that answers a request for a list of tools, or may be read so."""
    data = event.encode("utf-8", "surrogatepass")
    try:
        return _may_list(data) and bool(_lists(JsonBounds().read(data)))
    except WireError:
        return True


def _may_list(document: bytes) -> bool:
    return b'"tools"' in document or b"\\u" in document  # names may be written with escapes


def _lists(document: JsonValue) -> list[list[JsonValue]]:
    messages = read_sent(document).messages
    found = [one.result["tools"] for one in messages if isinstance(one.result, dict) and "tools" in one.result]
    return [tools if isinstance(tools, list) else [tools] for tools in found]


def without_tools(body: bytes, names: Collection[str], *, streamed: bool, bounds: JsonBounds) -> bytes:
    """`body`, a whole answer, without the tools `names` in its lists. All else stays as it came. Raises WireError."""
    if not streamed:
        return _bare(body, names, bounds)
    reader = SseReader()
    return b"".join(
        with_data(event, _bare(event.data.encode("utf-8", "surrogatepass"), names, bounds).decode())
        if event.data and _may_list(event.data.encode("utf-8", "surrogatepass"))
        else event.raw
        for event in [*reader.feed(body), *reader.end()]
    )


def _bare(document: bytes, names: Collection[str], bounds: JsonBounds) -> bytes:
    value = bounds.read(document)
    for message in value if isinstance(value, list) else [value]:
        result = message.get("result") if isinstance(message, dict) else None
        if isinstance(result, dict) and "tools" in result:
            tools = result["tools"] if isinstance(result["tools"], list) else [result["tools"]]
            result["tools"] = [one for one in tools if not (isinstance(one, dict) and one.get("name") in names)]
    return orjson.dumps(value)


def events_of(body: bytes) -> list[bytes]:
    """The data of a server-sent stream that has ended, event by event."""
    reader = SseReader()
    events = [*reader.feed(body), *reader.end()]
    return [event.data.encode("utf-8", "surrogatepass") for event in events if event.data]


def _message(value: JsonValue, at: str) -> Message:
    holder = an_object(value, at)
    if holder.get("jsonrpc") != "2.0":
        raise WireError(f'`{at}/jsonrpc` must be "2.0"')
    if strangers := holder.keys() - _MEMBERS:
        raise WireError(f"`{at or '/'}` has {len(strangers)} members that no JSON-RPC message has")
    answers = [name for name in ("result", "error") if name in holder]
    if "method" in holder:
        if answers:
            raise WireError(f"`{at or '/'}` is a request and a response at once")
        params = an_object(holder.get("params", {}), f"{at}/params")
        method = text(holder, "method", at)
        if "id" not in holder:
            return Message(kind=MessageKind.NOTIFICATION, method=method, params=params)
        return Message(kind=MessageKind.REQUEST, id=_id(holder, at), method=method, params=params)
    if len(answers) != 1:
        raise WireError(f"`{at or '/'}` must have one of `method`, `result` and `error`")
    if "error" in holder:
        an_object(holder["error"], f"{at}/error")
        found = None if holder.get("id") is None else _id(holder, at)
        return Message(kind=MessageKind.RESPONSE, id=found)
    return Message(kind=MessageKind.RESPONSE, id=_id(holder, at), result=holder["result"])


def _id(holder: JsonObject, at: str) -> MessageId:
    found = holder.get("id")
    if isinstance(found, bool) or not isinstance(found, int | str):
        raise WireError(f"`{at}/id` must be a string or a whole number")
    return found


def error_message(message_id: MessageId, *, code: int, message: str, data: JsonObject) -> JsonObject:
    """A JSON-RPC error that answers `message_id`."""
    return {"jsonrpc": "2.0", "id": message_id, "error": {"code": code, "message": message, "data": data}}


def written(messages: list[JsonObject], *, batched: bool) -> bytes:
    """`messages` as a body, in the shape in which they were asked for."""
    return orjson.dumps(messages if batched else messages[0])
