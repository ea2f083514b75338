"""What was worked out lately is at hand; what was not asked for longest is forgotten first."""

from __future__ import annotations

import pytest

from aisecops.gateway.recent import Recent


def test_what_is_at_hand_is_not_worked_out_again():
    recent, asked = Recent(2), []
    for name in ("a", "a", "b", "a"):
        assert recent.of(name, lambda name=name: asked.append(name) or name.upper()) == name.upper()
    assert asked == ["a", "b"]


def test_what_was_not_asked_for_longest_is_forgotten_first():
    recent = Recent(2)
    for name in ("a", "b", "a", "c"):
        recent.of(name, lambda: None)
    assert ["a" in recent, "b" in recent, "c" in recent] == [True, False, True]


def test_what_failed_is_tried_again():
    recent = Recent(2)
    with pytest.raises(ValueError, match="no"):
        recent.of("a", lambda: (_ for _ in ()).throw(ValueError("no")))
    assert recent.of("a", lambda: 1) == 1


def test_what_would_take_too_much_room_is_worked_out_each_time():
    recent, asked = Recent(2), []
    for _ in range(2):
        recent.of("a", lambda: asked.append(1), keep=False)
    assert asked == [1, 1]
