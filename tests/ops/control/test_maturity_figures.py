"""What is kept of maturity, and when."""

from __future__ import annotations

import pytest

from aisecops.ops.control.maturity_figures import is_due
from aisecops.ops.maturity.assess import Assessment
from aisecops.ops.maturity.evidence import Kept


def assessment(*kept_at):
    trend = tuple(Kept(at=at, level=1, coverage=0.5, policy_version="v") for at in kept_at)
    return Assessment(
        at="2026-11-27T12:00:00Z",
        level=1,
        title="",
        coverage=0.5,
        policy_version="v",
        evaluated_at="",
        criteria=(),
        controls=(),
        trend=trend,
    )


@pytest.mark.parametrize(
    ("kept_at", "due"),
    [
        ((), False),
        (("2026-11-27T11:59:00Z",), False),
        (("2026-11-26T12:00:01.000Z",), False),
        (("2026-11-26T12:00:00.000Z",), True),
        (("2026-11-01T12:00:00Z", "2026-11-27T11:59:00Z"), False),
    ],
)
def test_an_assessment_is_kept_once_a_day_when_somebody_has_begun_it(kept_at, due):
    assert is_due(assessment(*kept_at)) is due
