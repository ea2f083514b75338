"""Whether a caller has signed body or query of a request, so that nobody on the way can change it unseen.

Knows AWS's signatures (version 4, in a header or in the query) and HTTP message signatures (RFC 9421); of queries also
how presigned addresses, OAuth 1 (RFC 5849) and signatures in headers of their own look.
"""

from __future__ import annotations

from aisecops.model.exchange import HttpRequest, values

_AWS = "aws4-"
_AWS_QUERY = "x-amz-signature="
_SIGNED_BY = frozenset(
    {
        *("x-amz-signature", "x-goog-signature", "x-oss-signature", "q-signature", "oauth_signature"),
        *("signature", "sig", "sign", "hmac"),
    }
)
_SCHEMES = (
    _AWS,
    "aws ",
    "goog4-",
    "goog1 ",
    "oss",
    "acs3-",
    "tc3-",
    "sdk-",
    "sharedkey",
    "hawk ",
    "signature ",
    "hmac",
)
_SIGNING_HEADERS = ("signature", "signature-input", "-sign", "-hmac")


def body_is_signed(request: HttpRequest) -> bool:
    """True when the far side would turn down `request` with another body."""
    shown = values(request.headers, "authorization")
    if (shown and any(value.strip().lower().startswith(_AWS) for value in shown)) or values(
        request.headers, "signature-input"
    ):
        return True
    return "?" in request.path and any(
        pair.startswith(_AWS_QUERY) for pair in request.path.partition("?")[2].lower().split("&")
    )


def query_is_signed(request: HttpRequest) -> bool:
    """True when the far side may turn down `request` with another query: rather once too often."""
    names = (pair.partition("=")[0].lower() for pair in request.path.partition("?")[2].split("&"))
    shown = [value.strip().lower() for value in values(request.headers, "authorization")]
    return (
        not _SIGNED_BY.isdisjoint(names)
        or any(one.startswith(_SCHEMES) or "oauth_signature" in one for one in shown)
        or any(name.lower().endswith(_SIGNING_HEADERS) for name, _ in request.headers)
    )
