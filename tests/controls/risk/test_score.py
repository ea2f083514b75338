from __future__ import annotations

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.risk.score import score, stress
from aisecops.model.risk import from_micros

D = Decimal


def micros(base: str, escalation: str, trust: str, pressure: str) -> int:
    return score(base=D(base), escalation=D(escalation), trust=D(trust), stress=D(pressure)).micros


def test_the_worked_example_comes_out_to_the_digit():
    steps = [micros("0.2", "1.0", "0.5", "1.0"), micros("0.4", "1.2", "2.0", "1.0"), micros("0.5", "1.0", "0.5", "1.1")]
    assert steps == [100_000, 960_000, 275_000]
    assert from_micros(sum(steps)) == 1.335


def test_a_step_keeps_its_factors():
    step = score(base=D("0.4"), escalation=D("1.2"), trust=D(2), stress=D(1))
    assert (step.base, step.escalation, step.trust, step.stress) == (D("0.4"), D("1.2"), D(2), D(1))


@pytest.mark.parametrize("factor", ["base", "escalation", "trust", "stress"])
@pytest.mark.parametrize("value", ["-0.1", "3.000001", "NaN", "sNaN", "Infinity"])
def test_a_factor_out_of_its_range_is_refused(factor: str, value: str):
    good = {"base": D("0.5"), "escalation": D(1), "trust": D(1), "stress": D(1)}
    with pytest.raises(ValueError, match=factor):
        score(**{**good, factor: D(value)})


@pytest.mark.parametrize(
    ("factor", "value"), [("escalation", "0.9"), ("trust", "0.4"), ("trust", "2.1"), ("stress", "2.1"), ("base", "1.1")]
)
def test_each_factor_has_its_own_range(factor: str, value: str):
    good = {"base": D("0.5"), "escalation": D(1), "trust": D(1), "stress": D(1)}
    with pytest.raises(ValueError, match=factor):
        score(**{**good, factor: D(value)})


@given(
    base=st.decimals(0, 1, places=6),
    escalation=st.decimals(1, 3, places=6),
    trust=st.decimals(D("0.5"), 2, places=6),
    pressure=st.decimals(1, 2, places=6),
)
def test_more_of_any_factor_is_never_less_risk(base, escalation, trust, pressure):
    risk = score(base=base, escalation=escalation, trust=trust, stress=pressure).micros
    assert 0 <= risk <= 12_000_000
    assert score(base=base, escalation=D(3), trust=D(2), stress=D(2)).micros >= risk


def test_a_narrow_decimal_setting_of_the_thread_does_not_move_the_score():
    with decimal.localcontext() as narrow:
        narrow.prec = 3
        assert micros("0.5", "1.234568", "1", "2") == 1_234_568
        assert stress(D("0.777777"), D("0.333333")) == D("1.666666")


@pytest.mark.parametrize(
    ("use", "start", "expected"),
    [
        ("0", "0.5", "1"),
        ("0.5", "0.5", "1"),
        ("0.55", "0.5", "1.1"),
        ("0.75", "0.5", "1.5"),
        ("1", "0.5", "2"),
        ("1.7", "0.5", "2"),
        ("0.5", "0", "1.5"),
        ("0.99", "1", "1"),
        ("1", "1", "2"),
    ],
)
def test_stress_grows_from_its_start_to_two_at_the_limit(use: str, start: str, expected: str):
    assert stress(D(use), D(start)) == D(expected)


def test_stress_is_in_whole_millionths_half_to_even():
    assert stress(D(2) / D(3), D("0.5")) == D("1.333333")


@pytest.mark.parametrize(
    ("use", "start"),
    [("-0.1", "0.5"), ("NaN", "0.5"), ("Infinity", "0.5"), ("0.5", "-0.1"), ("0.5", "1.1"), ("0.5", "NaN")],
)
def test_stress_of_what_is_no_share_is_refused(use: str, start: str):
    with pytest.raises(ValueError, match="goes from"):
        stress(D(use), D(start))


@given(use=st.decimals(0, 3, places=6), more=st.decimals(0, 1, places=6), start=st.decimals(0, 1, places=6))
def test_more_use_is_never_less_stress(use, more, start):
    assert D(1) <= stress(use, start) <= stress(use + more, start) <= D(2)
