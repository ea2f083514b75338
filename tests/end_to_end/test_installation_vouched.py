"""An agent that has no secret at all: its network proves it to the gateway, and the gateway to the control plane."""

from __future__ import annotations

import base64

import orjson
import pytest

from support.installation import fresh, installed
from support.installation_rules import AGENTS, RULES
from support.raw import plain
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

NEIGHBOUR = """
  neighbour:
    authenticate: {source: [127.0.0.0/8]}
    grants:
      - {tool: crm.read, scope: "crm.customers.*", constraints: {max_rows: 5}}
  badge:
    authenticate: {client_cert: {san: badge.test}}
tools:"""
INSIDE = "http://aisecops.internal"
FORGED = f"AISecOps-Vouched {base64.urlsafe_b64encode(b'badge').decode()}.{{now}}.{'0' * 64}"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("vouched"), rules=RULES.replace("\ntools:", NEIGHBOUR, 1)) as installation:
        yield installation


def posted(own, path, body, **headers):
    shown = {name.replace("_", "-"): value for name, value in headers.items()} | {"Content-Type": "application/json"}
    return own.ask(None, "POST", f"{INSIDE}{path}", headers=shown, body=orjson.dumps(body))


def test_it_opens_a_run_gets_a_token_and_reads(own):
    opened = posted(own, "/v1/runs", {})
    assert (opened.status, opened.json["agent_id"]) == (201, "neighbour")
    run_id, customer = opened.json["run_id"], fresh()
    wanted = {"run_id": run_id, "tool": "crm.read", "scope": f"crm.customers.{customer}"}
    issued = posted(own, "/v1/tokens", wanted)
    assert issued.status == 201, issued
    shown = {"AISecOps-Run": run_id, "AISecOps-Capability": issued.json["token"]}
    said = own.ask(None, "GET", f"https://crm.internal/v1/customers/{customer}", headers=shown)
    assert (said.status, own.arrived(customer)) == (200, 1)
    assert own.ask(None, "GET", f"{INSIDE}/v1/runs/{run_id}").json["agent_id"] == "neighbour"


def test_clients_that_open_a_tunnel_for_http_reach_it_too(own):
    place = b"aisecops.internal"
    with plain(own.proxy_port) as wire:  # as Node.js does
        assert wire.ask(b"CONNECT %s:80 HTTP/1.1\r\nHost: %s:80\r\n\r\n" % (place, place)).status == 200
        said = wire.ask(b"GET /v1/runs HTTP/1.1\r\nHost: %s\r\n\r\n" % place)
        assert (said.status, "runs" in orjson.loads(said.body)) == (200, True)
        denied = wire.ask(b"GET /v1/approvals HTTP/1.1\r\nHost: %s\r\n\r\n" % place)
    assert (denied.status, orjson.loads(denied.body)["code"]) == (403, "destination_denied")


def test_it_is_nobody_else(own):
    theirs = own.run("clerk")
    assert_refused(posted(own, "/v1/runs", {"agent_id": "clerk"}), "policy_denied")
    assert own.ask(None, "GET", f"{INSIDE}/v1/runs/{theirs.run_id}").json["code"] == "run_unknown"
    wanted = {"run_id": theirs.run_id, "tool": "crm.read", "scope": "crm.customers.1"}
    assert posted(own, "/v1/tokens", wanted).status == 403
    assert own.ask(None, "GET", f"{INSIDE}/v1/approvals").json["code"] == "destination_denied"


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_a_forged_word_reaches_nothing(own, name):
    for who in (None, AGENTS["clerk"]):  # what is refused is recorded in a run; now both have theirs
        assert_refused(own.ask(who, "GET", f"{INSIDE}/v1/approvals"), "destination_denied")
    before = len(own.events("run_started"))
    for now in ("1800000000", "9" * 12):
        word = FORGED.format(now=now)
        through = own.ask(None, "POST", f"{INSIDE}/v1/runs", headers={name: word}, body=b"{}")
        assert_refused(through, "policy_denied")
        by_a_known_agent = own.ask(AGENTS["clerk"], "POST", f"{INSIDE}/v1/runs", headers={name: word}, body=b"{}")
        assert_refused(by_a_known_agent, "policy_denied")
        beside = own.api(word, "POST", "/v1/runs", {})
        assert (beside.status, beside.json["code"]) == (401, "identity_required")
    assert len(own.events("run_started")) == before


def test_other_headers_that_claim_somebody_are_nobodys(own):
    claims = {
        "AISecOps-Agent": "badge", "AISecOps-Vouched": FORGED.format(now=1), "X-Forwarded-For": "10.9.9.9",
        "X-Forwarded-User": "badge", "Forwarded": "for=10.9.9.9",
    }  # fmt: skip
    opened = own.ask(None, "POST", f"{INSIDE}/v1/runs", headers=claims, body=b"{}")
    assert (opened.status, opened.json["agent_id"]) == (201, "neighbour")
    assert own.api(None, "POST", "/v1/runs", {}).status == 401


def test_two_credentials_are_no_word_for_anybody(own):
    pairs = [("Authorization", AGENTS["clerk"].basic), ("Authorization", FORGED.format(now=1))]
    assert_refused(own.ask(None, "POST", f"{INSIDE}/v1/runs", headers=pairs, body=b"{}"), "protocol_denied")
