"""A name says when it was made."""

from __future__ import annotations

import pytest

from aisecops.adapters.system.ids import Ulids
from aisecops.model.ids import made_ms


class Clock:
    """A moment."""

    def now_ms(self) -> int:
        return 1_795_852_573_999


@pytest.mark.parametrize("prefix", ["run_", "dec_", "cap_"])
def test_what_was_made_is_told(prefix):
    assert made_ms(Ulids(Clock()).new(prefix)) == Clock().now_ms()


@pytest.mark.parametrize("name", ["", "run_1", "run_01M8GJF7DDRPARYNPZX6V82Q1", "run_01M8GJF7DDRPARYNPZX6V82Q1U", "01"])
def test_other_names_say_nothing(name):
    assert made_ms(name) is None
