"""What stands against it: lines, limits, budgets, and what is recorded."""

from __future__ import annotations

from support.gateway import RULES
from support.worksheets import FULL, facts


def test_budgets_are_told_in_the_words_of_the_rules_and_their_absence_too():
    text = RULES.replace(
        "max_cost: 1.00",
        "max_cost: 1.00, max_execution_time: 10m, rate: 5/s, max_rows: 7, max_recipients: 3, max_egress_bytes: 1KiB",
    )
    assert facts(text)["Budget limits"] == (
        "max_tool_calls: 50",
        "max_write_operations: 10",
        "max_execution_time: 600s",
        "max_cost: 1",
        "max_rows: 7",
        "max_recipients: 3",
        "max_egress_bytes: 1024B",
        "rate: 5 in 1s",
        "budgets weigh on the risk from a use of 0.5 on",
        "risk of a tree of runs: held over 1.5",
        "risk of a tree of runs: halted over 2",
    )
    assert facts()["Budget limits"][2] == "max_execution_time: no limit"


def test_each_grant_is_told_with_its_limits_and_how_they_are_measured():
    told = facts()["Capability constraints"]
    assert told[:3] == (
        "every tool request needs a capability token; the agent asks for it",
        "`crm.read` on `crm.customers.*`: max_rows 100",
        "`crm.read`: rows by response length(customers)",
    )
    assert "`mail.send`: cost by fixed 0.55" in told


def test_the_lines_of_the_firewall_and_its_steering_arguments_are_told():
    told = facts(FULL + "firewall: {flag_at: 0.4, block_at: 0.8}\n")["Context controls applied"]
    assert "untrusted text is refused as an injection from 0.8 on" in told
    assert "`row` of `db.write` (at `row`) named by untrusted content: hold" in told


def test_what_runs_elsewhere_is_said_not_to_be_seen():
    local = RULES.replace(
        'match: {host: db.internal, method: POST, path: "/orders/*"}', "match: {model_tool: db_write}"
    )
    told = facts(local.replace('scope: "db.orders.{path[1]}"', 'scope: "db.orders.{body.row}"'))["Telemetry coverage"]
    assert "`db.write` runs on the agent's own machine: the proposal is recorded, what came of it is not seen" in told
    assert "`db.write` is recorded durably before it leaves" not in told
    assert "`mail.send` is recorded durably before it leaves" in told
