"""Tells people of held steps where the rules say: in the control plane, on nobody's way.

What is told holds no word of the request itself: what it is, why it was held, what it risks, and where its values came
from. Whoever wants more looks at the approval.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson

from aisecops.gateway.announce import Announcements
from aisecops.gateway.ports import Clock, RuleSource, Store
from aisecops.model.errors import Fault
from aisecops.model.people import AnnounceRule, HookForm
from aisecops.model.state import Approval, ApprovalState
from aisecops.wire.slack import message
from aisecops.wire.webhook import signature_headers

LOOK_EVERY_S = 1.0
EVENT = "approval.requested"
_AT_ONCE = 16
_PATH = frozenset({"provenance", "proposal"})
_log = logging.getLogger(__name__)


class Post(Protocol):
    """Whatever sends one announcement."""

    async def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> str:
        """Empty when it was taken, else why not."""
        ...


class Announcer:
    """Announces what is held. `secret` looks up what the rules name as `env:` or `file:`."""

    def __init__(
        self,
        *,
        store: Store,
        rules: RuleSource,
        clock: Clock,
        secret: Callable[[str], bytes | None],
        post: Post,
        control_url: str,
    ) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock
        self._secret = secret
        self._post = post
        self._control_url = control_url
        self._said = Announcements(store, clock)

    async def run(self) -> None:
        """Look again and again, until it is cancelled."""
        while True:
            try:
                await self.look()
            except Fault as fault:
                _log.warning("what is held could not be announced: %s", fault)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Announce what is due now, everywhere at once. Raises `StoreError`."""
        hooks = self._rules.current().approvals.announce
        if not hooks:
            return
        now_ms = self._clock.now_ms()
        kept = await self._store.list_approvals()
        open_now = [one for one in kept if one.state is ApprovalState.PENDING and one.expires_ms > now_ms]
        room = asyncio.Semaphore(_AT_ONCE)

        async def tell(approval: Approval, hook: AnnounceRule) -> None:
            async with room:
                try:
                    await self._tell(approval, hook)
                except Fault as fault:
                    _log.warning("%s could not be announced: %s", approval.approval_id, fault)

        async with asyncio.TaskGroup() as tasks:
            for approval in reversed(open_now):
                for hook in hooks:
                    tasks.create_task(tell(approval, hook))

    async def _tell(self, approval: Approval, hook: AnnounceRule) -> None:
        if not await self._said.due(approval.approval_id, hook):
            return
        url, secret = self._place(hook), self._secret(hook.secret) if hook.secret else None
        if url is None or (hook.secret and secret is None):
            return  # what cannot be signed, or has no place, is not sent; the log says which source is not set
        shown = told(approval, self._control_url, now_ms=self._clock.now_ms())
        body = orjson.dumps(shown if hook.form is HookForm.JSON else slack_told(approval))
        headers = {"content-type": "application/json", "user-agent": "aisecops"}
        if secret is not None:
            headers |= signature_headers(secret, approval.approval_id, body, now_s=self._clock.now_ms() // 1000)
        if why := await self._post(url, body, headers):
            _log.warning("%s could not be announced at the place of %s: %s", approval.approval_id, hook.place, why)
            return
        await self._said.done(approval.approval_id, hook)

    def _place(self, hook: AnnounceRule) -> str | None:
        if not hook.url.startswith(("env:", "file:")):
            return hook.url
        found = self._secret(hook.url)
        url = found.decode("utf-8", "replace") if found is not None else ""
        return url if url.startswith("https://") else None


def told(approval: Approval, control_url: str, *, now_ms: int) -> dict[str, Any]:
    """The announcement, in the form of the Standard Webhooks specification."""
    request = approval.request
    reasons, path = _why(approval)
    return {
        "type": EVENT,
        "timestamp": _time(now_ms),
        "data": {
            "approval_id": approval.approval_id,
            "run_id": approval.run_id,
            "root_run_id": approval.root_run_id,
            "agent_id": approval.agent_id,
            "tool": approval.tool,
            **{name: request.get(name) for name in ("effect", "scope", "method", "host", "digest", "size_bytes")},
            "found": [str(one).partition(" ")[0] for one in request.get("found", ())],
            "risk": approval.risk,
            "reasons": reasons,
            "path": path,
            "expires_at": _time(approval.expires_ms),
            "answer_url": f"{control_url}/v1/approvals/{approval.approval_id}/webhook",
        },
    }


def slack_told(approval: Approval) -> dict[str, Any]:
    """The announcement as a message with buttons."""
    request, risk = approval.request, approval.risk
    reasons, path = _why(approval)
    fields = {
        "Tool": f"{approval.tool} ({request.get('effect', '')})",
        "On": str(request.get("scope", "")),
        "Agent": approval.agent_id,
        "Run": approval.run_id,
        "To": f"{request.get('method', '')} {request.get('host', '')}".strip(),
        "Risk": f"{risk['before']:g} before, {risk['total']:g} with it; halted from {risk['halt_above']:g}",
        "Until": _time(approval.expires_ms),
    }
    return message(f"{approval.agent_id} asks for {approval.tool}", [*reasons, *path], fields, approval.approval_id)


def _why(approval: Approval) -> tuple[list[str], list[str]]:
    reasons = [str(one["detail"]) for one in approval.evidence if one["code"] not in _PATH]
    return reasons, [str(one["detail"]) for one in approval.evidence if one["code"] in _PATH]


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
