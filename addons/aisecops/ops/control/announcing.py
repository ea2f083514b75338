"""Tells people of held steps where the rules say, and there how each ended: in the control plane, on nobody's way.

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

from aisecops.gateway.people.announce import Announcements
from aisecops.gateway.ports import Clock, RuleSource, Store
from aisecops.model.errors import Fault
from aisecops.model.ids import ApprovalId
from aisecops.model.people import AnnounceRule, HookForm
from aisecops.model.state import Approval, ApprovalState
from aisecops.ops.seldom import Seldom
from aisecops.wire.slack import closing, message
from aisecops.wire.webhook import signature_headers

LOOK_EVERY_S = 1.0
SAID_EVERY_S = 60.0
"""Why nothing can be announced, while that lasts."""
EVENT, ENDED = "approval.requested", "approval.closed"
TELLS_END_FOR_MS = 3_600_000
"""How long after a question is over it is still tried to say so."""
_AT_ONCE = 16
_REMEMBERED = 10_000
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
        self._ended: set[tuple[ApprovalId, str]] = set()

    async def run(self) -> None:
        """Look again and again, until it is cancelled."""
        seldom = Seldom(SAID_EVERY_S)
        while True:
            try:
                await self.look()
            except Fault as fault:
                if seldom.times(str(fault)):
                    _log.warning("what is held could not be announced: %s", fault)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Announce what is due now, everywhere at once. Raises `StoreError`."""
        hooks = self._rules.current().approvals.announce
        if not hooks:
            return
        now_ms = self._clock.now_ms()
        kept = await self._store.list_approvals()
        waits = {one.approval_id for one in kept if one.state is ApprovalState.PENDING and one.expires_ms > now_ms}
        due = [one for one in kept if one.approval_id in waits or _over_ms(one) > now_ms - TELLS_END_FOR_MS]
        room = asyncio.Semaphore(_AT_ONCE)

        async def tell(approval: Approval, hook: AnnounceRule) -> None:
            async with room:
                try:
                    if approval.approval_id in waits:
                        await self._tell(approval.approval_id, hook, approval, ended=False)
                    else:
                        await self._tell_end(approval, hook)
                except Fault as fault:
                    _log.warning("%s could not be announced: %s", approval.approval_id, fault)

        async with asyncio.TaskGroup() as tasks:
            for approval in reversed(due):
                for hook in hooks:
                    tasks.create_task(tell(approval, hook))

    async def _tell_end(self, approval: Approval, hook: AnnounceRule) -> None:
        """Who was told of a question hears how it ended; who was not, hears nothing."""
        key = (approval.approval_id, hook.url)
        if key in self._ended:
            return
        told = await self._said.was_told(approval.approval_id, hook)
        if not told or await self._tell(f"{approval.approval_id}.closed", hook, approval, ended=True):
            self._ended.add(key)
            if len(self._ended) > _REMEMBERED:
                self._ended.clear()  # the store knows it too

    async def _tell(self, name: str, hook: AnnounceRule, approval: Approval, *, ended: bool) -> bool:
        """True when it has been said there under `name`, now or before."""
        if not await self._said.due(name, hook):
            return await self._said.was_told(name, hook)
        url, secret = self._place(hook), self._secret(hook.secret) if hook.secret else None
        if url is None or (hook.secret and secret is None):
            return False  # what cannot be signed, or has no place, is not sent; the log says which source is not set
        if hook.form is HookForm.JSON:
            now_ms = self._clock.now_ms()
            shown = told_end(approval, now_ms=now_ms) if ended else told(approval, self._control_url, now_ms=now_ms)
        else:
            shown = slack_told_end(approval) if ended else slack_told(approval)
        body = orjson.dumps(shown)
        headers = {"content-type": "application/json", "user-agent": "aisecops"}
        if secret is not None:
            headers |= signature_headers(secret, name, body, now_s=self._clock.now_ms() // 1000)
        if why := await self._post(url, body, headers):
            _log.warning("%s could not be announced at the place of %s: %s", name, hook.place, why)
            return False
        await self._said.done(name, hook)
        return True

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
            **_names(approval),
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


def told_end(approval: Approval, *, now_ms: int) -> dict[str, Any]:
    """How it ended: `approved`, `denied` or `expired`, by whom, and why in their words."""
    return {
        "type": ENDED,
        "timestamp": _time(now_ms),
        "data": {
            **_names(approval),
            "outcome": _end(approval),
            "by": approval.answered_by,
            "reason": approval.why,
            "closed_at": _time(_over_ms(approval)),
        },
    }


def slack_told_end(approval: Approval) -> dict[str, Any]:
    """The same as a message without buttons."""
    by = f" by {approval.answered_by}" if approval.answered_by else ""
    title = f"{_end(approval)}{by}: {approval.tool} for {approval.agent_id}"
    fields = {"Run": approval.run_id, "At": _time(_over_ms(approval))}
    return closing(title, [approval.why] if approval.why else [], fields)


def _names(approval: Approval) -> dict[str, str]:
    return {name: getattr(approval, name) for name in ("approval_id", "run_id", "root_run_id", "agent_id", "tool")}


def _end(approval: Approval) -> str:
    """What the person said; a yes stays one when it has served."""
    if approval.state is ApprovalState.USED:
        return ApprovalState.APPROVED.value
    return (ApprovalState.EXPIRED if approval.state is ApprovalState.PENDING else approval.state).value


def _over_ms(approval: Approval) -> int:
    return approval.expires_ms if approval.answered_ms is None else approval.answered_ms


def _why(approval: Approval) -> tuple[list[str], list[str]]:
    reasons = [str(one["detail"]) for one in approval.evidence if one["code"] not in _PATH]
    return reasons, [str(one["detail"]) for one in approval.evidence if one["code"] in _PATH]


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
