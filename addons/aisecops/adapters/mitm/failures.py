"""Upstream failures in words: the request was allowed, and the other side did not do its part.

Not a refusal, so none of our codes: an RFC 9457 problem of type `about:blank`; 502, 504 when it was late, 503 when its
answer found no room. Says what is safe to say; what the upstream sent instead of an answer is never repeated.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from mitmproxy import http
from mitmproxy.proxy.layers.http._events import ErrorCode, ResponseProtocolError

from aisecops.adapters.mitm.apply import add_headers, make_answer
from aisecops.adapters.mitm.bounds import Bound, Bounds
from aisecops.adapters.mitm.exchange import Exchange
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code

NO_ROOM = "no room for the answer"
TOO_LARGE = "the answer is too large"
CHAIN_FAILED, CHAIN_TOO_SLOW = "upstream proxy: ", "upstream proxy, late: "
"""How a failure of the operator's own proxy begins; the words for the agent follow."""
_NOT_DELIVERED = {
    NO_ROOM: (
        503,
        "answered, and there was no room for it (`limits.buffered_bytes`); what was asked may have been done",
    ),
    TOO_LARGE: (
        502,
        "answered with more than `limits.max_answer_bytes`; with `stream: true` in its rule it would pass in pieces",
    ),
}
_NOT_TRUSTED = "that is not trusted; add its CA to `upstream.ca`"
_CERTIFICATES = {
    "has expired": "that has expired; who runs it has to renew it",
    "not yet valid": "whose time has not come; look at its clock and at this one",
    "hostname mismatch": "for another name; look at where its address leads",
}
"""By a part of what OpenSSL says of it, in both lanes."""
DIAL_REFUSED = "refused: no admitted request goes there"


def refused_connection(event: ResponseProtocolError, exchange: Exchange | None) -> Refuse | None:
    """The refusal, when it was we who forbade the connection."""
    if exchange is not None and exchange.failed:
        return Refuse(code=Code.INTERNAL, detail="a check of the connection failed, so the answer is no; report it")
    if DIAL_REFUSED in event.message:
        return Refuse(code=Code.DESTINATION_DENIED, detail="no address of the destination may be dialled; look at it")
    return None


def upstream_failure(event: ResponseProtocolError | None, exchange: Exchange | None) -> http.Response:
    """The answer to an allowed request whose upstream failed."""
    passed = exchange.clock.passed if exchange else None
    if exchange is not None and passed is not None:
        status, detail = 504, in_time(passed, exchange.clock.bounds)
    else:
        status, detail = _in_words(event)
    if exchange is not None:
        detail = f"`{exchange.request.host}:{exchange.request.port}` {detail}"
    else:
        detail = f"the upstream {detail}"
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    headers = (("Content-Type", "application/problem+json"),)
    response = make_answer(HttpResponse(status=status, headers=headers, body=json.dumps(body).encode()))
    if exchange is not None and exchange.forward is not None:
        add_headers(response, exchange.forward.response_headers)
    return response


def in_time(bound: Bound, bounds: Bounds) -> str:
    """What an upstream did not do within `bound`, and which setting says so."""
    said, setting, seconds = {
        Bound.CONNECT: ("could not be connected to within", "connect_seconds", bounds.connect_s),
        Bound.FIRST_BYTE: ("did not begin its answer within", "first_byte_seconds", bounds.first_byte_s),
        Bound.IDLE: ("sent nothing more of its answer for", "idle_seconds", bounds.idle_s),
        Bound.TOTAL: ("did not finish its answer within", "total_seconds", bounds.total_s),
        Bound.BODY: ("got no whole body within", "body_seconds", bounds.body_s),
    }[bound]
    return f"{said} {seconds:g} s; try again, or raise `limits.{setting}`"


def _in_words(event: ResponseProtocolError | None) -> tuple[int, str]:
    if event is not None and event.message in _NOT_DELIVERED:
        return _NOT_DELIVERED[event.message]
    if event is None:
        return 502, "sent an answer that cannot be read"
    for status, begins in ((502, CHAIN_FAILED), (504, CHAIN_TOO_SLOW)):
        if event.message.startswith(begins):
            return status, event.message.removeprefix(begins)
    if event.code is ErrorCode.CONNECT_FAILED:
        said = event.message.lower()
        if "certificate verify failed" in said:
            wrong = next((words for mark, words in _CERTIFICATES.items() if mark in said), _NOT_TRUSTED)
            return 502, f"showed a certificate {wrong}"
        return 502, "could not be reached; check that it is up and speaks TLS where TLS is expected"
    return 502, "closed the connection or broke the protocol before its answer was whole"
