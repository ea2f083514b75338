"""The pass rate of the injection tests is that of the last evaluation on record, and nothing before the first."""

import pytest

from aisecops.ops.figures.tested import injection_tests, suites_of

RULES = "sha256:now"
SUITES = {"exfiltration": {"attacks": 10, "contained": 1}, "injection": {"attacks": 40, "contained": 39, "alarms": 0}}


def evaluation(suites, rules=RULES):
    return {"suites": suites, "policy_version": rules}


def test_before_the_first_evaluation_there_is_no_rate():
    assert injection_tests([], RULES) == {"value": None, "counted": "not tried under these rules: `aisecops eval`"}
    assert suites_of(None) == []


def test_the_rate_is_of_the_injection_suite():
    assert injection_tests([evaluation(SUITES)], RULES) == {"value": 0.975, "counted": "39 of 40 attacks contained"}
    assert [one["suite"] for one in suites_of({"suites": SUITES})] == ["exfiltration", "injection"]


@pytest.mark.parametrize("suites", [None, [], {}, {"injection": {"attacks": 0}}, {"injection": 5}, "x"])
def test_figures_that_are_none_give_no_rate(suites):
    assert injection_tests([evaluation(suites)], RULES)["value"] is None


def test_what_was_tried_under_other_rules_or_without_the_suite_is_passed_over():
    other = evaluation({"injection": {"attacks": 2, "contained": 0}}, rules="sha256:before")
    without = evaluation({"exfiltration": {"attacks": 2, "contained": 0}})

    assert injection_tests([other, without, evaluation(SUITES)], RULES)["value"] == 0.975
    assert injection_tests([other], RULES)["value"] is None
