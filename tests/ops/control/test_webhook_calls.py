"""Answers by webhook, and what attackers make of them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest

from aisecops.model.state import ApprovalState
from aisecops.wire.slack import APPROVE
from aisecops.wire.webhook import WINDOW_S, signature_headers
from support.api import OPERATOR, Api
from support.gateway import RULES, House, send

HOOK, OTHER, SLACK = b"hook's secret", b"another place's secret", b"slack's secret"
SECRETS = {"env:HOOK": HOOK, "env:OTHER": OTHER, "env:SLACK": SLACK}
PEOPLE = """
people:
  abe: {role: approver, secret: "env:ABE", slack: U0ABE}
  vera: {role: viewer, secret: "env:VERA", slack: U0VERA}
  otto: {role: operator, secret: "env:OTTO", slack: U0OTTO}
approvals:
  announce:
    - {url: "https://hooks.test/a", secret: "env:HOOK", answers: [abe, vera]}
    - {url: "https://hooks.test/b", secret: "env:OTHER"}
  slack_secret: "env:SLACK"
"""
HOLDING = RULES.replace("approve_above: 1.5", "approve_above: 0.5").replace("max_cost: 1.00", "max_cost: 100")


class Desk(Api):
    def __init__(self, folder):
        self.replies = []

        async def post(url, body, headers):
            self.replies.append((url, json.loads(body)))
            return ""

        super().__init__(folder, House(HOLDING + PEOPLE), secret=SECRETS.get, post=post)

    @property
    def now_s(self):
        return self.house.clock.ms // 1000

    async def held(self, opened_by="agent:clerk"):
        run = await self.house.run(opened_by=opened_by)
        token = await self.house.token(run, "mail.send", "mail.contacts.ann")
        return (await self.house.ask(run, send(token=token))).approval_id

    async def state(self, approval_id):
        return (await self.house.store.find_approval(approval_id)).state

    def hooked(self, approval_id, *, secret=HOOK, at=0, message="msg_1", **said):
        body = json.dumps(
            {"approval_id": approval_id, "person": "abe", "decision": "approve", "reason": "ok", **said}
        ).encode()
        return body, signature_headers(secret, message, body, now_s=self.now_s + at)

    def pressed(self, approval_id, *, user="U0ABE", secret=SLACK, at=0, url="https://hooks.slack.com/actions/1"):
        said = {"type": "block_actions", "user": {"id": user}, "response_url": url,
                "actions": [{"action_id": APPROVE, "value": approval_id}]}  # fmt: skip
        body = urlencode({"payload": json.dumps(said)}).encode()
        stamp = str(self.now_s + at)
        signature = hmac.new(secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return body, {"x-slack-signature": f"v0={signature}", "x-slack-request-timestamp": stamp}

    async def hook(self, path_id, body, headers):
        return await self.ask("POST", f"/v1/approvals/{path_id}/webhook", headers, body)

    async def slack(self, body, headers):
        return await self.ask("POST", "/v1/webhooks/slack", headers, body)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


async def test_an_answer_by_webhook_is_that_persons_answer(desk):
    approval_id = await desk.held()
    answered = await desk.hook(approval_id, *desk.hooked(approval_id))
    assert (answered.status_code, answered.json()["answered_by"]) == (200, "person:abe")
    assert await desk.state(approval_id) is ApprovalState.APPROVED


async def test_a_button_in_slack_is_that_persons_answer_and_the_message_says_so(desk):
    approval_id = await desk.held()
    assert (await desk.slack(*desk.pressed(approval_id))).status_code == 200
    assert await desk.state(approval_id) is ApprovalState.APPROVED
    [(url, said)] = desk.replies
    assert url == "https://hooks.slack.com/actions/1"
    assert said["blocks"][0]["text"]["text"] == "mail.send of clerk: approved by abe."


@pytest.mark.parametrize("forged", [
    {"secret": b"guessed"}, {"secret": OTHER}, {"at": WINDOW_S + 1}, {"at": -WINDOW_S - 1}, {"person": "otto"},
    {"person": "nobody"},
])  # fmt: skip
async def test_a_webhook_from_elsewhere_from_another_time_or_for_somebody_else_answers_nothing(desk, forged):
    approval_id = await desk.held()
    assert (await desk.hook(approval_id, *desk.hooked(approval_id, **forged))).status_code == 401
    assert await desk.state(approval_id) is ApprovalState.PENDING


@pytest.mark.parametrize(
    "forged", [{"secret": b"guessed"}, {"at": WINDOW_S + 1}, {"at": -WINDOW_S - 1}, {"user": "U0EVIL"}]
)
async def test_a_press_that_slack_has_not_sent_or_of_a_stranger_answers_nothing(desk, forged):
    approval_id = await desk.held()
    assert (await desk.slack(*desk.pressed(approval_id, **forged))).status_code == 401
    assert await desk.state(approval_id) is ApprovalState.PENDING


async def test_what_is_right_comes_in_once(desk):
    first, second = await desk.held(), await desk.held()
    caught = desk.pressed(first)
    codes = [one.status_code for one in await asyncio.gather(*(desk.slack(*caught) for _ in range(5)))]
    assert sorted(codes) == [200, 401, 401, 401, 401]
    hooked = desk.hooked(second)
    assert [(await desk.hook(second, *hooked)).status_code for _ in range(2)] == [200, 401]


async def test_an_answer_to_one_step_is_not_turned_into_one_to_another(desk):
    harmless, dangerous = await desk.held(), await desk.held()
    assert (await desk.hook(dangerous, *desk.hooked(harmless))).status_code == 401
    assert await desk.state(dangerous) is ApprovalState.PENDING


async def test_a_changed_body_breaks_the_signature(desk):
    approval_id = await desk.held()
    body, headers = desk.hooked(approval_id, decision="deny")
    assert (await desk.hook(approval_id, body.replace(b'"deny"', b'"approve"'), headers)).status_code == 401
    body, headers = desk.pressed(approval_id, user="U0VERA")
    assert (await desk.slack(body.replace(b"U0VERA", b"U0ABE"), headers)).status_code == 401
    assert await desk.state(approval_id) is ApprovalState.PENDING


async def test_a_viewer_answers_by_no_way(desk):
    approval_id = await desk.held()
    assert (await desk.hook(approval_id, *desk.hooked(approval_id, person="vera"))).status_code == 403
    assert (await desk.slack(*desk.pressed(approval_id, user="U0VERA"))).status_code == 403
    assert await desk.state(approval_id) is ApprovalState.PENDING


async def test_whoever_opened_the_run_answers_by_no_way_and_is_told_alone(desk):
    approval_id = await desk.held(opened_by="person:abe")
    assert (await desk.hook(approval_id, *desk.hooked(approval_id))).status_code == 403
    assert (await desk.slack(*desk.pressed(approval_id))).status_code == 200
    assert await desk.state(approval_id) is ApprovalState.PENDING
    [(_, said)] = desk.replies
    assert said["response_type"] == "ephemeral"
    assert "opened the run" in said["blocks"][0]["text"]["text"]


@pytest.mark.parametrize(
    "url", ["https://evil.test/x", "http://hooks.slack.com/x", "https://hooks.slack.com@evil.test/x", ""]
)
async def test_replies_go_to_slack_and_nowhere_else(desk, url):
    approval_id = await desk.held()
    assert (await desk.slack(*desk.pressed(approval_id, url=url))).status_code == 200
    assert desk.replies == []


async def test_a_secret_of_the_api_does_not_stand_for_a_signature(desk):
    approval_id = await desk.held()
    body, _ = desk.hooked(approval_id)
    assert (await desk.hook(approval_id, body, OPERATOR)).status_code == 401
    assert (await desk.slack(desk.pressed(approval_id)[0], OPERATOR)).status_code == 401


async def test_where_the_rules_know_of_no_webhooks_none_answers(tmp_path):
    plain = Api(tmp_path, House(HOLDING), secret=SECRETS.get)
    body = b"payload=%7B%7D"
    signature = hmac.new(b"", b"v0:%d:" % (plain.house.clock.ms // 1000) + body, hashlib.sha256).hexdigest()
    headers = {"x-slack-signature": f"v0={signature}", "x-slack-request-timestamp": str(plain.house.clock.ms // 1000)}
    assert (await plain.ask("POST", "/v1/webhooks/slack", headers, body)).status_code == 401
