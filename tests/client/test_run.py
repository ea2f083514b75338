"""The client at work, through a real installation: tokens asked for, kept, renewed, bound, handed down."""

from __future__ import annotations

import sys

import httpx
import pytest

from aisecops.client import Key, Refused, Run, attenuate
from aisecops.controls.tokens.claims import read_claims
from aisecops.controls.tokens.codec import split
from support.installation import fresh


def url(marker: str) -> str:
    return f"https://crm.internal/v1/customers/{marker}"


def issued(house, run: Run) -> int:
    return len(house.events("token_issued", run_id=run.run_id))


def test_a_request_gets_its_token_by_itself_and_the_next_one_shows_the_same(house, gateway):
    marker = fresh()
    with Run.open(gateway("clerk")) as run, run.http() as http:
        answers = [http.get(url(marker)) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert issued(house, run) == 1
        assert run.told()["state"] == "active"
    assert house.arrived(marker) == 3
    assert [event["exit_code"] for event in house.events("run_finished", run_id=run.run_id)] == [0]


async def test_the_same_for_async_code(house, gateway):
    marker = fresh()
    with Run.open(gateway("clerk")) as run:
        async with run.async_http() as http:
            assert (await http.get(url(marker))).status_code == 200
    assert house.arrived(marker) == 1


def test_a_body_is_sent_whole_with_the_token_it_needed(house, gateway):
    marker = fresh()
    with Run.open(gateway("clerk")) as run, run.http() as http:
        assert http.post(f"https://db.internal/orders/{marker}", json={"note": marker}).status_code == 200
    assert house.arrived(marker) == 2  # in the path and in the body


def test_a_token_that_is_about_to_end_is_renewed_before_it_is_shown(house, gateway):
    marker = fresh()
    with Run.open(gateway("clerk")) as run, run.http(ttl="5s") as http:  # always within the time of renewal
        assert [http.get(url(marker)).status_code for _ in range(2)] == [200, 200]
        assert issued(house, run) == 2
        refused = house.events("decision", run_id=run.run_id, code="token_missing")
    assert len(refused) == 1


def test_a_single_use_token_is_not_kept(house, gateway, monkeypatch):
    marker = fresh()
    with Run.open(gateway("clerk")) as run, run.http() as http:
        monkeypatch.setitem(http.auth._more, "uses", 1)
        assert [http.get(url(marker)).status_code for _ in range(2)] == [200, 200]
        assert issued(house, run) == 2


def test_what_no_grant_covers_is_said_with_its_code(house, gateway):
    marker = fresh()
    with Run.open(gateway("analyst")) as run, run.http() as http, pytest.raises(Refused) as refused:
        http.get(url(marker))
    assert refused.value.code == "policy_denied"
    assert house.arrived(marker) == 0


def test_a_token_bound_to_a_key_needs_its_proof_each_time(house, gateway):
    key, marker = Key(), fresh()
    with Run.open(gateway("clerk")) as run, run.http(key=key) as http:
        assert [http.get(url(marker)).status_code for _ in range(2)] == [200, 200]
        token = http.auth._kept["GET", url(marker)].token
        assert read_claims(split(token).payload, "").cnf == key.confirmation
        with httpx.Client(**run.gateway.transport()) as thief:
            stolen = thief.get(url(marker), headers={"AISecOps-Capability": token})
    assert (stolen.status_code, stolen.json()["code"]) == (401, "token_proof_invalid")


def test_a_child_run_counts_to_its_parent_and_works_with_what_it_is_handed(house, gateway):
    mine, theirs, marker = Key(), Key(), fresh()
    with Run.open(gateway("clerk")) as run, run.http(key=mine) as http, run.child() as child:
        assert http.get(url(marker)).status_code == 200
        token = http.auth._kept["GET", url(marker)].token
        handed = attenuate(token, mine, to=theirs.public, jti="cap_child", scope=f"crm.customers.{marker}",
                           run_id=child.run_id)  # fmt: skip
        proof = theirs.proof(method="GET", url=url(marker), token=handed)
        with httpx.Client(**child.gateway.transport()) as sub:
            answer = sub.get(url(marker), headers={"AISecOps-Capability": handed, "DPoP": proof})
        assert answer.status_code == 200
        assert child.told()["root_run_id"] == run.run_id
    [acted] = house.events("tool_invoked", run_id=child.run_id)
    assert acted["root_run_id"] == run.run_id


def test_a_held_request_waits_for_its_person(house, gateway):
    marker = fresh()
    with Run.open(gateway("careful")) as run, run.http() as http:
        held = http.post(f"https://db.internal/steps/{marker}", json={})
        assert (held.status_code, held.json()["code"]) == (403, "human_approval_required")
        said = house.api(house.operator, "POST", f"/v1/approvals/{held.json()['approval_id']}",
                         {"decision": "approve", "reason": "it is fine"})  # fmt: skip
        assert said.status == 200
    with Run.open(gateway("careful")) as run, run.http(wait=1) as http:
        again = http.post(f"https://db.internal/steps/{marker}", json={})
        assert again.json()["approval_id"]  # asked twice, answered by nobody


def test_the_run_of_the_process_is_found_in_its_environment(house):
    program = (
        "from aisecops.client import Run\n"
        "run = Run.current()\n"
        f"print(run.run_id, run.http().get({url(fresh())!r}).status_code)\n"
    )
    done = house.command("run", "--agent", "clerk", "--", sys.executable, "-c", program)
    run_id, status = done.stdout.split()
    assert (run_id[:4], status) == ("run_", "200"), done.stderr
