"""Shows capability tokens with requests: asks for one when the gateway wants it, keeps it, and renews it in time.

The gateway's refusal says which token it wants (`request_token`), so that nothing has to be known of tools and scopes.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from aisecops.client.gateway import CONTROL, Refused, document
from aisecops.client.key import Key
from aisecops.controls.tokens.claims import read_claims
from aisecops.controls.tokens.codec import split
from aisecops.model.errors import WireError

RENEW_S = 10.0
"""A token that ends within this is renewed before it is shown."""

MOST_KEPT = 256
_TRIES = 2


@dataclass(frozen=True, slots=True)
class _Kept:
    asked: dict[str, Any]
    token: str
    ends_s: float


class CapabilityAuth(httpx.Auth):
    """`httpx` authentication for one run. `key` binds every token to it; `wait` repeats a held request so often.

    A request that waits for a person is held by the gateway for a while each time; with `wait` 0 its refusal is
    returned, with the `approval_id` in it. Raises `Refused` when the control plane gives no token.
    """

    requires_request_body = True
    requires_response_body = True

    def __init__(self, *, key: Key | None = None, wait: int = 0, ttl: str | None = None) -> None:
        self._key = key
        self._wait = wait
        self._more = {**({"cnf": key.confirmation} if key else {}), **({"ttl": ttl} if ttl else {})}
        self._kept: dict[tuple[str, str], _Kept] = {}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """One request, its token before it where one is known, and what the gateway asks for on the way."""
        place = request.method, str(request.url.copy_with(query=None, fragment=None))
        token = yield from self._still_good(place)
        tries, waits = _TRIES, self._wait
        while True:
            if token:
                self._show(request, token)
            problem = _refusal((yield request))
            wanted, held = problem.get("request_token"), problem.get("approval_id")
            if isinstance(wanted, dict) and tries:
                tries -= 1
                token = yield from self._asked(place, wanted)
            elif isinstance(held, str) and waits:
                waits -= 1
                request.headers["AISecOps-Approval"] = held
            else:
                return

    def _show(self, request: httpx.Request, token: str) -> None:
        request.headers["AISecOps-Capability"] = token
        if self._key is not None:
            request.headers["DPoP"] = self._key.proof(method=request.method, url=str(request.url), token=token)

    def _still_good(self, place: tuple[str, str]) -> Generator[httpx.Request, httpx.Response, str]:
        kept = self._kept.get(place)
        if kept is None:
            return ""
        if kept.ends_s - _now_s() > RENEW_S:
            return kept.token
        return (yield from self._asked(place, kept.asked))

    def _asked(
        self, place: tuple[str, str], wanted: Mapping[str, Any]
    ) -> Generator[httpx.Request, httpx.Response, str]:
        asked = {**wanted, **self._more}
        answer = yield httpx.Request("POST", f"{CONTROL}/v1/tokens", json=asked)
        said = document(answer)
        token, ends_s = said.get("token"), said.get("expires_at")
        if not answer.is_success or not isinstance(token, str) or not isinstance(ends_s, int | float):
            self._kept.pop(place, None)
            raise Refused(said or {"status": answer.status_code, "detail": "no token was given, and no reason"})
        if _serves_often(token):
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[place] = _Kept(asked=dict(wanted), token=token, ends_s=ends_s)
        return token


def _refusal(answer: httpx.Response) -> dict[str, Any]:
    """The gateway's own refusal; empty for every other answer, whatever an upstream writes into one."""
    ours = "AISecOps-Decision" in answer.headers  # the gateway takes this name out of what upstreams say
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    if not ours or answer.is_success or kind != "application/problem+json":
        return {}
    try:
        said = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _serves_often(token: str) -> bool:
    try:
        return read_claims(split(token).payload, "").uses is None
    except WireError:
        return False


def _now_s() -> float:
    return time.time()  # noqa: TID251 - this is the agent's own process
