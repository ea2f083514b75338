"""A short soak of a real installation: what it holds does not grow. `benchmarks/soak.py` goes on for longer, with more."""

from __future__ import annotations

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def test_calls_new_runs_and_streams_left_early_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import soak

    found = soak.soak(12 / 60, (soak.kept, soak.fresh, soak.left), tmp_path)

    assert soak.too_much(found["growth"]) == []
    assert set(found["growth"]) >= {"gateway", "control", "up"}
    assert set(found["counts"]) == {"call 200", "without a token 401", "left early, and garbage"}
    assert found["counts"]["call 200"] > 100
