from __future__ import annotations

import pytest

from aisecops.gateway.settlement.streamed import is_event_stream, streamed_as
from aisecops.model.exchange import HttpResponse


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Content-Type": "Text/Event-Stream; charset=utf-8"}, "text/event-stream"),
        ({"Content-Type": "application/x-ndjson"}, "application/x-ndjson"),
        ({"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}, ""),
        ({}, ""),
    ],
)
def test_an_answer_is_read_as_it_comes_only_when_its_head_says_how(headers: dict[str, str], kind: str) -> None:
    response = HttpResponse(status=200, headers=tuple(headers.items()), body=b"")
    assert streamed_as(response) == kind
    assert is_event_stream(response) is (kind == "text/event-stream")
