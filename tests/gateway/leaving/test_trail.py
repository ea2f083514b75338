"""What one step says is no part of what was said until it is."""

from __future__ import annotations

from aisecops.gateway.leaving.trail import Apart, Trail
from aisecops.model.piece import Piece

ONE, TWO = Piece(place="body:/a", head="the first of them"), Piece(place="body:/a", head="and the second")


def test_what_is_said_apart_is_no_part_of_the_trail() -> None:
    trail = Trail()
    trail.add(ONE)
    apart = Apart(trail)
    apart.place("body:/a").add(TWO)
    apart.place("body:/b").add(TWO)
    assert apart.place("body:/a").knows(ONE)
    assert apart.place("body:/a").knows(TWO)
    assert not trail.knows(TWO)
    assert list(trail.places) == ["body:/a"]
    assert trail.place("body:/a").last == ONE.end
