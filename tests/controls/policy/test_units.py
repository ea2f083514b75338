"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.policy.units import between, count, duration_ms, number, rate, size_bytes, trust_factor
from aisecops.model.budget import Rate


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (duration_ms, "500ms", 500),
        (duration_ms, "90s", 90_000),
        (duration_ms, "10m", 600_000),
        (duration_ms, "2h", 7_200_000),
        (size_bytes, "512B", 512),
        (size_bytes, "64KiB", 65_536),
        (size_bytes, "10MiB", 10_485_760),
        (rate, "5/s", Rate(count=5, per_ms=1_000)),
        (rate, "100/m", Rate(count=100, per_ms=60_000)),
        (number, "0.50", Decimal("0.50")),
        (count, "50", 50),
        (trust_factor, "internal", Decimal("0.5")),
        (trust_factor, "neutral", Decimal(1)),
        (trust_factor, "external", Decimal(2)),
        (trust_factor, "1.25", Decimal("1.25")),
    ],
)
def test_a_number_is_read_exactly(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (duration_ms, "10"), (duration_ms, "10 m"), (duration_ms, "1d"), (duration_ms, "-1s"), (duration_ms, "1.5s"),
        (size_bytes, "10MB"), (size_bytes, "10"), (rate, "0/s"), (rate, "5"), (rate, "5/d"), (number, "-1"),
        (number, "1e3"), (number, ".5"), (number, "0.1234567"), (number, "NaN"), (number, "٣"), (count, "1.0"),
        (count, "1_000"), (trust_factor, "0.4"), (trust_factor, "2.1"), (trust_factor, "low"), (trust_factor, "1" * 200),
    ],
)  # fmt: skip
def test_another_form_is_refused_with_the_mend(read, text):
    with pytest.raises(ValueError, match=r"write a|write `"):
        read(text)


def test_both_ends_are_between():
    assert [between(text, "1", "3") for text in ("1", "3", "2.5")] == [Decimal(1), Decimal(3), Decimal("2.5")]
    with pytest.raises(ValueError, match="from 1 to 3"):
        between("3.000001", "1", "3")


@given(st.sampled_from([duration_ms, size_bytes, rate, number, count, trust_factor]), st.text(max_size=12))
def test_any_text_is_a_number_or_refused(read, text):
    try:
        read(text)
    except ValueError as refused:
        assert str(refused)  # noqa: PT017
