"""Fields have the type we rely on, or the place is named."""

from __future__ import annotations

from typing import Any

import pytest

from aisecops.model.errors import WireError
from aisecops.wire import fields


@pytest.mark.parametrize(
    ("read", "value", "words"),
    [
        (fields.text, None, "must be a string"), (fields.text, 1, "must be a string"), (fields.maybe_text, [], "must be a string"),
        (fields.maybe_count, True, "must be a whole number"), (fields.maybe_count, 1.0, "must be a whole number"),
        (fields.count, -1, "must be a whole number"), (fields.flag, "true", "must be true or false"),
        (fields.objects, {}, "must be a list"), (fields.maybe_object, [], "must be an object"),
    ],
)  # fmt: skip
def test_a_wrong_type_names_its_place(read: Any, value: Any, words: str) -> None:
    with pytest.raises(WireError) as refused:
        read({"n": value}, "n", "/a/0")
    assert refused.value.detail.startswith(f"`/a/0/n` {words}")


def test_an_item_of_a_list_names_its_place() -> None:
    with pytest.raises(WireError) as refused:
        fields.objects({"n": [{}, 1]}, "n", "/a")
    assert refused.value.detail == "`/a/n/1` must be an object"


@pytest.mark.parametrize("holder", [{}, {"n": None}])
def test_absent_and_null_are_the_same(holder: dict[str, Any]) -> None:
    assert fields.maybe_text(holder, "n", "") == ""
    assert fields.maybe_count(holder, "n", "") is None
    assert fields.count(holder, "n", "") == 0
    assert fields.flag(holder, "n", "") is False
    assert fields.objects(holder, "n", "") == []
    assert fields.maybe_object(holder, "n", "") == {}


def test_the_same_value_is_the_same_text() -> None:
    assert fields.as_json({"b": 1, "a": "ü"}) == fields.as_json({"a": "ü", "b": 1}) == '{"a":"ü","b":1}'


def test_data_stands_by_its_digest_and_an_address_by_itself() -> None:
    assert fields.address_or_digest("https://a.example/x.png") == "https://a.example/x.png"
    assert fields.address_or_digest("DATA:image/png;base64,AAAA").startswith("sha256:")
