from __future__ import annotations

from aisecops.model.one_pass import prepared, which_match


def test_each_pattern_that_matches_somewhere_is_told():
    patterns = ("a[0-9]{2}", "(?i)begin ", "(?m)^dump", "x+y")
    assert sorted(which_match(b"\ndump a12", patterns)) == [0, 2]
    assert list(which_match(b"it BEGINS, Begin now", patterns)) == [1]
    assert list(which_match(b"a1 xx dump", patterns)) == []


def test_bytes_are_bytes_whatever_they_mean():
    assert list(which_match(b"\xff\xfea12", ("\\xff\\xfe", "a12"))) == [0, 1]


def test_patterns_that_are_made_ready_are_the_same():
    assert list(which_match(b"xaby", prepared("ab", "c"))) == [0]
