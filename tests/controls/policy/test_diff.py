"""Two rule sets in terms of authority."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.controls.policy.diff import diff
from aisecops.controls.policy.directions import Direction
from support.gateway import RULES, rules_of

GAINED, LOST, CHANGED = Direction.GAINED, Direction.LOST, Direction.CHANGED


def changes(was: str, now: str, *, old: str = RULES):
    assert was in old
    return diff(rules_of(old), rules_of(old.replace(was, now)))


def test_the_same_rules_differ_in_nothing():
    assert diff(rules_of(), rules_of()) == ()


def test_the_same_rules_in_another_order_and_other_words_differ_in_nothing():
    other = RULES.replace(
        '- {tool: crm.read, scope: "crm.customers.*", constraints: {max_rows: 100}}\n      ', ""
    ).replace(
        "    budgets: {max_tool",
        '      - {tool: crm.read, scope: "crm.customers.*", constraints: {max_rows: 100}}\n    budgets: {max_tool',
    )
    assert diff(rules_of(), rules_of("# a comment\n" + other)) == ()


def test_a_grant_inside_another_is_no_change():
    inside = '- {tool: db.write, scope: "db.orders.*"}\n      - {tool: db.write, scope: "db.orders.7"}'
    assert changes('- {tool: db.write, scope: "db.orders.*"}', inside) == ()


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ('scope: "db.orders.*"', 'scope: "db.**"', "`clerk` may now write with `db.write` on `db.**`"),
        ("max_rows: 100", "max_rows: 101", "`clerk` may now read with `crm.read` on `crm.customers.*` (max_rows 101)"),
        (", constraints: {max_rows: 100}", "", "`clerk` may now read with `crm.read` on `crm.customers.*`"),
        ("max_tool_calls: 50, ", "", "`agents.clerk.budgets.max_tool_calls` was `50` and is not set"),
        ("max_cost: 1.00", "max_cost: 1.50", "`agents.clerk.budgets.max_cost` was `1` and is `1.5`"),
        ("halt_above: 2.0", "halt_above: 2.5", "`agents.clerk.risk.halt_above` was `2` and is `2.5`"),
        ("role: office", "role: office\n    mode: observe", "`agents.clerk.mode` was `enforce` and is `observe`"),
        ("role: office", "role: office\n    token: broker", "`agents.clerk.token` was `require` and is `broker`"),
        ('{secret: "env:CLERK"}', '{secret: "env:CLERK", source: 10.0.0.0/8}',
         "`agents.clerk.authenticate[10.0.0.0/8]` is now there"),
        ("base_risk: 0.4", "base_risk: 0.3", "`tools.{mail.send}.base_risk` was `0.4` and is `0.3`"),
        ("effect: write\n    base_risk: 0.5", "effect: read\n    base_risk: 0.5",
         "`tools.{db.write}.effect` was `write` and is `read`"),
        ("host: db.internal", 'host: "*.internal"', "`tools.{db.write}.match[POST *.internal/orders/*]` is now there"),
        ("tier: internal, label", "tier: user, label", "`tools.{crm.read}.returns.tier` was `internal` and is `user`"),
        ('    rows: {response: "length(customers)"}\n', "",
         "`tools.{crm.read}.rows` was `length(customers)` and is not set"),
        ("sources:", 'sources:\n  - {match: {host: "*.news.example"}}', "`sources[*.news.example/**]` is now there"),
        ("escalation: 1.2", "escalation: 1.1", "`risk.sequences[read-then-send].escalation` was `1.2` and is `1.1`"),
        ("risk:\n  sequences:", "firewall: {block_at: 1}\nrisk:\n  sequences:",
         "`firewall.block_at` was `0.9` and is `1`"),
        ("visitor:", "guest:", "`agents.guest` is now there"),
    ],
)  # fmt: skip
def test_what_is_gained_one_way_is_lost_the_other(was, now, says):
    there = changes(was, now)
    assert says in [change.what for change in there if change.direction is GAINED]
    back = diff(rules_of(RULES.replace(was, now)), rules_of())
    gained_paths = {change.path for change in there if change.direction is GAINED}
    assert gained_paths <= {change.path for change in back if change.direction is LOST}


def test_a_tool_of_a_family_that_is_granted_is_gained_by_its_own_name():
    family = RULES.replace("models:", '  "tickets.*": {match: {mcp: {host: mcp.internal, tool: "*"}}}\nmodels:')
    granted = family.replace(
        "- {tool: db.write", '- {tool: tickets.create, scope: "tickets.create"}\n      - {tool: db.write'
    )
    gained = [change.what for change in diff(rules_of(family), rules_of(granted))]
    assert gained == ["`clerk` may now write with `tickets.create` on `tickets.create`"]


def test_a_detector_that_is_weakened_or_taken_out_gains():
    with_detector = RULES + "egress:\n  detectors:\n    - {entity: CREDIT_CARD, to: external, action: block}\n"
    weaker = changes("action: block", "action: mask", old=with_detector)
    gone = diff(rules_of(with_detector), rules_of())
    assert [change.direction for change in weaker] == [GAINED]
    assert [(change.direction, change.what) for change in gone] == [
        (GAINED, "`egress.detectors[CREDIT_CARD to external]` is no longer there")
    ]


def test_what_has_no_direction_is_told_all_the_same():
    [change] = changes('scope: "mail.contacts.{body.to}"', 'scope: "mail.contacts.{body.cc}"')
    assert (change.direction, change.path) == (CHANGED, "tools.{mail.send}.scope")


def test_a_policy_of_another_language_is_told_to_have_changed_and_not_printed():
    asked = f'{RULES}\npolicy: {{cedar: ["policy/*.cedar"]}}\n'
    was, now = "permit(principal, action, resource);\n// old\n", "permit(principal, action, resource);\n// new\n"
    [change] = diff(rules_of(asked, a=was), rules_of(asked, a=now))
    assert (change.direction, change.what) == (
        CHANGED, "`policy.cedar_files[policy/a.cedar].text` says something else"
    )  # fmt: skip


NUMBERS = st.integers(1, 500)


@settings(max_examples=15)
@given(NUMBERS, NUMBERS)
def test_of_two_limits_the_higher_gains(one, other):
    def told(limit):
        return rules_of(RULES.replace("max_tool_calls: 50", f"max_tool_calls: {limit}"))

    wanted = [] if one == other else [GAINED if other > one else LOST]
    assert [change.direction for change in diff(told(one), told(other))] == wanted


def test_an_allowance_is_authority_each_by_all_that_it_says():
    def allowing(*entries):
        listed = ", ".join(f'{{{entry}, until: 2027-01-31, reason: "r"}}' for entry in entries)
        return rules_of(RULES + f"egress: {{allow: [{listed}]}}\n")

    one, other = "entity: US_SSN, agent: clerk", 'entity: US_SSN, fingerprint: "0123456789abcdef"'
    gained = diff(allowing(one), allowing(one, other))
    assert [change.direction for change in gained] == [GAINED]
    assert "0123456789abcdef" in gained[0].what
    assert [change.direction for change in diff(allowing(one, other), allowing(other))] == [LOST]
