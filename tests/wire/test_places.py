"""A name that may be a secret, a number or an address does not stand in a place."""

from __future__ import annotations

import pytest

from aisecops.wire.places import is_plain, shown_path, tells_a_person_s_number


@pytest.mark.parametrize(
    "name", ["content", "tool_calls", "x-note", "gpt-4o", "sha256", "$ref", "user.name", "Content-Type"]
)
def test_names_that_programs_use_are_plain(name: str) -> None:
    assert is_plain(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "4111111111111111",
        "+47 123",
        "ada@mail.example",
        "Ada Lovelace",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ü",
        "a\n",
        "x" * 49,
    ],
)
def test_names_that_may_tell_something_are_not(name: str) -> None:
    assert not is_plain(name)


@pytest.mark.parametrize(
    "place",
    ["/ssn", "/user/phoneNumber", "/phones/0", "/tax_id", "/fax-number", "/home_phone", "/customer/SSN", "/phone2"],
)
def test_a_name_tells_that_a_number_is_somebody_s(place: str) -> None:
    assert tells_a_person_s_number(place)


@pytest.mark.parametrize(
    "place",
    ["", "/0", "/phone_count", "/phone_verified_at", "/account_id", "/hotel", "/telemetry", "/using", "/microphone"],
)
def test_most_names_do_not(place: str) -> None:
    assert not tells_a_person_s_number(place)


@pytest.mark.parametrize(
    ("segments", "shown"),
    [
        ((), "/"),
        (("api", "event_logging", "batch"), "/api/event_logging/batch"),
        (("v1", "customers", "0042", "notes"), "/v1/customers/*/notes"),
        (("keys", "AKIA" + "IOSFODNN7EXAMPLE"), "/keys/*"),
        (("api", "eval", "sdk-" + "zAZezfDKGoZuXXKe"), "/api/eval/*"),
        (tuple("abcdefghij"), "/a/b/c/d/e/f/g/h/**"),
    ],
)
def test_a_path_is_told_as_a_rule_would_name_it_and_without_what_may_be_secret(segments, shown):
    assert shown_path(segments) == shown
