"""A name that may be a secret, a number or an address does not stand in a place."""

from __future__ import annotations

import pytest

from aisecops.wire.places import is_plain


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
