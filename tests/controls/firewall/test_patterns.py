"""Patterns of a foreign schema."""

from __future__ import annotations

import pytest

from aisecops.controls.firewall.patterns import PatternError, found


@pytest.mark.parametrize(
    ("pattern", "text", "there"),
    [
        ("b", "abc", True),
        ("^abc$", "abc", True),
        ("^abc$", "abc\n", False),
        (r"^a\$$", "a$", True),
        ("[$]", "$", True),
        (r"^\d+$", "42", True),
        (r"^\d+$", "٤٢", False),
        (r"^[\d.]+$", "4.2", True),
        (r"^(?!.*\.\.)[a-z.]+$", "a.b", True),
        (r"^(?!.*\.\.)[a-z.]+$", "a..b", False),
        (r"^\p{L}+$", "été", True),
        (r"^[0-9a-f]{8}-[0-9a-f]{4}$", "0123abcd-ef01", True),
        ("^([0-9a-f]{1,4}:){7,7}[0-9a-f]{1,4}$", "1:2:3:4:5:6:7:8", True),
        ("(", "", None),
        ("x" * 2_001, "", None),
        ("(?:a{1000}){1000}", "a", None),
        ("(?:[(]{1000}){1000}", "a", None),
    ],
)
def test_a_pattern_is_there_or_not_or_cannot_be_searched_for(pattern: str, text: str, there: bool | None) -> None:
    if there is None:
        with pytest.raises(PatternError):
            found(pattern, text)
    else:
        assert found(pattern, text) is there


def test_a_pattern_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(PatternError, match="too long"):
        found("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 5_000)
