"""Every metric that is promised is in the scrape of an installation, with its labels, and nothing else is."""

from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.installation import fresh, shared_installation, until  # noqa: F401
from support.installation_rules import CARD
from support.metrics_table import promised
from support.speaking import assert_refused, once, request_bytes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ELSEWHERE = {
    "aisecops_uninspected_bytes",
    "aisecops_chain_escalations",
    "aisecops_dns_queries",
    "aisecops_connections_turned_away",
}
"""What only happens where rules let it, in transparent mode, or under load; other tests bring it about."""


def families(house):
    said = once(house.metrics_port, request_bytes("GET", "/metrics", "127.0.0.1", [("Connection", "close")]))
    return {
        one.name: one for one in text_string_to_metric_families(said.body.decode()) if one.name.startswith("aisecops_")
    }


@pytest.fixture(scope="module")
def seen():
    """Nothing yet: everything is brought about once."""
    return {}


@pytest.fixture
def used(house, seen):
    """The scrape of an installation of which something of everything has been seen."""
    if not seen:
        seen.update(brought_about(house))
    return seen


def brought_about(house):
    """Do what is counted, once each."""
    run, customer = house.run("counted"), fresh()
    url = f"https://crm.internal/v1/customers/{customer}"
    for _ in range(3):
        headers = house.with_token(run, "crm.read", f"crm.customers.{customer}")
        assert house.ask(run, "GET", url, headers=headers).status == 200
    headers = house.with_token(run, "crm.read", f"crm.customers.{customer}")
    assert_refused(house.ask(run, "GET", url, headers=headers), "budget_exceeded")
    clerk = house.run("clerk")
    headers = house.with_token(clerk, "orders.write", f"orders.{customer}")
    said = house.ask(clerk, "POST", f"https://db.internal/orders/{customer}", headers=headers, body={"card": CARD})
    assert_refused(said, "egress_blocked")
    until(
        lambda: {"aisecops_eval_pass_ratio", "aisecops_maturity_level"} <= families(house).keys(), what="the slow ones"
    )
    return families(house)


def test_every_promised_metric_is_in_the_scrape_and_nothing_else(used):
    assert promised().keys() - used.keys() - ELSEWHERE == set()
    assert used.keys() - promised().keys() == set()


def test_each_has_the_type_and_the_labels_that_are_promised(used):
    wrong = []
    for name, family in used.items():
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        if family.type != promised()[name].type or not labels <= promised()[name].labels:
            wrong.append((name, family.type, labels))
        if any(promised()[name].labels - sample.labels.keys() for sample in family.samples):
            wrong.append((name, "a sample without its labels"))
    assert wrong == []


def test_no_run_decision_or_token_is_a_label(used):
    values = {value for family in used.values() for sample in family.samples for value in sample.labels.values()}

    assert [value for value in values if re.search(r"_[0-9A-HJKMNP-TV-Z]{26}", value)] == []


def test_what_may_happen_is_0_before_it_does(used):
    samples = {(s.name, *sorted(s.labels.items())): s.value for family in used.values() for s in family.samples}

    assert samples["aisecops_runs_total", ("agent", "spender"), ("outcome", "halted")] == 0
    assert samples["aisecops_tokens_rejected_total", ("code", "token_replayed")] >= 0
