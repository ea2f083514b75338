"""Rules edited while everything runs: from outside, against a real installation."""

from __future__ import annotations

import threading

import pytest

from support.installation import fresh, installed, until
from support.installation_rules import RULES
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("reload"), workers=2) as installation:
        yield installation


@pytest.fixture(autouse=True)
def _as_before(own):
    yield
    own.put_in_force(RULES)


def version(own):
    return own.api(own.operator, "GET", "/v1/policy").json["policy_version"]


def read(own, run, headers):
    customer = fresh()
    said = own.ask(run, "GET", f"https://crm.internal/v1/customers/{customer}", headers=headers)
    return said, own.arrived(customer)


GRANT = '- {tool: crm.read, scope: "crm.customers.*", constraints: {max_rows: 5}}'


def test_a_grant_taken_away_takes_its_tokens_with_it(own):
    run = own.run("clerk")
    headers = own.with_token(run, "crm.read", "crm.customers.*")
    assert read(own, run, headers)[0].status == 200

    own.put_in_force(RULES.replace(GRANT, '- {tool: crm.read, scope: "crm.customers.one"}'))

    said, arrived = until(lambda: (found := read(own, run, headers))[0].status != 200 and found, 3, what="the refusal")
    assert_refused(said, "token_policy_outdated")
    assert arrived == 0
    asked = {"run_id": run.run_id, "tool": "crm.read", "scope": "crm.customers.*"}
    assert_refused(own.api(run.agent, "POST", "/v1/tokens", asked), "policy_denied")


def test_a_narrower_grant_outdates_wider_tokens(own):
    run = own.run("clerk")
    headers = own.with_token(run, "crm.read", "crm.customers.*")

    own.put_in_force(RULES.replace("max_rows: 5", "max_rows: 4"))

    said, _ = until(lambda: (found := read(own, run, headers))[0].status != 200 and found, 3, what="the refusal")
    assert_refused(said, "token_policy_outdated")


def test_a_token_that_the_new_rules_still_grant_goes_on(own):
    run = own.run("clerk")
    headers = own.with_token(run, "crm.read", "crm.customers.*")

    own.put_in_force(RULES.replace("max_body: 65536B", "max_body: 65535B"))

    assert read(own, run, headers)[0].status == 200


def test_a_bad_edit_changes_nothing_but_what_people_see_and_mending_it_is_seen_too(own):
    run, before = own.run("clerk"), version(own)
    headers = own.with_token(run, "crm.read", "crm.customers.*")
    rejected = len(own.events("rules_rejected"))

    own.rules_file.write_text(RULES.replace("egress:", "agress:"))

    until(lambda: own.metrics()["aisecops_policy_valid"] == 0, 5, what="policy_valid 0")
    (event,) = until(lambda: own.events("rules_rejected")[rejected:], 5, what="the event")
    assert "egress" in str(event["problems"])
    assert version(own) == before
    assert read(own, run, headers)[0].status == 200

    own.rules_file.write_text(RULES)
    until(lambda: own.metrics()["aisecops_policy_valid"] == 1, 5, what="policy_valid 1")
    assert version(own) == before


@pytest.mark.parametrize("broken", ["", "version: 1\n", "version: 1\nagents: {}\ntools: [", "\0"])
def test_an_emptied_or_torn_rules_file_opens_nothing(own, broken):
    run, marker, before = own.run("clerk"), fresh(), version(own)

    own.rules_file.write_text(broken)
    until(lambda: own.versions_in_force() in (set(), {version(own)} - {before}), 5, what="the edit seen")

    assert own.ask(run, "GET", f"https://evil.test/{marker}").status in {403, 407}
    assert own.ask(run, "GET", f"https://crm.internal/v1/customers/{marker}").status in {401, 403, 407}
    assert own.received(marker) == []


def test_during_twenty_reloads_no_request_fails_and_none_passes_wrongly(own):
    run, stop = own.run("clerk"), threading.Event()
    headers = own.with_token(run, "crm.read", "crm.customers.*")
    good, bad, failures = fresh("good"), fresh("bad"), []
    counts = {"good": 0, "bad": 0}

    def loop(kind, ask, right):
        while not stop.is_set():
            said = ask()
            counts[kind] += 1
            if not right(said):
                failures.append((kind, said))

    def ask_on(line, path, shown):
        return lambda: line.ask("GET", path, headers=shown)

    with own.line(run.itself, "crm.internal:443") as one, own.line(run.itself, "crm.internal:443") as two:
        threads = [
            threading.Thread(
                target=loop, args=("good", ask_on(one, f"/v1/customers/{good}", headers), lambda s: s.status == 200)
            ),
            threading.Thread(
                target=loop, args=("bad", ask_on(two, f"/v1/customers/{bad}", {}), lambda s: s.code == "token_missing")
            ),
        ]
        for thread in threads:
            thread.start()
        for number in range(20):
            own.put_in_force(
                RULES + f"# edit {number}\n" if number % 2 else RULES.replace("65536B", f"{65000 + number}B")
            )
        stop.set()
        for thread in threads:
            thread.join(30)

    assert failures == []
    assert counts["good"] > 20
    assert counts["bad"] > 20
    assert own.received(bad) == []
