"""What is done about what leaves, each action and each way to let something pass: on a real installation, by its clients.

The rules of one installation say another thing of each kind: held, counted, blocked to one place only, in text of one
tier, beside content of one label; and what is allowed all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from support.installation import Installation, fresh, installed
from support.installation_rules import CARD, RULES
from support.installation_upstream import answering
from support.packing import jpeg, png
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

MAIL, PHONE, ADDRESS, IBAN, SSN = (
    "ann@corp-mail.com", "+44 20 7946 0958", "203.0.113.77", "DE89 3704 0044 0532 0130 00", "219-09-9998",
)  # fmt: skip
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
PAGE = f"The harbour master counted forty cranes before the tide turned, and asks for the fee to be paid to {IBAN}."
DOSSIER = "The customer was seen at the northern quay on three evenings and spoke to nobody there about the crane."
BEFORE, _, _ = RULES.partition("egress:\n")
EGRESS = """egress:
  unread: media
  labels: {confidential: {to: [internal, model]}}
  detectors:
    - {entity: SECRET, to: any, action: block}
    - {entity: PHONE_NUMBER, to: internal, action: hold}
    - {entity: IP_ADDRESS, to: internal, action: count}
    - {entity: EMAIL_ADDRESS, to: internal, action: block}
    - {entity: CREDIT_CARD, to: memory, action: block}
    - {entity: IBAN_CODE, to: model, action: block, tier: external}
    - {entity: US_SSN, to: model, action: block, label: confidential}
  allow:
    - {entity: EMAIL_ADDRESS, field: /footer, to: internal, until: 2999-01-31, reason: "our own press address"}
    - {entity: EMAIL_ADDRESS, agent: rival, to: internal, until: 2999-01-31, reason: "it writes the address book"}
    - {entity: EMAIL_ADDRESS, field: /old, to: internal, until: 2020-01-31, reason: "until the move"}
"""
NOTES = """tools:
  notes.write:
    match: {host: db.internal, method: POST, path: "/notes/*"}
    effect: memory-write
    base_risk: 0
    trust: internal
    scope: "notes.{path[1]}"
"""
GRANT = '- {tool: step.run, scope: "steps.*"}'
OWN = (
    BEFORE.replace("tools:\n", NOTES).replace(GRANT, f'{GRANT}\n      - {{tool: notes.write, scope: "notes.*"}}')
    + EGRESS
)


def world(request: bytes, send) -> None:
    """As ever; a page that names an account, and a customer's file that is confidential."""
    path = request.split(b" ", 2)[1].decode()
    if path.startswith("/page"):
        body, kind = PAGE.encode(), "text/plain"
    elif path.startswith("/v1/customers/dossier"):
        body, kind = json.dumps({"customers": [{"note": DOSSIER}]}).encode(), "application/json"
    else:
        answering(request, send)
        return
    send(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("actions"), rules=OWN, hold_seconds=0) as installation:
        installation.upstream.answer = world
        yield installation


def written(own, body, *, agent="clerk", kind="orders", run=None, **headers):
    """Posts `body` to an order, or a note, of its own; the answer, and whether it arrived."""
    run, name = run or own.run(agent), fresh("o")
    tool = {"orders": "orders.write", "notes": "notes.write"}[kind]
    shown = own.with_token(run, tool, f"{kind}.{name}") | headers
    said = own.ask(run, "POST", f"https://db.internal/{kind}/{name}", headers=shown, body=body)
    return said, bool(own.received(name))


def told(own, run, *messages):
    body = {
        "model": "gpt-4o",
        "messages": [{"role": role, "content": text, "tool_call_id": "c1"} for role, text in messages],
    }
    return own.ask(run, "POST", "https://api.openai.com/v1/chat/completions", body=body)


def test_what_is_held_leaves_once_a_person_said_yes_and_the_person_sees_its_kind_and_not_the_thing(own):
    run, name = own.run("clerk"), fresh("o")
    shown = own.with_token(run, "orders.write", f"orders.{name}")

    def call(**more):
        return own.ask(
            run, "POST", f"https://db.internal/orders/{name}", headers=shown | more, body={"note": f"call {PHONE}"}
        )

    problem = assert_refused(call(), "human_approval_required")
    assert problem["findings"][0]["entity"] == "PHONE_NUMBER"
    assert own.received(name) == []
    approval = problem["approval_id"]
    seen = own.api(own.operator, "GET", f"/v1/approvals/{approval}")
    assert "PHONE_NUMBER" in seen.body.decode()
    assert PHONE not in seen.body.decode()
    answer = {"decision": "approve", "reason": "she asked us to"}
    assert own.api(own.operator, "POST", f"/v1/approvals/{approval}", answer).status == 200
    given = {"AISecOps-Approval": approval}
    assert call(**given).status == 200
    assert len(own.received(name)) == 1
    assert_refused(call(**given), "human_approval_required")
    assert PHONE.encode() not in own.everything_written()


def test_what_is_counted_leaves_and_is_counted(own):
    run = own.run("clerk")
    before = own.metrics().get('aisecops_egress_findings_total{action="count",entity="IP_ADDRESS"}', 0)
    said, arrived = written(own, {"note": f"seen from {ADDRESS}"}, run=run)
    assert (said.status, arrived) == (200, True)
    assert own.metrics()['aisecops_egress_findings_total{action="count",entity="IP_ADDRESS"}'] == before + 1
    decision = own.events("decision", run_id=run.run_id)[-1]
    assert [(one["entity"], one["action"]) for one in decision["findings"]] == [("IP_ADDRESS", "count")]


def test_a_rule_for_one_destination_is_for_no_other(own):
    said, arrived = written(own, {"note": CARD}, kind="notes")
    assert_refused(said, "egress_blocked")
    assert not arrived
    assert written(own, {"note": CARD})[0].status == 200


def test_a_rule_for_one_tier_is_about_text_of_that_tier(own):
    run = own.run("clerk")
    assert told(own, run, ("user", f"Is {IBAN} a good account?")).status == 200
    assert own.ask(run, "GET", "https://en.wiki.example/page").body == PAGE.encode()
    assert_refused(told(own, run, ("user", "What does it say?"), ("tool", PAGE)), "egress_blocked")


def test_a_rule_for_one_label_is_about_what_is_sent_beside_it(own):
    run = own.run("clerk")
    assert told(own, run, ("user", f"The number is {SSN}, is it valid?")).status == 200
    token = own.with_token(run, "crm.read", "crm.customers.dossier")
    assert DOSSIER in own.ask(run, "GET", "https://crm.internal/v1/customers/dossier", headers=token).body.decode()
    assert told(own, run, ("user", "What do we know?"), ("tool", DOSSIER)).status == 200
    assert_refused(told(own, run, ("user", f"Is it {SSN}?"), ("tool", DOSSIER)), "egress_blocked")


def test_an_allowance_lets_pass_what_it_says_and_nothing_beside_it_and_after_its_last_day_nothing(own):
    assert_refused(written(own, {"note": f"mail {MAIL}"})[0], "egress_blocked")
    for body, agent in (({"footer": f"mail {MAIL}"}, "clerk"), ({"note": f"mail {MAIL}"}, "rival")):
        run = own.run(agent)
        said, arrived = written(own, body, run=run)
        assert (said.status, arrived) == (200, True)
        finding = own.events("decision", run_id=run.run_id)[-1]["findings"][0]
        assert finding["allowed_by"].startswith("rules.yaml:")
    said, arrived = written(own, {"old": f"mail {MAIL}"})
    assert_refused(said, "egress_blocked")
    assert not arrived
    assert "2020-01-31" in own.command("rules", "check").stdout


def test_a_fingerprint_from_a_refusal_lets_exactly_that_value_pass_once_the_rules_say_so(own):
    value, other = f"{fresh('ann')}@corp-mail.com", f"{fresh('bob')}@corp-mail.com"
    problem = assert_refused(written(own, {"note": f"mail {value}"})[0], "egress_blocked")
    entry = f'    - {{fingerprint: {problem["findings"][0]["fingerprint"]}, until: 2999-01-31, reason: "our own"}}\n'
    own.put_in_force(OWN.replace("  allow:\n", f"  allow:\n{entry}"))
    try:
        assert written(own, {"note": f"mail {value}"})[1]
        assert_refused(written(own, {"note": f"mail {other}"})[0], "egress_blocked")
        assert own.metrics()['aisecops_egress_findings_total{action="allow",entity="EMAIL_ADDRESS"}'] >= 1
    finally:
        own.put_in_force(OWN)


@pytest.mark.parametrize("picture", [png, jpeg, lambda text: png(behind=text.encode())], ids=["png", "jpeg", "behind"])
def test_what_is_written_beside_a_picture_is_read_where_pictures_may_leave(own, picture):
    run = own.run("clerk")
    proxy = f"http://{run.itself.name}:{run.itself.secret}@127.0.0.1:{own.proxy_port}"
    with httpx.Client(proxy=proxy, verify=own.bundle, timeout=60.0) as agent:
        for text, status in ((f"key {TOKEN}", 403), (f"key {TOKEN[:-1]}", 200)):
            name = fresh("o")
            headers = own.with_token(run, "orders.write", f"orders.{name}")
            files = {"file": ("shot.png", picture(text))}
            said = agent.post(f"https://db.internal/orders/{name}", headers=headers, files=files)
            assert said.status_code == status, said.text
            assert bool(own.received(name)) is (status == 200)
