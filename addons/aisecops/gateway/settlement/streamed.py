"""What kind of stream an answer is, by its head alone."""

from __future__ import annotations

from aisecops.model.exchange import HttpResponse, values


def is_event_stream(response: HttpResponse) -> bool:
    """True for an uncompressed server-sent stream: the only kind that is passed on as it comes, but for models'."""
    return streamed_as(response) == "text/event-stream"


def streamed_as(response: HttpResponse) -> str:
    """The media type of an answer that can be read as it comes; empty for a compressed one, which cannot."""
    kinds = values(response.headers, "content-type")
    encoded = values(response.headers, "content-encoding")
    return "" if encoded or not kinds else kinds[0].partition(";")[0].strip().lower()
