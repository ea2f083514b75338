"""Held steps announced to a real receiver over TLS on loopback."""

from __future__ import annotations

import json
import ssl

import pytest
from msgspec.structs import replace

from aisecops.adapters.control.hooks import Hooks
from aisecops.gateway.people.announce import BACKOFF_MS
from aisecops.model.finding import Finding
from aisecops.model.provenance import Span
from aisecops.model.state import ApprovalState
from aisecops.ops.control.announcing import Announcer
from aisecops.wire.webhook import signed_by
from support.certificates import SERVER, Authority
from support.gateway import RULES, House, request, rules_of
from support.upstream import running_upstream, say

CARD = "4111 1111 1111 1111"
SECRETS = {"env:HOOK": b"hook's secret", "env:URL": b""}
HOLDING = RULES.replace("approve_above: 1.5", "approve_above: 0.5").replace("max_cost: 1.00", "max_cost: 100")
NO = b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("hooks"), "hooks test CA")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.certified("localhost", use=SERVER).pair)
    with running_upstream(tls) as upstream:
        upstream.ca = authority.file
        yield upstream


class Desk:
    def __init__(self, receiver, hooks, places):
        self.house = House(f"{HOLDING}\napprovals: {{announce: [{places}]}}\n")
        self.announcer = Announcer(
            store=self.house.store, rules=self.house.rules, clock=self.house.clock,
            secret=lambda source: SECRETS.get(source) or None, post=hooks.post, control_url="https://control.test",
        )  # fmt: skip

    async def held(self, text="hello"):
        run = await self.house.run()
        token = await self.house.token(run, "mail.send", "mail.contacts.ann")
        asked = request("POST", "https://mail.example/send", body={"to": "ann", "text": text}, token=token)
        return (await self.house.ask(run, asked)).approval_id


@pytest.fixture
async def desk(receiver):
    receiver.reset()
    hooks = Hooks(trust=[receiver.ca])
    SECRETS["env:URL"] = f"https://localhost:{receiver.port}/services/T0/secret-path".encode()

    def made(places=""):
        usual = f'{{url: "https://localhost:{receiver.port}/held", secret: "env:HOOK"}}'
        return Desk(receiver, hooks, places or usual)

    yield made
    await hooks.close()


def received(receiver):
    """Headers and body of each request that came."""
    for connection in receiver.connections:
        for part in bytes(connection).split(b"POST /")[1:]:
            head, _, body = part.partition(b"\r\n\r\n")
            lines = [line.partition(b": ") for line in head.split(b"\r\n")[1:]]
            yield {name.decode().lower(): value.decode() for name, _, value in lines}, body


async def test_a_held_step_is_announced_once_signed_and_says_what_it_is_and_not_its_words(receiver, desk):
    one = desk()
    approval_id = await one.held("meet me at noon")
    await one.announcer.look()
    await one.announcer.look()
    [(headers, body)] = received(receiver)
    now_s = one.house.clock.ms // 1000
    assert signed_by(b"hook's secret", headers, body, now_s=now_s) is not None
    assert headers["webhook-id"] == approval_id
    said = json.loads(body)
    assert said["type"] == "approval.requested"
    assert (said["data"]["tool"], said["data"]["scope"]) == ("mail.send", "mail.contacts.ann")
    assert said["data"]["risk"]["total"] == 0.8
    assert said["data"]["answer_url"] == f"https://control.test/v1/approvals/{approval_id}/webhook"
    assert b"meet me" not in body


async def test_a_receiver_that_says_no_is_tried_again_later_and_only_as_long_as_it_is_open(receiver, desk):
    one = desk()
    approval_id = await one.held()
    receiver.answer = say(NO)
    for wait_ms in BACKOFF_MS[:2]:
        await one.announcer.look()
        one.house.clock.ms += wait_ms
    assert receiver.requests == 2
    await one.house.approvals.answer(approval_id, approve=False, by="operator:local", why="")
    await one.announcer.look()
    assert receiver.requests == 2  # who never heard the question is not told its end


@pytest.mark.parametrize(
    ("approve", "outcome", "by"), [(True, "approved", "person:ann"), (False, "denied", "person:ann"), (None, "expired", "")]
)  # fmt: skip
async def test_who_was_told_of_a_step_is_told_once_how_it_ended(receiver, desk, approve, outcome, by):
    one = desk()
    approval_id = await one.held()
    await one.announcer.look()
    if approve is None:
        one.house.clock.ms = (await one.house.store.find_approval(approval_id)).expires_ms
    else:
        await one.house.approvals.answer(approval_id, approve=approve, by=by, why="looked at it")
    await one.announcer.look()
    await one.announcer.look()
    anew = desk()  # a control plane that starts anew says nothing twice
    anew.announcer._said = one.announcer._said
    anew.announcer._store = one.house.store
    await anew.announcer.look()
    _, (headers, body) = received(receiver)
    now_s = one.house.clock.ms // 1000
    assert signed_by(b"hook's secret", headers, body, now_s=now_s) is not None
    assert headers["webhook-id"] == f"{approval_id}.closed"
    said = json.loads(body)
    assert (said["type"], said["data"]["outcome"], said["data"]["by"]) == ("approval.closed", outcome, by)


async def test_an_end_is_tried_again_for_an_hour_and_a_yes_that_served_is_a_yes(receiver, desk):
    one = desk('{url: "env:URL", form: slack}')
    approval_id = await one.held()
    await one.announcer.look()
    await one.house.approvals.answer(approval_id, approve=True, by="person:ann", why="")
    approved = await one.house.store.find_approval(approval_id)
    await one.house.store.swap_approval(approved, replace(approved, state=ApprovalState.USED))
    receiver.answer = say(NO)
    await one.announcer.look()
    one.house.clock.ms += BACKOFF_MS[0]
    await one.announcer.look()
    assert receiver.requests == 3
    _, _, (_, body) = received(receiver)
    assert json.loads(body)["blocks"][0]["text"]["text"].startswith("approved by person:ann: mail.send")
    assert not any(block["type"] == "actions" for block in json.loads(body)["blocks"])
    one.house.clock.ms += 3_600_000
    await one.announcer.look()
    assert receiver.requests == 3


async def test_a_receiver_that_is_gone_holds_up_nobody_else(receiver, desk):
    here = f'{{url: "https://localhost:{receiver.port}/held", secret: "env:HOOK"}}'
    one = desk(f'{{url: "https://localhost:1/gone", secret: "env:HOOK"}}, {here}')
    await one.held()
    await one.announcer.look()
    assert receiver.requests == 1


async def test_what_cannot_be_signed_is_not_sent(receiver, desk):
    one = desk(f'{{url: "https://localhost:{receiver.port}/held", secret: "env:UNSET"}}')
    await one.held()
    await one.announcer.look()
    assert receiver.requests == 0


async def test_a_place_that_is_a_secret_is_looked_up_and_is_nowhere_in_the_log(receiver, desk, caplog):
    one = desk('{url: "env:URL", form: slack}')
    approval_id = await one.held()
    receiver.answer = say(NO)
    await one.announcer.look()
    [(_, body)] = received(receiver)
    assert json.loads(body)["blocks"][-1]["block_id"] == approval_id
    assert approval_id in caplog.text
    assert "secret-path" not in caplog.text


async def test_announcing_is_on_nobodys_way(receiver, desk):
    one = desk('{url: "https://localhost:1/gone", secret: "env:HOOK"}')
    approval_id = await one.held()  # nobody looks meanwhile: the step is held all the same
    assert (await one.house.store.find_approval(approval_id)).state is ApprovalState.PENDING


async def test_what_was_found_is_named_by_its_kind_and_is_nowhere_in_what_is_kept_or_sent(receiver, desk):
    one = desk()
    text = f"card {CARD}"
    span = Span(start=text.index(CARD), end=len(text))
    one.house.scanner.found = (
        Finding(entity="CREDIT_CARD", where="body:/text", span=span, confidence=1.0, fingerprint="f"),
    )
    egress = "egress: {detectors: [{entity: CREDIT_CARD, to: any, action: hold}]}"
    before = one.house.rules.rules
    one.house.rules.rules = replace(before, egress=rules_of(f"version: 1\n{egress}\n").egress)
    approval_id = await one.held(text)
    await one.announcer.look()
    kept = await one.house.store.find_approval(approval_id)
    [(_, body)] = received(receiver)
    assert json.loads(body)["data"]["found"] == ["CREDIT_CARD"]
    assert kept.request["body"] == '{"to":"ann","text":"card <CREDIT_CARD>"}'
    assert CARD not in repr(kept) + body.decode() + repr(one.house.record.events)
