"""People who are told of held steps and answer from there, and people of a provider: through separate processes."""

from __future__ import annotations

import contextlib
import json
import ssl
import time

import pytest

from aisecops.wire.webhook import signature_headers, signed_by
from support.certificates import SERVER, Authority
from support.installation import Installation, fresh, until
from support.installation_rules import RULES
from support.provider import played_provider
from support.speaking import assert_refused, once, request_bytes
from support.upstream import running_upstream

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SECRET = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PEOPLE = """
people:
  abe: {{role: approver, secret: "file:../abe.secret"}}
approvals:
  announce:
    - {{url: "https://localhost:{port}/held", secret: "file:../hook.secret", answers: abe}}
oidc:
  issuer: {issuer}
  client_id: aisecops
  roles: {{claim: groups, viewer: [staff]}}
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """An installation, the place where held steps are announced, and a provider; all on loopback over TLS."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "house").mkdir()
    authority = Authority(folder, "hooks test CA")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.certified("localhost", use=SERVER).pair)
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(running_upstream(tls))
        provider = stack.enter_context(played_provider(folder))
        provider.now_s = int(time.time())
        rules = RULES + PEOPLE.format(port=receiver.port, issuer=provider.issuer)
        house = Installation(folder / "house", rules=rules)
        with house._authority.file.open("ab") as trusted:
            trusted.write(authority.file.read_bytes() + provider.ca.read_bytes())
        (folder / "house" / "hook.secret").write_bytes(SECRET)
        (folder / "house" / "abe.secret").write_text("abe's secret")
        house.start()
        yield house, receiver, provider
        assert house.stop() == 0, house.said()


def step(house, run, name, **headers):
    shown = house.with_token(run, "step.run", f"steps.{name}") | headers
    return house.ask(run, "POST", f"https://db.internal/steps/{name}", headers=shown, body={"n": 1})


def announced(receiver):
    for connection in receiver.connections:
        head, _, body = bytes(connection).partition(b"\r\n\r\n")
        lines = [line.partition(b": ") for line in head.split(b"\r\n")[1:]]
        yield {name.decode().lower(): value.decode() for name, _, value in lines}, body


def test_a_held_step_is_announced_answered_by_webhook_and_then_passes_once(office):
    house, receiver, _ = office
    run, name = house.run("careful"), fresh("s")
    approval = assert_refused(step(house, run, name), "human_approval_required")["approval_id"]
    headers, body = until(lambda: next((one for one in announced(receiver) if approval.encode() in one[1]), None))
    assert signed_by(SECRET, headers, body, now_s=int(time.time())) is not None

    answer = json.dumps({"approval_id": approval, "person": "abe", "decision": "approve", "reason": "seen"}).encode()
    path = f"/v1/approvals/{approval}/webhook"
    signed = [*signature_headers(SECRET, fresh("m"), answer, now_s=int(time.time())).items(), ("Connection", "close")]
    unsigned = once(house.control_port, request_bytes("POST", path, "127.0.0.1", [("Connection", "close")], answer))
    assert unsigned.status == 401
    assert once(house.control_port, request_bytes("POST", path, "127.0.0.1", signed, answer)).status == 200
    assert once(house.control_port, request_bytes("POST", path, "127.0.0.1", signed, answer)).status == 401

    shown = {"AISecOps-Approval": approval}
    assert [step(house, run, name, **shown).status for _ in range(2)] == [200, 403]
    assert house.events("approval_granted", approval_id=approval)[0]["by"] == "person:abe"
    told = house.api("Bearer abe's secret", "GET", f"/v1/approvals/{approval}").json
    assert (told["state"], told["outcome"]) == ("used", "answered 200")


def test_a_token_of_the_provider_says_who_asks(office):
    house, _, provider = office
    provider.claims = {"sub": "u-1", "groups": ["staff"]}
    told = house.api(f"Bearer {provider.token()}", "GET", "/v1/me")
    assert (told.status, told.json["title"], told.json["role"]) == (200, "person:u-1", "viewer")
    assert house.api(f"Bearer {provider.token(aud='another')}", "GET", "/v1/me").status == 401
