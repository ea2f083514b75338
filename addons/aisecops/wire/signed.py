"""Whether a caller has signed the body of a request, so that nobody on the way can change it unseen.

Knows AWS's signatures (version 4, in a header or in the query) and HTTP message signatures (RFC 9421).
"""

from __future__ import annotations

from aisecops.model.exchange import HttpRequest, values

_AWS = "aws4-"
_AWS_QUERY = "x-amz-signature="


def body_is_signed(request: HttpRequest) -> bool:
    """True when the far side would turn down `request` with another body."""
    if any(value.strip().lower().startswith(_AWS) for value in values(request.headers, "authorization")):
        return True
    query = request.path.partition("?")[2].lower()
    return any(pair.startswith(_AWS_QUERY) for pair in query.split("&")) or bool(
        values(request.headers, "signature-input")
    )
