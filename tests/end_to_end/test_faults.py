"""Workers, control plane and store die at random under load, while rules change every second. `benchmarks/faults.py` goes on longer."""

from __future__ import annotations

import pytest

from support.faults import storm

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SEED = 20261127


@pytest.mark.parametrize(("store", "seconds"), [("sqlite", 8.0), ("redis", 9.0)])
def test_nothing_is_overspent_unrecorded_or_let_out_while_parts_die(tmp_path, store, seconds):
    with storm(tmp_path, SEED, store) as own:
        own.rages(seconds)

        assert own.found() == []
        assert own.seen.said["200"] > 10, own.seen.said
        assert own.seen.done["worker killed"] + own.seen.done["control plane killed"] > 0
        assert own.seen.done["rules replaced"] > 3
