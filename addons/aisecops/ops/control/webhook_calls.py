"""Answers that come in by signed webhooks: from where a step was announced, and from buttons in Slack.

The signature says where an answer comes from, the rules whose answers may come from there. From then on it is that
person's answer like any other: what their role may, and never for a run they opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import orjson
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from aisecops.gateway.people.approve import Approvals
from aisecops.gateway.ports import Clock, RuleSource, Store
from aisecops.model.ids import ApprovalId, TokenId
from aisecops.model.outcome import Refuse
from aisecops.model.people import PersonRule
from aisecops.model.refusals import Code
from aisecops.ops.control import shapes
from aisecops.ops.control.announcing import Post
from aisecops.ops.control.answering import as_json, problem, read_body
from aisecops.ops.control.door import Call
from aisecops.ops.control.who import Asker, as_person
from aisecops.wire.slack import Pressed, read_pressed, reply
from aisecops.wire.webhook import WINDOW_S, Signed, signed_by, signed_by_slack

SLACK_REPLIES = frozenset({"hooks.slack.com"})
BY_BUTTON = "by a button in Slack"


class WebhookCalls:
    """The calls that webhooks make. `reply_hosts` are where Slack takes replies."""

    def __init__(
        self,
        *,
        store: Store,
        rules: RuleSource,
        approvals: Approvals,
        clock: Clock,
        secret: Callable[[str], bytes | None],
        post: Post,
        reply_hosts: frozenset[str] = SLACK_REPLIES,
    ) -> None:
        self._store = store
        self._rules = rules
        self._approvals = approvals
        self._clock = clock
        self._secret = secret
        self._post = post
        self._reply_hosts = reply_hosts

    def calls(self) -> Sequence[Call]:
        """All of them."""
        return (
            Call("POST", "/v1/approvals/{approval_id}/webhook", "answer", self.by_hook, self._hooked),
            Call("POST", "/v1/webhooks/slack", "answer", self.by_slack, self._pressed),
        )

    async def by_hook(self, request: Request, asker: Asker) -> Response:
        said: shapes.HookAnswerBody = request.state.said
        approval_id = ApprovalId(said.approval_id)
        answered = await self._approvals.answer(
            approval_id, approve=said.decision == "approve", by=asker.title, why=said.reason
        )
        return problem(answered) if isinstance(answered, Refuse) else as_json(shapes.shown_approval(answered))

    async def by_slack(self, request: Request, asker: Asker) -> Response:
        pressed: Pressed = request.state.said
        answered = await self._approvals.answer(
            ApprovalId(pressed.approval_id), approve=pressed.approve, by=asker.title, why=BY_BUTTON
        )
        if isinstance(answered, Refuse):
            shown = reply(f"That did not count: {answered.detail}.", to_all=False)
        else:
            shown = reply(f"{answered.tool} of {answered.agent_id}: {answered.state} by {asker.name}.", to_all=True)
        # Slack wants its 200 at once; what came of it is told afterwards
        return Response(status_code=200, background=BackgroundTask(self._reply, pressed.answer_url, shown))

    async def _hooked(self, request: Request) -> Asker | Refuse:
        """Whose answer a webhook brings.

        1. signed with the secret of a place from where answers may come, just now
        2. come in for the first time
        3. about the approval of this path, from somebody whose answers may come from there
        """
        body = await read_body(request)
        rules = self._rules.current()
        # 1
        for hook in rules.approvals.announce:
            secret = self._secret(hook.secret) if hook.answers and hook.secret else None
            signed = signed_by(secret, request.headers, body, now_s=self._now_s()) if secret else None
            if signed is not None:
                break
        else:
            return _unsigned()
        # 2
        if not await self._first(signed):
            return _again()
        # 3
        said = shapes.read(body, shapes.HookAnswerBody)
        person = rules.people.get(said.person) if said.person in hook.answers else None
        if person is None or said.approval_id != request.path_params["approval_id"]:
            return Refuse(code=Code.IDENTITY_REQUIRED, detail="this answer may not come from there")
        request.state.said = said
        return _asker(person)

    async def _pressed(self, request: Request) -> Asker | Refuse:
        """Who pressed a button: signed by Slack just now, for the first time, somebody whom the rules name."""
        body = await read_body(request)
        rules = self._rules.current()
        source = rules.approvals.slack_secret
        secret = self._secret(source) if source else None
        signed = signed_by_slack(secret, request.headers, body, now_s=self._now_s()) if secret else None
        if signed is None:
            return _unsigned()
        if not await self._first(signed):
            return _again()
        pressed = read_pressed(body)
        for person in rules.people.values():
            if person.slack and person.slack == pressed.user:
                request.state.said = pressed
                return _asker(person)
        return Refuse(code=Code.IDENTITY_REQUIRED, detail="the rules name nobody with this Slack member id")

    async def _first(self, signed: Signed) -> bool:
        """True once: it is kept for longer than its time could be taken for now."""
        expires_ms = self._clock.now_ms() + 2 * WINDOW_S * 1000
        return await self._store.use_token(TokenId(signed.once), uses=1, expires_ms=expires_ms)

    async def _reply(self, url: str, shown: dict[str, object]) -> None:
        place = urlsplit(url)
        if place.scheme == "https" and place.netloc in self._reply_hosts:
            await self._post(url, orjson.dumps(shown), {"content-type": "application/json"})

    def _now_s(self) -> int:
        return self._clock.now_ms() // 1000


def _asker(person: PersonRule) -> Asker:
    return as_person(person.name, person.role)


def _unsigned() -> Refuse:
    return Refuse(code=Code.IDENTITY_REQUIRED, detail="this is not signed as the rules ask, or not just now")


def _again() -> Refuse:
    return Refuse(code=Code.IDENTITY_REQUIRED, detail="this came in before")
