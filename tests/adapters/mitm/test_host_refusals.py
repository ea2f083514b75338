"""What the host says by itself: what is wrong, and what to do."""

from __future__ import annotations

import pytest

from aisecops.adapters.mitm import host_refusals
from aisecops.model.outcome import Refuse

ALL = [value for value in vars(host_refusals).values() if isinstance(value, Refuse)]


@pytest.mark.parametrize("refuse", ALL, ids=lambda refuse: refuse.code.value)
def test_a_refusal_says_what_and_what_to_do_in_plain_words(refuse):
    what, _, mend = refuse.detail.partition("; ")
    assert what
    assert mend
    assert refuse.detail[0].islower()
    assert not refuse.detail.endswith(".")
