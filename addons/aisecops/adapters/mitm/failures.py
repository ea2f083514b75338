"""Upstream failures in words: the request was allowed, and the other side did not do its part.

Not a refusal, so none of our codes: an RFC 9457 problem of type `about:blank`, 502 or 504. Says what is safe to
say; what the upstream sent instead of an answer is never repeated.
"""

from __future__ import annotations

import json

from mitmproxy import connection, http
from mitmproxy.proxy.layers.http._events import ErrorCode, ResponseProtocolError

from aisecops.adapters.mitm.apply import add_headers, make_answer
from aisecops.adapters.mitm.gate import Exchange
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code

TIMED_OUT = "timed out"
CHAIN_FAILED, CHAIN_TOO_SLOW = "upstream proxy: ", "upstream proxy, late: "
"""How a failure of the operator's own proxy begins; the words for the agent follow."""
DIAL_REFUSED = "refused: no admitted request goes there"


def refused_connection(event: ResponseProtocolError, exchange: Exchange | None) -> Refuse | None:
    """The refusal, when it was we who forbade the connection."""
    if exchange is not None and exchange.failed:
        return Refuse(code=Code.INTERNAL, detail="a check of the connection failed, so the answer is no; report it")
    if DIAL_REFUSED in event.message:
        return Refuse(code=Code.DESTINATION_DENIED, detail="no address of the destination may be dialled; look at it")
    return None


def upstream_failure(
    event: ResponseProtocolError | None, exchange: Exchange | None, server: connection.Server | None
) -> http.Response:
    """The answer to an allowed request whose upstream failed."""
    status, detail = _in_words(event, server)
    if exchange is not None:
        detail = f"`{exchange.request.host}:{exchange.request.port}` {detail}"
    else:
        detail = f"the upstream {detail}"
    body = {
        "type": "about:blank",
        "title": "Gateway Timeout" if status == 504 else "Bad Gateway",  # noqa: PLR2004 - the HTTP status
        "status": status,
        "detail": detail,
    }
    headers = (("Content-Type", "application/problem+json"),)
    response = make_answer(HttpResponse(status=status, headers=headers, body=json.dumps(body).encode()))
    if exchange is not None and exchange.forward is not None:
        add_headers(response, exchange.forward.response_headers)
    return response


def _in_words(event: ResponseProtocolError | None, server: connection.Server | None) -> tuple[int, str]:
    if TIMED_OUT in {server.error if server else None, event.message if event else None}:
        return 504, "did not answer in time; try again, or raise the timeout"
    if event is None:
        return 502, "sent an answer that cannot be read"
    for status, begins in ((502, CHAIN_FAILED), (504, CHAIN_TOO_SLOW)):
        if event.message.startswith(begins):
            return status, event.message.removeprefix(begins)
    if event.code is ErrorCode.CONNECT_FAILED:
        if "ertificate verify failed" in event.message:
            return 502, "showed a certificate that is not trusted; add its CA to `upstream.ca`"
        return 502, "could not be reached; check that it is up and speaks TLS where TLS is expected"
    return 502, "closed the connection or broke the protocol before its answer was whole"
