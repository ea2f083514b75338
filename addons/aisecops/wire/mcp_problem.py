"""A refusal in MCP's own form: a JSON-RPC error for each message that waits, with the problem document as its data.

Knows what MCP clients show: the error's message. They take no other HTTP status than 200 for an answer to a message.
"""

from __future__ import annotations

import orjson
from msgspec.structs import replace

from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.wire.fields import JsonObject
from aisecops.wire.mcp import MessageId, error_message, written
from aisecops.wire.problem import problem_document, problem_response

REFUSED = -32010
"""Of the codes that JSON-RPC leaves to servers; client libraries give those around -32000 meanings of their own."""

_FRAMING = frozenset({"content-type", "content-length", "www-authenticate"})


def mcp_response(refuse: Refuse, awaited: tuple[MessageId, ...], *, batched: bool) -> HttpResponse:
    """The whole answer to a refused POST in which `awaited` (at least one) wait. Raises nothing."""
    body = written(mcp_errors(refuse, awaited), batched=batched)
    plain = problem_response(refuse)
    kept = tuple((name, value) for name, value in plain.headers if name.lower() not in _FRAMING)
    headers = (("content-type", "application/json"), *kept, ("content-length", str(len(body))))
    return replace(plain, status=200, headers=headers, body=body)


def mcp_events(refuse: Refuse, awaited: tuple[MessageId, ...]) -> bytes:
    """The same at the end of a stream; where nothing waits, a log message, which a server may send at any time."""
    told = mcp_errors(refuse, awaited)
    if not told:
        document = orjson.loads(problem_document(refuse))
        said = {"level": "error", "logger": "aisecops", "data": document}
        told = [{"jsonrpc": "2.0", "method": "notifications/message", "params": said}]
    return b"".join(b"event: message\ndata: " + orjson.dumps(one) + b"\n\n" for one in told)


def mcp_errors(refuse: Refuse, awaited: tuple[MessageId, ...]) -> list[JsonObject]:
    """The messages that tell each of `awaited` of `refuse`, or of its own refusal where it has one."""
    if refuse.each:
        return [error for ids, one in refuse.each for error in mcp_errors(one, ids)]
    # what a model provider's client would show is what an MCP client shows: one sentence
    document = orjson.loads(problem_document(refuse, dialect="openai"))
    sentence = document.pop("error")["message"]
    return [error_message(one, code=REFUSED, message=sentence, data=document) for one in awaited]
