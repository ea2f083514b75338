"""What holds for every test."""

from __future__ import annotations

from itertools import groupby, islice

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("support")  # what it asserts counts under `python -O` too

# no test is about how fast this machine is at the moment
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

QUICK_BETWEEN = 4
"""So many quick files come between two slow ones."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several workers share the tests by file: slow ones early, quick ones between, so that none is waited for.

    Slow files mostly wait for processes that they have started, quick ones compute.
    """
    if not hasattr(config, "workerinput"):
        return
    files = [list(tests) for _, tests in groupby(items, key=lambda item: item.path)]
    slow = sorted((tests for tests in files if _is_slow(tests)), key=len)
    quick = iter([tests for tests in files if not _is_slow(tests)])
    ordered = []
    for tests in slow:
        ordered += [tests, *islice(quick, QUICK_BETWEEN)]
    items[:] = [item for tests in [*ordered, *quick] for item in tests]


def _is_slow(tests: list[pytest.Item]) -> bool:
    starts = {"end_to_end", "evaluation", "release", "commands", "clients", "fuzz"} & {*tests[0].path.parts}
    return bool(starts) or any(item.get_closest_marker("slow") for item in tests)
