"""What must not leave, and what happens when nobody can say whether it may: from outside, against a real installation."""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from aisecops.ops.wiring.gateway import SCANS_WAITING
from support.installation import below, fresh, installed, until
from support.installation_rules import RULES
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

KNOWN, LATER, STAFF = "heron-" + secrets.token_hex(8), "otter-" + secrets.token_hex(8), "ST-4711"
EGRESS = """  known: ["file:known.txt"]
  recognizers:
    - {name: staff number, supported_entity: STAFF_ID, patterns: [{regex: '\\bST-[0-9]{4}\\b', score: 0.6}]}
  volume:
    - {to: internal, tool: orders.write, max: 4KiB, action: hold}
  proportion:
    - {to: any, tool: mail.send, free: 1KiB, action: hold}
"""
OWN = RULES + EGRESS
OWN = OWN.replace(
    "    - {entity: EMAIL_ADDRESS, to: model",
    "    - {entity: [STAFF_ID, PHONE_NUMBER], to: any, action: block}\n"
    "    - {entity: EMAIL_ADDRESS, to: internal, action: mask}\n    - {entity: EMAIL_ADDRESS, to: model",
)
DEADLINE_S = 3


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("egress")
    (folder / "rules").mkdir()
    (folder / "rules" / "known.txt").write_text(KNOWN)
    with installed(folder, rules=OWN, scan={"deadline_seconds": f"{DEADLINE_S}s"}) as installation:
        yield installation


def order(own, body, **headers):
    """Posts `body` to an order of its own; gives the answer and what the upstream received of it."""
    run, name = own.run("clerk"), fresh("o")
    shown = own.with_token(run, "orders.write", f"orders.{name}") | {"Content-Type": "text/plain"} | headers
    said = own.ask(run, "POST", f"https://db.internal/orders/{name}", headers=shown, body=body.encode())
    return said, own.received(name)


@pytest.mark.parametrize(
    "body",
    [f"the code is {KNOWN}", KNOWN[::-1], f"badge {STAFF}", "db password = " + "hunter2" + "!x", KNOWN.encode().hex()],
    ids=["plain", "backwards", "own-kind", "password", "hex"],
)
def test_what_the_rules_name_does_not_leave_in_any_dress(own, body):
    said, received = order(own, body)
    problem = assert_refused(said, "egress_blocked")
    assert received == []
    assert KNOWN not in str(problem)


@pytest.mark.parametrize(
    ("kind", "body", "arrives"),
    [
        (
            "application/x-www-form-urlencoded",
            "note=to+ann%40corp.example%21&n=1",
            "note=to+%3CEMAIL_ADDRESS%3E%21&n=1",
        ),
        (
            "multipart/form-data; boundary=b",
            '--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nto ann@corp.example!\r\n--b--\r\n',
            '--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nto <EMAIL_ADDRESS>!\r\n--b--\r\n',
        ),
    ],
    ids=["form", "multipart"],
)
def test_what_is_masked_in_a_form_leaves_so_and_the_rest_of_it_unchanged(own, kind, body, arrives):
    said, (received,) = order(own, body, **{"Content-Type": kind})
    assert said.status == 200
    assert received.endswith(b"\r\n\r\n" + arrives.encode())
    twin = body.replace("ann", "").replace("corp.example", "")
    _, (received,) = order(own, twin, **{"Content-Type": kind})
    assert received.endswith(b"\r\n\r\n" + twin.encode())


def test_a_number_that_its_field_calls_a_phone_s_does_not_leave(own):
    said, received = order(own, '{"phone": 2025550143}', **{"Content-Type": "application/json"})
    assert_refused(said, "egress_blocked")
    assert received == []
    for twin in ('{"order": 2025550143}', '{"phone": 0}', '{"phone_at": 1732700000}'):
        assert order(own, twin, **{"Content-Type": "application/json"})[0].status == 200


def test_a_known_secret_does_not_leave_in_a_credential_header_either(own):
    said, received = order(own, "hello", **{"X-Api-Key": KNOWN})
    assert_refused(said, "egress_blocked")
    assert received == []


@pytest.mark.parametrize(
    "body", [f"the code is {KNOWN[:-1]}", "badge ST-47", "the password is in the safe"], ids=["cut", "short", "word"]
)
def test_the_benign_twin_arrives_unchanged(own, body):
    said, (received,) = order(own, body)
    assert said.status == 200
    assert received.endswith(body.encode())


def test_a_run_that_sends_more_than_its_volume_waits_for_a_person_and_another_run_does_not(own):
    run, name = own.run("clerk"), fresh("o")
    shown = own.with_token(run, "orders.write", f"orders.{name}") | {"Content-Type": "text/plain"}

    def send(letter):
        return own.ask(run, "POST", f"https://db.internal/orders/{name}", headers=shown, body=letter * 1800)

    assert [send(b"a").status, send(b"b").status] == [200, 200]
    assert_refused(send(b"c"), "human_approval_required")
    assert not any(b"ccc" in one for one in own.received(name))
    assert order(own, "d" * 1800)[0].status == 200


def test_an_upload_after_a_question_of_one_line_waits_for_a_person_and_after_a_long_one_it_leaves(own):
    def mail(run, to):
        headers = own.with_token(run, "mail.send", f"mail.contacts.{to}")
        body = {"to": to, "price": 0, "text": "quarter " * 5_000}
        return own.ask(run, "POST", "https://mail.example/send", headers=headers, body=body)

    def told(run, text):
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}
        assert own.ask(run, "POST", "https://api.openai.com/v1/chat/completions", body=body).status == 200

    short, long = (own.run("clerk"), fresh("m")), (own.run("clerk"), fresh("m"))
    told(short[0], "Is the report done?")
    told(long[0], "Please mail this: " + "word " * 500)
    problem = assert_refused(mail(*short), "human_approval_required")
    assert "its user said 19, times 20" in problem["detail"]
    assert own.received(short[1]) == []
    assert mail(*long).status == 200
    for run, _ in (short, long):
        assert own.command("replay", run.run_id).returncode == 0


def test_a_secret_written_down_later_is_known_with_the_next_rules(own):
    assert order(own, LATER)[0].status == 200
    (own.folder / "rules" / "known.txt").write_text(f"{KNOWN}\n{LATER}\n")
    own.put_in_force(OWN + "# again\n")
    said, received = order(own, LATER)
    assert_refused(said, "egress_blocked")
    assert received == []


def test_a_rule_about_names_without_a_language_model_refuses_and_says_so_once(own):
    named = "    - {entity: PERSON, to: any, action: block}\n    - {entity: [STAFF_ID"
    own.put_in_force(OWN.replace("    - {entity: [STAFF_ID", named))
    try:
        said, received = order(own, "Ada Marlow writes")
        problem = assert_refused(said, "policy_unavailable")
        assert received == []
        assert "language model" in problem["detail"]
        assert_refused(order(own, "Ada Marlow writes again")[0], "policy_unavailable")
        assert own.said().count("no spaCy model is there") == 1
    finally:
        own.put_in_force(OWN + "# after\n")


def scanners(own):
    return [pid for gateway in own.workers("gateway") for pid in below(gateway)]


def never_seen():
    return f"mail ann.{secrets.token_hex(6)}@corp.example about this"


@pytest.mark.parametrize("what", ["hung", "killed"])
def test_a_scanner_that_does_not_answer_lets_nothing_leave_and_is_replaced(own, what):
    (pid,) = scanners(own)
    os.kill(pid, signal.SIGSTOP)
    if what == "killed":
        threading.Timer(0.5, os.kill, (pid, signal.SIGKILL)).start()

    said, received = order(own, never_seen())

    assert (said.status, said.code) == (503, "internal")
    assert received == []
    until(lambda: order(own, never_seen())[0].status == 200, what="a new scanner")
    assert pid not in scanners(own)
    assert f"scanning worker {pid} did not answer" in own.said()


def test_a_full_queue_lets_nothing_leave_says_so_at_once_and_empties(own):
    own.put_in_force(OWN.replace("max_body: 65536B", "max_body: 10MiB"))
    (pid,) = scanners(own)
    os.kill(pid, signal.SIGSTOP)

    def many():
        # each text is a piece of work of its own: of two such requests at once, one finds the queue full
        texts = [f"{never_seen()} {'so it goes ' * 1600}" for _ in range(SCANS_WAITING + 1)]
        return order(own, json.dumps(texts), **{"Content-Type": "application/json"})

    with ThreadPoolExecutor(2) as both:
        said = [one.result() for one in [both.submit(many), both.submit(many)]]

    assert [(one.status, one.code, received) for one, received in said] == [(503, "internal", [])] * 2
    assert any("queue of the content scanner is full" in one.json["detail"] for one, _ in said)
    until(lambda: order(own, never_seen())[0].status == 200, what="a queue with room")
