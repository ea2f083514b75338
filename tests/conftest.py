"""What holds for every test."""

from __future__ import annotations

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("support")  # what it asserts counts under `python -O` too

# no test is about how fast this machine is at the moment
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
