from __future__ import annotations

from aisecops.model.kinds import kinds, of_kind


def test_kinds_in_a_row_are_told_and_others_are_not():
    tells = of_kind(kinds(("d", "0123456789")), b"dd.dd", b"d" * 6)
    assert [tells(text) for text in ("12-34", "1234", "123456", "12--34", "\u066112x34")] == [
        True,
        False,
        True,
        False,
        True,
    ]
