"""An OPA server as a `DecisionPoint`, over its REST API (`POST /v1/data/PATH`).

Only `true`, or an object whose `allow` is `true`, is a yes; a rule that is undefined is a no. A server that does not
answer in time, or answers anything else, cannot be asked. After some failures in a row it is not asked for a while, so
that nobody waits for what is not there; every request meanwhile is refused.

In threads with a client of its own: the proxy's event loop resolves no names but those of admitted requests.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import orjson

from aisecops.adapters.policies.question import authzen
from aisecops.gateway.ports import Clock
from aisecops.model.access import AccessRequest
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.engines import OpaRule
from aisecops.model.errors import PolicyError
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet

SERVES = ("AIS-CAP-01",)
FAILURES = 5
THREADS = 8
REST_MS = 2000
MAX_ANSWER_BYTES = 64 * 1024
SHOWN = 8
LONGEST_REASON = 200


class OpaPoint:
    """Asks the server that the rules name. `secret` looks up where a bearer token is; `trust` are PEM files."""

    name = "opa"

    def __init__(self, clock: Clock, *, secret: Callable[[str], bytes | None], trust: Sequence[Path] = ()) -> None:
        context = ssl.create_default_context()
        for file in trust:
            context.load_verify_locations(file)
        self._clock = clock
        self._secret = secret
        self._client = httpx.Client(trust_env=False, verify=context, follow_redirects=False)
        # threads of its own: a server that hangs must not hold up whoever else waits for one
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="opa")
        self._failures = 0
        self._rests_until_ms = 0

    def named_by(self, rules: RuleSet) -> bool:
        return rules.policy.opa is not None

    async def judge(self, rules: RuleSet, asked: AccessRequest) -> Judgment:
        rule = rules.policy.opa
        if rule is None:
            raise PolicyError("the rules name no OPA server")
        if self._clock.now_ms() < self._rests_until_ms:
            raise PolicyError("OPA has failed repeatedly and is not asked for a moment; see that it runs")
        try:
            within_s = rule.timeout_ms / 1000
            answering = asyncio.get_running_loop().run_in_executor(self._threads, self._asked, rule, asked)
            said = await asyncio.wait_for(answering, within_s)
        except (PolicyError, TimeoutError, httpx.HTTPError) as error:
            self._failed()
            why = str(error) if isinstance(error, PolicyError) else f"OPA did not answer within {rule.timeout_ms} ms"
            raise PolicyError(why) from error
        self._failures = 0
        return _judgment(rule, said)

    async def close(self) -> None:
        """Let go of the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._client.close)

    def _failed(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            self._rests_until_ms = self._clock.now_ms() + REST_MS

    def _asked(self, rule: OpaRule, asked: AccessRequest) -> Any:
        """The `result` of OPA's answer, None when it is undefined. Raises `PolicyError`, `httpx.HTTPError`."""
        headers = {"content-type": "application/json"}
        if rule.token:
            if (token := self._secret(rule.token)) is None:
                raise PolicyError(f"`{rule.token}`, OPA's token, is not set")
            headers["authorization"] = f"Bearer {token.decode('latin-1')}"
        url = f"{rule.url.rstrip('/')}/v1/data/{rule.path}"
        body = orjson.dumps({"input": authzen(asked)})
        timeout = rule.timeout_ms / 1000
        with self._client.stream("POST", url, content=body, headers=headers, timeout=timeout) as answer:
            if answer.status_code != httpx.codes.OK:
                raise PolicyError(f"OPA answered {answer.status_code}; its log says why")
            read = b""
            for piece in answer.iter_bytes():
                read += piece
                if len(read) > MAX_ANSWER_BYTES:
                    raise PolicyError("OPA's answer is too long")
        try:
            said = orjson.loads(read)
        except orjson.JSONDecodeError:
            raise PolicyError("OPA's answer cannot be read") from None
        if not isinstance(said, dict):
            raise PolicyError("OPA's answer cannot be read")
        return said.get("result")


def _judgment(rule: OpaRule, said: Any) -> Judgment:
    allowed = said.get("allow") if isinstance(said, dict) else said
    if allowed is True:
        return Judgment(control=OpaPoint.name, verdict=Verdict.ALLOW, serves=SERVES)
    place = f"{rule.path} ({rule.place})"
    words = _reasons(said) or [
        f"OPA has no answer under `{rule.path}`, which is a no" if said is None else f"OPA says no under `{rule.path}`"
    ]
    reasons = tuple(Reason(code=Code.POLICY_DENIED, detail=word, rule=place) for word in words)
    return Judgment(control=OpaPoint.name, verdict=Verdict.DENY, reasons=reasons, serves=SERVES)


def _reasons(said: Any) -> list[str]:
    """The sentences that a policy gives with its no, under `reasons`."""
    given = said.get("reasons") if isinstance(said, dict) else None
    return [text[:LONGEST_REASON] for text in given[:SHOWN] if isinstance(text, str)] if isinstance(given, list) else []
