"""What agents and upstreams are told and not told in headers: from outside, against a real installation."""

from __future__ import annotations

import re
import shutil
import subprocess

import httpx
import pytest

from support.installation import fresh, shared_installation  # noqa: F401
from support.installation_rules import AGENTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CLERK = AGENTS["clerk"]


def asked(house, customer, **headers):
    run = house.run("clerk")
    shown = house.with_token(run, "crm.read", f"crm.customers.{customer}") | headers
    return run, house.ask(run, "GET", f"https://crm.internal/v1/customers/{customer}", headers=shown)


def test_nothing_of_ours_reaches_the_upstream(house):
    customer = fresh()
    ours = {"AISecOps-Approval": "apr_x", "aisecops-anything": "1", "DPoP": "x", "Proxy-Connection": "keep-alive",
            "Proxy-Authorization": CLERK.basic, "Proxy-Whatever": "1"}  # fmt: skip
    ours.pop("AISecOps-Approval")

    _, said = asked(house, customer, **ours, **{"X-Mine": "stays"})

    assert said.status in {200, 401}, said
    for left in house.received(customer):
        assert not re.search(rb"(?im)^(aisecops-|dpop|proxy-)", left)
        assert b"X-Mine: stays" in left


def test_an_answer_says_decision_run_and_risk_and_an_upstream_cannot_say_them_for_us(house):
    run, said = asked(house, fresh("forger"))

    assert said.status == 200
    assert said.headers["aisecops-decision"].startswith("dec_01")
    assert said.headers["aisecops-run"] == run.run_id
    assert said.headers["aisecops-risk"] == "total=0; approve=1.5; halt=2"
    assert "alt-svc" not in said.headers
    assert "proxy-authenticate" not in said.headers
    assert house.events("decision", decision_id=said.headers["aisecops-decision"])[0]["enforced"] == "allow"


def test_retrieved_content_carries_where_it_came_from(house):
    said = house.ask(CLERK, "GET", f"https://en.wiki.example/wiki/{fresh('forger')}")

    shown = said.headers["aisecops-provenance"]
    found = re.fullmatch(r'id="(prv_\w+)"; tier=external; source="https://([^"]+)"; sha256=([0-9a-f]{64})', shown)
    assert found, shown
    assert found[2].startswith("en.wiki.example")
    import hashlib

    assert found[3] == hashlib.sha256(said.body).hexdigest()


def test_content_of_a_tool_has_the_tier_the_rules_give_it(house):
    _, said = asked(house, fresh())

    assert "; tier=internal; " in said.headers["aisecops-provenance"]


def test_a_connection_header_cannot_have_the_next_hop_drop_what_it_needs(house):
    customer = fresh()

    _, said = asked(house, customer, Connection="keep-alive, Authorization", Authorization="Basic eDp5")

    assert said.status == 200
    (left,) = house.received(customer)
    assert b"Authorization: Basic eDp5" in left
    assert b", Authorization" not in left


def test_an_ordinary_client_works_with_proxy_and_bundle_alone(house):
    run, customer = house.run("clerk"), fresh()
    headers = house.with_token(run, "crm.read", f"crm.customers.{customer}")
    import ssl

    bundle = ssl.create_default_context(cafile=str(house.folder / "certs" / "bundle.pem"))
    with httpx.Client(proxy=run.told["proxy_url"], verify=bundle, trust_env=False) as client:
        said = client.get(f"https://crm.internal/v1/customers/{customer}", headers=headers)

    assert said.status_code == 200
    assert said.json() == {"customers": [{"id": 0}]}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
def test_curl_works_with_the_variables_of_aisecops_env(house):
    run, customer = house.run("clerk"), fresh()
    token = house.token(run, "crm.read", f"crm.customers.{customer}")
    url = f"https://crm.internal/v1/customers/{customer}"
    command = ["curl", "-sS", "-x", run.told["proxy_url"], "--cacert", "certs/bundle.pem", "-w", "\n%{http_code}"]

    good = subprocess.run(
        [*command, "-H", f"AISecOps-Capability: {token}", url],
        cwd=house.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    bad = subprocess.run(
        [*command, "https://evil.test/"], cwd=house.folder, capture_output=True, text=True, check=False
    )

    assert good.stdout.splitlines()[-1] == "200"
    assert bad.returncode != 0
    assert "403" in bad.stderr
