import contextlib
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.policy.duty import next_duty_ms, on_duty, read_duty

BERLIN = ZoneInfo("Europe/Berlin")


def at(text, zone=BERLIN):
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


@pytest.mark.parametrize(
    ("hours", "when", "there"),
    [
        ("Mo-Fr 08:00-18:00 Europe/Berlin", "2026-11-27T08:00", True),  # a Friday
        ("Mo-Fr 08:00-18:00 Europe/Berlin", "2026-11-27T17:59:59", True),
        ("Mo-Fr 08:00-18:00 Europe/Berlin", "2026-11-27T18:00", False),
        ("Mo-Fr 08:00-18:00 Europe/Berlin", "2026-11-28T12:00", False),
        ("Mo-Fr 08:00-18:00 UTC", "2026-11-27T08:30", False),  # half past seven there
        ("Fr 22:00-06:00 Europe/Berlin", "2026-11-28T05:59", True),
        ("Fr 22:00-06:00 Europe/Berlin", "2026-11-27T05:59", False),
        ("Sa-Mo 00:00-24:00 Europe/Berlin", "2026-11-29T23:59", True),
        ("Sa-Mo 00:00-24:00 Europe/Berlin", "2026-12-01T00:00", False),
        ("Tu,Fr 09:00-10:00 Europe/Berlin", "2026-11-27T09:30", True),
        ("Su 08:00-09:00 Europe/Berlin", "2026-03-29T08:30", True),  # the day on which the clocks go forward
        ("Su 08:00-09:00 Europe/Berlin", "2026-10-25T08:30", True),  # and back
    ],
)
def test_hours_are_those_of_the_clocks_where_somebody_works(hours, when, there):
    assert on_duty([read_duty(hours)], now_ms=at(when)) is there


def test_the_next_hours_are_told():
    hours = [read_duty("Mo-Fr 08:00-18:00 Europe/Berlin"), read_duty("Sa 10:00-12:00 Europe/Berlin")]
    assert next_duty_ms(hours, now_ms=at("2026-11-27T18:00")) == at("2026-11-28T10:00")
    assert next_duty_ms(hours, now_ms=at("2026-11-28T12:00")) == at("2026-11-30T08:00")
    assert next_duty_ms([], now_ms=0) is None


@pytest.mark.parametrize(
    ("written", "mend"),
    [
        ("always", "write days, hours and a time zone"),
        ("Mo-Fr 08:00-18:00", "write days, hours and a time zone"),
        ("Mo-Fr 8:00-18:00 UTC", "write days, hours and a time zone"),
        ("Mon 08:00-18:00 UTC", "days are Mo, Tu"),
        ("Mo 08:00-25:00 UTC", "hours go from"),
        ("Mo 08:70-09:00 UTC", "hours go from"),
        ("Mo 24:00-06:00 UTC", "begin before"),
        ("Mo 08:00-18:00 Europe/Berln", "no time zone"),
        ("Mo 08:00-18:00 ../../etc/passwd", "no time zone"),
    ],
)
def test_what_is_no_hours_is_named_with_its_mend(written, mend):
    with pytest.raises(ValueError, match=mend):
        read_duty(written)


@given(st.one_of(st.text(max_size=60), st.from_regex(r"\A(Mo|Tu|Fr|Su)[-,](Mo|We|Sa) [0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2} [A-Za-z/.]{1,20}\Z")))  # fmt: skip
def test_any_text_is_hours_or_named_with_its_mend(text):
    with contextlib.suppress(ValueError):
        read_duty(text)


@given(
    st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe", "UTC"]
    ),
    st.integers(0, 1439),
    st.integers(1, 1440),
    st.integers(1_500_000_000, 2_000_000_000),
)
def test_between_two_shifts_that_follow_each_other_somebody_is_always_there(zone, start, end, now_s):
    def written(begin, until):
        return read_duty(f"Mo-Su {begin // 60:02}:{begin % 60:02}-{until // 60:02}:{until % 60:02} {zone}")

    end %= 1440
    shifts = [written(start, end), written(end, start)]
    assert on_duty(shifts, now_ms=now_s * 1000)
