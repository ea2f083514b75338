"""A refusal of the kernel carries the name of the step it was met in."""

from __future__ import annotations

import errno

import pytest

from aisecops.adapters.sandbox.channel import Failure
from aisecops.adapters.sandbox.steps import Refused, step


def test_an_error_is_named():
    with pytest.raises(Refused) as refused, step("user map"):
        raise PermissionError(errno.EPERM, "no")

    assert refused.value.failure == Failure("user map", errno.EPERM)


def test_a_mistake_of_ours_is_not_taken_for_one():
    with pytest.raises(ValueError, match="ours"), step("user map"):
        raise ValueError("ours")
