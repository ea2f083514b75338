"""What was made of a short text is made once; what a sender can make long, or many, does not fill the memory."""

from __future__ import annotations

import pytest

from aisecops.model.of_short import OfShort, of_short


def counted(**bounds: int) -> tuple[OfShort[int], list[str]]:
    worked: list[str] = []

    def work(text: str) -> int:
        worked.append(text)
        return len(text)

    return OfShort(work, **{"most": 3, "longest": 4} | bounds), worked


def test_a_short_text_is_worked_on_once() -> None:
    known, worked = counted()
    assert [known["abc"], known["abc"], known["de"]] == [3, 3, 2]
    assert worked == ["abc", "de"]


def test_a_long_one_is_worked_on_each_time_and_not_kept() -> None:
    known, worked = counted()
    assert [known["a" * 5], known["a" * 5]] == [5, 5]
    assert (len(worked), len(known)) == (2, 0)


def test_never_more_than_so_many_are_kept() -> None:
    known, _ = counted()
    for number in range(50):
        assert known[str(number)] == len(str(number))
        assert len(known) <= 3


def test_what_is_raised_is_raised_again() -> None:
    @of_short(most=3)
    def refuses(text: str) -> int:
        raise ValueError(text)

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            refuses("no")


def test_a_function_says_of_each_text_what_it_said_without() -> None:
    @of_short(most=2, longest=3)
    def doubled(text: str) -> str:
        return text * 2

    assert [doubled(text) for text in ("a", "long one", "a", "b", "c", "a")] == [
        "aa",
        "long onelong one",
        "aa",
        "bb",
        "cc",
        "aa",
    ]
