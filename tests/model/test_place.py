"""Places and problems as people read them."""

from __future__ import annotations

from aisecops.model.place import Place, Problem


def test_a_place_is_file_and_line_and_a_problem_says_the_column_too():
    place = Place(file="agents.yaml", line=3, column=7)
    assert str(place) == "agents.yaml:3"
    assert str(Problem(place=place, what="no such key", mend="write `grants`")) == "agents.yaml:3:7: no such key"
