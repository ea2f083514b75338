"""A refusal in MCP's own form: a JSON-RPC error for each message that waits, with the problem document as its data.

Knows what MCP clients show: the error's message. They take no other HTTP status than 200 for an answer to a message.
"""

from __future__ import annotations

import orjson
from msgspec.structs import replace

from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.wire.mcp import MessageId, error_message, written
from aisecops.wire.problem import problem_document, problem_response

REFUSED = -32010
"""Of the codes that JSON-RPC leaves to servers; client libraries give those around -32000 meanings of their own."""

_FRAMING = frozenset({"content-type", "content-length", "www-authenticate"})


def mcp_response(refuse: Refuse, awaited: tuple[MessageId, ...], *, batched: bool) -> HttpResponse:
    """The whole answer to a refused POST in which `awaited` (at least one) wait. Raises nothing."""
    document = orjson.loads(problem_document(refuse, dialect="openai"))
    sentence = document.pop("error")["message"]
    errors = [error_message(one, code=REFUSED, message=sentence, data=document) for one in awaited]
    body = written(errors, batched=batched)
    plain = problem_response(refuse)
    kept = tuple((name, value) for name, value in plain.headers if name.lower() not in _FRAMING)
    headers = (("content-type", "application/json"), *kept, ("content-length", str(len(body))))
    return replace(plain, status=200, headers=headers, body=body)
