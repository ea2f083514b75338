"""The caller's own span, as the W3C's trace header says it: linked in telemetry, never judged."""

from __future__ import annotations

import re

from aisecops.model.exchange import Headers, values

_FORM = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent_in(headers: Headers) -> str:
    """The one `traceparent` that was sent; nothing for what is none, and for two of them."""
    found = values(headers, "traceparent")
    return found[0] if len(found) == 1 and _FORM.fullmatch(found[0]) else ""
