"""Grants compared with requests: every side that is too narrow is named."""

from __future__ import annotations

import pytest

from aisecops.controls.tokens.cover import covers, rows_within
from aisecops.model.action import ActionRequest, Kind, ToolEffect
from aisecops.model.decision import Verdict
from aisecops.model.refusals import Code
from support.tokens import claims, grant


def asked(**changes):
    said = {
        "kind": Kind.TOOL,
        "tool": "crm.read",
        "effect": ToolEffect.READ,
        "scope": "crm.customers.42",
        "method": "GET",
        "host": "crm.test",
        "port": 443,
        "path_hash": "p",
        "digest": "d",
    }
    return ActionRequest(**(said | changes))


def judged(granted, **changes):
    return covers(claims(grant=granted), asked(**changes))


def test_a_request_inside_the_grant_is_allowed():
    judgment = judged(grant(max_rows=100, max_cost_micros=500_000), rows=100, cost_micros=500_000)

    assert (judgment.verdict, judgment.reasons) == (Verdict.ALLOW, ())
    assert judgment.serves == ("AIS-CAP-01", "AIS-EXE-01")


@pytest.mark.parametrize(
    ("granted", "request_", "detail"),
    [
        (grant(), {"tool": "crm.write"}, "the tool `crm.write` was asked for, the grant is for `crm.read`"),
        (
            grant(tool="crm.*"),
            {"tool": "crm.admin.drop"},
            "the tool `crm.admin.drop` was asked for, the grant is for `crm.*`",
        ),
        (
            grant(),
            {"scope": "crm.orders.42"},
            "the scope `crm.orders.42` was asked for, the grant is for `crm.customers.*`",
        ),
        (
            grant(),
            {"scope": "crm.customers.42.cards"},
            "the scope `crm.customers.42.cards` was asked for, the grant is for `crm.customers.*`",
        ),
        (
            grant(),
            {"scope": "crm.customers"},
            "the scope `crm.customers` was asked for, the grant is for `crm.customers.*`",
        ),
        (
            grant(scope="crm.customers.42"),
            {"scope": "crm.customers.*"},
            "the scope `crm.customers.*` was asked for, the grant is for `crm.customers.42`",
        ),
        (grant(max_rows=100), {"rows": 101}, "the request is for 101 rows, the grant allows 100 (max_rows)"),
        (grant(max_rows=0), {"rows": 1}, "the request is for 1 rows, the grant allows 0 (max_rows)"),
        (
            grant(max_cost_micros=500_000),
            {"cost_micros": 500_001},
            "the request may cost 0.500001, the grant allows 0.5 (max_cost)",
        ),
    ],
)
def test_a_request_outside_the_grant_is_denied_with_what_was_asked_and_what_is_granted(granted, request_, detail):
    judgment = judged(granted, **request_)

    assert judgment.verdict is Verdict.DENY
    assert [(reason.code, reason.detail) for reason in judgment.reasons] == [(Code.SCOPE_VIOLATION, detail)]


def test_every_side_that_is_too_narrow_is_a_reason():
    judgment = judged(grant(max_rows=1, max_cost_micros=1), tool="x", scope="y", rows=2, cost_micros=2)

    assert len(judgment.reasons) == 4


def test_rows_and_cost_that_nobody_knows_yet_pass():
    assert judged(grant(max_rows=0, max_cost_micros=0), rows=None, cost_micros=0).verdict is Verdict.ALLOW


@pytest.mark.parametrize("scope", ["", ".", "crm..42", "crm.customers."])
def test_a_scope_that_cannot_be_read_is_covered_by_nothing(scope):
    assert judged(grant(scope="**"), scope=scope).verdict is Verdict.DENY


@pytest.mark.parametrize("broken", ["", "crm..x", "crm.**.x", "crm.c*"])
def test_a_grant_that_cannot_be_read_covers_nothing(broken):
    assert judged(grant(scope=broken)).verdict is Verdict.DENY
    assert judged(grant(tool=broken)).verdict is Verdict.DENY


def test_an_answer_may_hold_as_many_rows_as_granted():
    assert rows_within(grant(max_rows=3), 3).verdict is Verdict.ALLOW
    assert rows_within(grant(), 10**9).verdict is Verdict.ALLOW


def test_an_answer_with_more_rows_than_granted_is_denied():
    judgment = rows_within(grant(max_rows=3), 4)

    assert judgment.verdict is Verdict.DENY
    assert judgment.reasons[0].detail == "the answer holds 4 rows, the grant allows 3 (max_rows)"
