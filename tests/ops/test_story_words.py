"""How one event reads, and the numbers in it. `test_story.py` tells whole runs."""

from __future__ import annotations

import pytest

from aisecops.model.record import EventName
from aisecops.ops.story_words import counted, lasted, number, offset, said_of


def test_what_an_older_record_does_not_hold_is_a_question_mark():
    assert said_of({"event": "token_revoked", "jti": "tok_1"}) == ("token", "tok_1 revoked by ?", [])


def test_an_event_that_nobody_has_words_for_is_told_by_its_name():
    assert said_of({"event": "names_of_tomorrow"}) == ("note", "names of tomorrow", [])


def test_why_stands_below():
    assert said_of({"event": EventName.RUN_HALTED.value, "by": "ann", "why": "enough"}) == (
        "HALTED",
        "by ann",
        ["enough"],
    )


def test_a_refused_message_says_that_it_never_left():
    mark, words, why = said_of({"event": "message_refused", "bytes": 1, "tool": "orders.feed", "code": "risk_halted"})

    assert (mark, words) == ("REFUSED", "a message of 1 byte to orders.feed: risk halted")
    assert why == ["it never left; the WebSocket was closed"]


@pytest.mark.parametrize(("value", "text"), [(1.5, "1.5"), (2.0, "2"), (0.12345, "0.123"), (100, "100")])
def test_a_number_is_no_longer_than_it_says(value, text):
    assert number(value) == text


@pytest.mark.parametrize(("ms", "text"), [(0, "+0.0s"), (99_900, "+99.9s"), (125_000, "+2m05s"), (3_660_000, "+1h01m")])
def test_times_are_told_as_people_read_them(ms, text):
    assert offset(ms) == text


def test_short_times_are_told_in_milliseconds():
    assert (lasted(999), lasted(1500)) == ("999 ms", "1.5s")


def test_one_of_a_thing_is_not_several():
    assert (counted(1, "call"), counted(2, "call")) == ("1 call", "2 calls")
