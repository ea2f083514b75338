"""An installation whose tool or model speaks over a WebSocket, and the other side of that."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from support.installation import Installation
from support.installation_rules import RULES
from support.websockets import Talk

FEED_HOST = "ws.example"
_FEED = f"""
  orders.feed:
    match: {{host: {FEED_HOST}, method: WEBSOCKET, path: /feed}}
    effect: read
    base_risk: 0
    trust: internal
    scope: "feed.orders"
models:"""
_GRANT = '- {tool: step.run, scope: "steps.*"}'


def with_feed(rules: str = RULES) -> str:
    """`rules` with the tool `orders.feed`, a WebSocket, that the clerk may use."""
    return rules.replace("\nmodels:", _FEED).replace(
        _GRANT, f'{_GRANT}\n      - {{tool: orders.feed, scope: "feed.*"}}'
    )


@contextlib.contextmanager
def talked(installation: Installation, host: str = FEED_HOST) -> Iterator[Installation]:
    """`installation`, running, whose `host` is its `talk`; at the end it stops cleanly or the test fails."""
    talk = Talk(installation.context_for(host))
    installation.elsewhere = {f"{host}:443": f"127.0.0.1:{talk.port}"}
    installation.start()
    installation.talk = talk
    try:
        yield installation
    finally:
        talk.close()
        assert installation.stop() == 0, installation.said()
