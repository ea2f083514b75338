"""Two machines on one Redis, each with a state folder of its own: what holds on one holds on the other."""

from __future__ import annotations

import base64
import os
import signal

import orjson
import pytest

from support.hosts import Hosts, two_hosts
from support.installation import Installation, fresh, until
from support.installation_rules import RULES
from support.speaking import Run, assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
EACH = 40
"""Requests of each host to a budget of 60 calls and 25 writes."""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Hosts:
    with two_hosts(tmp_path_factory.mktemp("hosts"), RULES) as hosts:
        yield hosts


def reads(run: Run, headers: dict[str, str], marker: str):
    return lambda house: house.ask(run, "GET", f"https://crm.internal/v1/customers/{marker}", headers=headers)


def writes(run: Run, headers: dict[str, str], marker: str):
    return lambda house: house.ask(run, "POST", f"https://db.internal/orders/{marker}", headers=headers, body={})


def opened(hosts: Hosts, agent: str = "clerk", number: int = 0) -> tuple[Run, dict[str, str], dict[str, str]]:
    """A run and its tokens for reading and writing, all of one host."""

    def work(house: Installation):
        run = house.run(agent)
        return (
            run,
            house.with_token(run, "crm.read", "crm.customers.*"),
            house.with_token(run, "orders.write", "orders.*"),
        )

    return hosts.on(number, work)


def test_a_run_and_its_token_of_one_host_are_known_on_the_other(hosts):
    run, reading, _ = opened(hosts)
    for number in (0, 1):
        marker = fresh()
        assert hosts.on(number, reads(run, reading, marker)).status == 200
        assert hosts.on(number, lambda house, marker=marker: house.arrived(marker)) == 1
    assert hosts.used(run).tool_calls == 2


def test_a_budget_is_spent_exactly_once_by_both_at_the_same_time(hosts):
    run, reading, _ = opened(hosts, "crasher")
    marker = fresh("b")
    asked = [hosts.begin(number, reads(run, reading, marker)) for _ in range(EACH) for number in (0, 1)]
    said = [one.result() for one in asked]
    passed = [one for one in said if one.status == 200]
    assert {one.code for one in said if one.status != 200} == {"budget_exceeded"}
    assert len(passed) == 60 == sum(hosts.on(number, lambda house: house.arrived(marker)) for number in (0, 1))
    assert hosts.used(run).tool_calls == 60


def test_a_budget_holds_while_workers_are_killed(hosts):
    run, _, writing = opened(hosts, "crasher")
    marker = fresh("k")
    asked = [hosts.begin(number, writes(run, writing, marker)) for _ in range(EACH // 2) for number in (0, 1)]
    for worker in hosts.on(0, lambda house: house.workers("gateway")):
        os.kill(worker, signal.SIGKILL)
    for one in asked:
        one.exception()
    arrived = sum(hosts.on(number, lambda house: house.arrived(marker)) for number in (0, 1))
    until(lambda: hosts.on(0, lambda house: house.workers("gateway")), what="a new worker")
    assert 0 < arrived <= hosts.used(run).write_operations <= 25
    run, reading, _ = opened(hosts)
    until(lambda: hosts.on(0, reads(run, reading, fresh())).status == 200, 60, what="going on")


def test_a_run_that_is_halted_on_one_host_is_halted_on_the_other(hosts):
    run, reading, _ = opened(hosts)
    halted = hosts.on(
        0, lambda house: house.api(house.operator, "POST", f"/v1/runs/{run.run_id}/halt", {"reason": "odd"})
    )
    assert halted.status == 200
    assert_refused(hosts.on(1, reads(run, reading, fresh())), "run_halted")


def test_a_token_that_is_revoked_on_one_host_is_revoked_on_the_other(hosts):
    run, reading, _ = opened(hosts)
    assert hosts.on(1, reads(run, reading, fresh())).status == 200
    claims = reading["AISecOps-Capability"].split(".")[1]
    name = orjson.loads(base64.urlsafe_b64decode(claims + "=="))["jti"]
    revoked = hosts.on(
        0, lambda house: house.api(house.operator, "POST", f"/v1/tokens/{name}/revoke", {"reason": "odd"})
    )
    assert revoked.status == 200, revoked
    assert_refused(hosts.on(1, reads(run, reading, fresh())), "token_revoked")


def test_risk_is_one_sum_and_a_person_may_answer_on_either_host(hosts):
    run = hosts.on(0, lambda house: house.run("careful"))

    token = hosts.on(0, lambda house: house.with_token(run, "step.run", "steps.*"))

    def step(number: int, name: str, approval: str = ""):
        shown = token | ({"AISecOps-Approval": approval} if approval else {})
        url = f"https://db.internal/steps/{name}"
        return hosts.on(number, lambda house: house.ask(run, "POST", url, headers=shown, body={"n": 1}))

    def approve(number: int, approval: str):
        answer = {"decision": "approve", "reason": "looked at it"}
        return hosts.on(number, lambda house: house.api(house.operator, "POST", f"/v1/approvals/{approval}", answer))

    for number in (0, 1):  # 0.7 each, and the line of this agent is at 0.5
        name = fresh("s")
        approval = assert_refused(step(number, name), "human_approval_required")["approval_id"]
        assert approve(1 - number, approval).json["state"] == "approved"
        assert step(number, name, approval).status == 200
        if number == 0:
            assert step(1, name, approval).status == 403  # an approval is used once, wherever
    assert_refused(step(0, fresh("s")), "risk_halted")  # 2.1, and it ends at 1.5
    assert_refused(step(1, fresh("s")), "run_halted")


def test_while_the_store_stands_still_nothing_passes_on_either_host_and_then_both_go_on(hosts):
    run, reading, writing = opened(hosts)
    hosts.server.freeze()
    try:
        for number in (0, 1):
            for step in (reads(run, reading, marker := fresh()), writes(run, writing, marker)):
                assert_refused(hosts.on(number, step), "store_unavailable")
                assert hosts.on(number, lambda house, marker=marker: house.arrived(marker)) == 0
    finally:
        hosts.server.thaw()
    for number in (0, 1):
        until(lambda number=number: hosts.on(number, reads(run, reading, fresh())).status == 200, what="going on")


def test_a_store_that_comes_back_empty_is_nobodys_fresh_budget_until_an_operator_says_so(hosts):
    run, reading, _ = opened(hosts)
    hosts.store.does(hosts.server.empty)
    hosts.store.does(hosts.server.start)
    for number in (0, 1):
        marker = fresh()
        assert_refused(hosts.on(number, reads(run, reading, marker)), "store_unavailable")
        assert hosts.on(number, lambda house, marker=marker: house.arrived(marker)) == 0
    assert hosts.on(1, lambda house: house.command("store", "status")).returncode == 1
    done = hosts.on(1, lambda house: house.command("store", "begin", "--yes"))
    assert done.returncode == 0, done.stderr
    for number in (0, 1):
        assert_refused(hosts.on(number, reads(run, reading, fresh())), "run_unknown")
        fresh_run, fresh_token, _ = opened(hosts, number=number)
        assert hosts.on(1 - number, reads(fresh_run, fresh_token, fresh())).status == 200


def test_the_password_is_nowhere_but_where_the_operator_wrote_it(hosts):
    for number in (0, 1):
        written = hosts.on(number, lambda house: (house.folder / "stderr").read_bytes())
        for path in (hosts.installations[number].folder / ".aisecops").rglob("*"):
            written += path.read_bytes() if path.is_file() else b""
        assert b"hush-hush" not in written
        shown = hosts.on(number, lambda house: house.command("config"))
        assert "hush-hush" not in shown.stdout + shown.stderr
