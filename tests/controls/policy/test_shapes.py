"""Shapes read what their schema describes, and say everything that is wrong."""

from __future__ import annotations

import pytest

from aisecops.controls.policy.mistakes import Mistakes
from aisecops.controls.policy.shapes import Either, Key, Leaf, ListOf, MapOf, Named, Record, Word
from aisecops.controls.policy.yaml_nodes import read

TEXT = Leaf("a word", str)
COUNT = Leaf("a whole number", int, {"type": "integer"}, plain=True)
POINT = Record("a point", lambda **found: found, {"x": Key(COUNT, needed=True), "why": Key(TEXT, to="reason")})


def of(shape, yaml: str):
    return shape.read(read("f", yaml.encode()))


def wrong(shape, yaml: str) -> list[str]:
    with pytest.raises(Mistakes) as refused:
        of(shape, yaml)
    return [f"{problem.place.line}:{problem.place.column} {problem.what}" for problem in refused.value.problems]


def test_a_record_gives_its_maker_what_is_there_and_no_more():
    assert of(POINT, "x: 1") == {"x": 1}
    assert of(POINT, "{x: 1, why: so}") == {"x": 1, "reason": "so"}


def test_a_record_says_everything_that_is_wrong_in_it():
    assert wrong(POINT, "{y: 1, why: [a]}") == [
        "1:2 unknown key `y` in a point",
        "1:1 `x` is missing in a point",
        "1:13 a list where a word belongs",
    ]


def test_a_list_reads_every_item_and_says_every_mistake():
    assert of(ListOf(COUNT), "[1, 2]") == (1, 2)
    assert of(ListOf(COUNT, single=True), "3") == (3,)
    assert wrong(ListOf(COUNT), "[a, 1, b]") == ["1:2 `a` is not a whole number", "1:8 `b` is not a whole number"]
    assert wrong(ListOf(COUNT, least=1), "[]") == ["1:1 an empty list"]


def test_names_are_handed_to_their_records():
    named = Named(
        TEXT, Record("a thing", lambda name, place, **rest: (name, place.line, rest), POINT.keys, placed=True)
    )

    assert of(named, "a: {x: 1}\nb: {x: 2}") == {"a": ("a", 1, {"x": 1}), "b": ("b", 2, {"x": 2})}
    assert of(MapOf(TEXT, COUNT), "{a: 1}") == {"a": 1}


def test_one_of_several_records_is_told_by_its_key():
    either = Either({"z": Record("a z", lambda z: z, {"z": Key(COUNT)})}, otherwise=POINT)

    assert of(either, "z: 5") == 5
    assert of(either, "x: 5") == {"x": 5}


def test_a_word_is_one_of_a_closed_list():
    assert of(Word("a size", {"big": 10}), "big") == 10
    assert wrong(Word("a size", {"big": 10}), "bug") == ["1:1 `bug` is not a size"]


def test_a_secret_is_never_repeated():
    def refuse(text: str) -> str:
        raise ValueError("name its place")

    assert wrong(Leaf("a place", refuse, secret=True), "hunter2") == ["1:1 this is not a place"]


def test_a_shape_describes_itself():
    assert POINT.schema() == {
        "type": "object",
        "additionalProperties": False,
        "properties": {"x": {"description": "a whole number", "type": "integer"}, "why": TEXT.schema()},
        "required": ["x"],
    }
