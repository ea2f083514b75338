"""The pass rate of the injection tests is that of the last evaluation, and nothing before the first."""

import json

import pytest

from aisecops.ops.figures.tested import injection_tests, last_evaluation


def test_before_the_first_evaluation_there_is_no_rate(tmp_path):
    assert injection_tests(tmp_path) == {"value": None, "counted": "not tested yet: `aisecops eval`"}


def test_the_rate_is_of_the_injection_suite(tmp_path):
    suites = [
        {"name": "exfiltration", "scenarios": 10, "passed": 1},
        {"name": "injection", "scenarios": 40, "passed": 39},
    ]
    (tmp_path / "evaluation.json").write_text(json.dumps({"suites": suites}))

    assert injection_tests(tmp_path) == {"value": 0.975, "counted": "39 of 40 scenarios"}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"suites": []}', '{"suites": [{"name": "injection", "scenarios": 0}]}']
)
def test_results_that_cannot_be_read_are_none(tmp_path, text):
    (tmp_path / "evaluation.json").write_text(text)

    assert injection_tests(tmp_path)["value"] is None
    assert last_evaluation(tmp_path) is None or "suites" in last_evaluation(tmp_path)
