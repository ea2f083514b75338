"""What must not leave, and what happens when nobody can say whether it may: from outside, against a real installation."""

from __future__ import annotations

import os
import secrets
import signal
import threading

import pytest

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
"""
OWN = RULES + EGRESS
OWN = OWN.replace(
    "    - {entity: EMAIL_ADDRESS, to: model",
    "    - {entity: STAFF_ID, to: any, action: block}\n    - {entity: EMAIL_ADDRESS, to: model",
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


def test_a_secret_written_down_later_is_known_with_the_next_rules(own):
    assert order(own, LATER)[0].status == 200
    (own.folder / "rules" / "known.txt").write_text(f"{KNOWN}\n{LATER}\n")
    own.put_in_force(OWN + "# again\n")
    said, received = order(own, LATER)
    assert_refused(said, "egress_blocked")
    assert received == []


def test_a_rule_about_names_without_a_language_model_refuses_and_says_so_once(own):
    named = "    - {entity: PERSON, to: any, action: block}\n    - {entity: STAFF_ID"
    own.put_in_force(OWN.replace("    - {entity: STAFF_ID", named))
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
