from __future__ import annotations

import numpy as np

from aisecops.controls.provenance.index import Index
from support.origins import origin


def hashes(*values: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(values, dtype=np.uint64)


def found(index: Index, *values: int) -> list[tuple[int, str]]:
    return sorted((position, known.origin_id) for position, known in index.find(hashes(*values)))


def test_a_fingerprint_is_found_with_its_origin_and_position() -> None:
    index = Index()
    index.add(origin("one"), hashes(1, 2, 3))
    assert found(index, 9, 2) == [(1, "one")]


def test_a_shared_fingerprint_has_every_origin() -> None:
    index = Index()
    index.add(origin("one"), hashes(1))
    index.add(origin("two"), hashes(1))
    assert found(index, 1) == [(0, "one"), (0, "two")]


def test_many_additions_are_all_found() -> None:
    index = Index()
    for number in range(200):
        index.add(origin(str(number)), hashes(number, number + 1000))
    assert [found(index, number + 1000) for number in range(200)] == [[(0, str(number))] for number in range(200)]


def test_the_oldest_is_forgotten_first_and_the_newest_never() -> None:
    index = Index(max_prints=100)
    for number in range(50):
        index.add(origin(str(number)), hashes(*range(number * 10, number * 10 + 10)))
    assert found(index, 0) == []
    assert found(index, 490) == [(0, "49")]
    assert "0" not in index
    assert "49" in index
    assert len(index) <= 10


def test_one_origin_over_the_bound_is_known_until_the_next() -> None:
    index = Index(max_prints=5)
    index.add(origin("large"), hashes(*range(10)))
    assert found(index, 3) == [(0, "large")]


def test_an_origin_is_added_once() -> None:
    index = Index()
    index.add(origin("one"), hashes(1))
    index.add(origin("one"), hashes(2))
    assert found(index, 1, 2) == [(0, "one")]


def test_what_is_young_and_what_has_been_sorted_in_are_both_found() -> None:
    index = Index()
    for number in range(100):
        index.add(origin(str(number)), hashes(*range(number * 100, number * 100 + 100)))
        assert found(index, number * 100 + 50, 17) == sorted([(0, str(number)), (1, "0")])
