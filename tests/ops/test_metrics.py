"""The contract's names, bounded labels, and one scrape for many processes."""

from __future__ import annotations

import urllib.request

import pytest
from prometheus_client import generate_latest

from aisecops.model.errors import ConfigError
from aisecops.ops import metrics
from aisecops.ops.metrics import Metrics, Scrape
from aisecops.ops.settings import MetricsSettings
from aisecops.ops.settings_text import Address

NAMES = [
    "requests_total",
    "decision_seconds",
    "runs_total",
    "runs_active",
    "run_risk",
    "budget_exceeded_total",
    "tokens_issued_total",
    "tokens_rejected_total",
    "injection_findings_total",
    "egress_findings_total",
    "approvals_pending",
    "approvals_total",
    "approval_wait_seconds",
    "containment_seconds",
    "policy_valid",
    "policy_info",
    "integrations",
    "eval_pass_ratio",
    "maturity_level",
    "control_coverage_ratio",
    "record_lag_seconds",
]

ONE_REQUEST = {"agent": "bot", "tool": "crm.read", "effect": "read", "decision": "allow", "code": "", "seconds": 0.01}


def test_connections_that_found_no_place_are_counted_by_reason():
    numbers = Metrics()
    for reason in ("source", "source", "all"):
        numbers.turned_away(reason)
    text = generate_latest(numbers.registry).decode()
    assert 'aisecops_connections_turned_away_total{reason="source"} 2.0' in text
    assert 'aisecops_connections_turned_away_total{reason="all"} 1.0' in text


def test_every_metric_of_the_contract_is_there():
    text = generate_latest(Metrics().registry).decode()

    declared = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert {f"aisecops_{name}" for name in NAMES} <= declared


def test_a_decision_is_counted_under_its_labels():
    counted = Metrics()

    counted.decided(**ONE_REQUEST)

    text = generate_latest(counted.registry).decode()
    labels = 'agent="bot",code="",decision="allow",effect="read",tool="crm.read"'
    assert f"aisecops_requests_total{{{labels}}} 1.0" in text
    assert 'aisecops_decision_seconds_count{stage="decide"} 1.0' in text


def test_labels_are_bounded(monkeypatch):
    monkeypatch.setattr(metrics, "MOST_LABELS", 3)
    counted = Metrics()

    for number in range(10):
        counted.token_rejected(f"code-{number}")

    text = generate_latest(counted.registry).decode()
    assert text.count("aisecops_tokens_rejected_total{") == 4
    assert 'aisecops_tokens_rejected_total{code="other"} 7.0' in text


def test_a_thousand_agents_are_each_counted_under_their_name():
    counted = Metrics()
    agents = [f"agent-{number}" for number in range(1000)]
    counted.rules_loaded("one", agents)
    for agent in agents:
        for code in ("", "budget_exceeded"):
            counted.decided(**ONE_REQUEST | {"agent": agent, "code": code})

    text = generate_latest(counted.registry).decode()
    assert 'agent="other"' not in text
    assert text.count("aisecops_requests_total{") == 2000


def test_only_the_rule_set_in_force_is_marked():
    counted = Metrics()

    counted.rules_loaded("one")
    counted.rules_loaded("two")
    counted.rules_rejected()

    text = generate_latest(counted.registry).decode()
    assert 'aisecops_policy_info{version="one"} 0.0' in text
    assert 'aisecops_policy_info{version="two"} 1.0' in text
    assert "aisecops_policy_valid 0.0" in text


def test_the_port_serves_the_numbers_and_is_free_again():
    counted = Metrics()
    counted.token_issued()
    scrape = Scrape(MetricsSettings(listen=Address(host="127.0.0.1", port=0)), counted.registry)

    with urllib.request.urlopen(f"http://127.0.0.1:{scrape.port}/metrics") as answer:
        text = answer.read().decode()
    with pytest.raises(ConfigError, match="cannot listen"):
        Scrape(MetricsSettings(listen=Address(host="127.0.0.1", port=scrape.port)), counted.registry)
    scrape.close()

    assert "aisecops_tokens_issued_total 1.0" in text
