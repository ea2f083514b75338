from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.json_places import MAX_DEPTH, containers, quoted, string_values, with_member, with_values

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


def plain(value: Any, pointer: str = "") -> dict[str, str]:
    if isinstance(value, str):
        return {pointer: value}
    steps: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        steps = [(key.replace("~", "~0").replace("/", "~1"), inner) for key, inner in value.items()]
    if isinstance(value, list):
        steps = [(str(index), inner) for index, inner in enumerate(value)]
    return {at: text for step, inner in steps for at, text in plain(inner, f"{pointer}/{step}").items()}


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_every_string_value_is_found_under_its_pointer(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    found = string_values(text)
    assert {pointer: string for pointer, (string, _) in found.items()} == plain(value)
    assert all(json.loads(text[span.start : span.end]) == string for string, span in found.values())


@given(st.text(max_size=60) | st.text(alphabet='{}[]":,0a\\ue-.', max_size=60))
def test_any_text_gives_places_or_a_value_error(text: str) -> None:
    try:
        string_values(text)
    except ValueError:
        return
    json.loads(text)


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": "x"}', "[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), '{"a" 1}', "[1,]", "", "[1] x"]
)
def test_what_has_two_readings_or_none_is_turned_down(text: str) -> None:
    with pytest.raises(ValueError):
        string_values(text)


@given(st.text())
def test_a_quoted_value_reads_back_the_same(value: str) -> None:
    assert json.loads(quoted(value)) == value


def test_objects_and_arrays_have_their_places_too() -> None:
    text = ' {"a": [1, {"b": "x"}], "c": {}} '
    found = {pointer: text[span.start : span.end] for pointer, span in containers(text).items()}
    assert found == {"": text.strip(), "/a": '[1, {"b": "x"}]', "/a/1": '{"b": "x"}', "/c": "{}"}


def test_a_value_is_changed_and_nothing_else() -> None:
    text = '{ "a" : "one",\t"b":["\\u0041", 1.50e3 ]}'
    assert with_values(text, {"/b/0": 'say "hi"\n'}) == '{ "a" : "one",\t"b":["say \\"hi\\"\\n", 1.50e3 ]}'


def test_a_value_that_is_not_there_is_not_changed() -> None:
    with pytest.raises(KeyError):
        with_values('{"a": 1}', {"/a": "x"})


def test_an_object_is_replaced_where_it_stands_beside_a_text() -> None:
    text = '{"a": {"b": "x", "c": [1]},  "d": "y", "e": [{}]}'
    assert (
        with_values(text, {"/d": "z"}, objects={"/a": '{"new":1}', "/e/0": "2"})
        == '{"a": {"new":1},  "d": "z", "e": [2]}'
    )
    with pytest.raises(KeyError):
        with_values(text, {}, objects={"/d": "{}"})


@pytest.mark.parametrize("standing", ['"x"', "null", "[1]", '{"a": 1}', "1.5"])
def test_a_member_takes_the_place_of_what_stands_there(standing: str) -> None:
    assert with_member(f'{{"a": 0, "b": {standing} }}', "b", '"new"') == '{"a": 0, "b": "new" }'


def test_a_new_member_is_the_first() -> None:
    assert with_member(' { "a": 0}', "b", "[]") == ' {"b":[], "a": 0}'
    assert with_member("{ }", "b", "[]") == '{"b":[] }'
    with pytest.raises(ValueError):
        with_member("[]", "b", "[]")
