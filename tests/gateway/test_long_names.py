"""Names that a sender makes up, as long as they like and never twice: nothing of them stays when they are gone."""

from __future__ import annotations

import json
import tracemalloc

from aisecops.gateway.step.classify import classify
from aisecops.model.exchange import HttpRequest
from aisecops.wire.media_type import media_type
from aisecops.wire.parts import outgoing_parts
from support.gateway import rules_of

LONG = 50_000
SENT = 40


def test_they_fill_no_memory() -> None:
    rules = rules_of()

    def looked_at(number: int) -> None:
        name = f"x-{number}-{'n' * LONG}"
        headers = ((name, "v"), ("Content-Type", f'application/json; note="{name}"'))
        body = json.dumps({name: {name: "v"}}).encode()
        for host in (name, "crm.internal"):
            asked = HttpRequest(
                method="POST", scheme="https", host=host, port=443, path=f"/{name}", headers=headers, body=body
            )
            media_type(headers)
            classify(rules, asked)
            outgoing_parts(asked, body)

    looked_at(0)
    tracemalloc.start()
    try:
        for number in range(1, SENT):
            looked_at(number)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < SENT * LONG / 4
