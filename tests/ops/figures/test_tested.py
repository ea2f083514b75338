"""The pass rate of the injection tests is that of the last evaluation on record, and nothing before the first."""

import pytest

from aisecops.ops.figures.tested import injection_tests, suites_of

SUITES = {"exfiltration": {"attacks": 10, "contained": 1}, "injection": {"attacks": 40, "contained": 39, "alarms": 0}}


def test_before_the_first_evaluation_there_is_no_rate():
    assert injection_tests(None) == {"value": None, "counted": "not tested yet: `aisecops eval`"}
    assert suites_of(None) == []


def test_the_rate_is_of_the_injection_suite():
    assert injection_tests({"suites": SUITES}) == {"value": 0.975, "counted": "39 of 40 attacks contained"}
    assert [one["suite"] for one in suites_of({"suites": SUITES})] == ["exfiltration", "injection"]


@pytest.mark.parametrize("suites", [None, [], {}, {"injection": {"attacks": 0}}, {"injection": 5}, "x"])
def test_figures_that_are_none_give_no_rate(suites):
    assert injection_tests({"suites": suites})["value"] is None
