from __future__ import annotations

import pytest

from aisecops.model.field import covers_field, read_field


@pytest.mark.parametrize(
    ("field", "where", "covers"),
    [
        ("/messages/*/content", "body:/messages/3/content", True),
        ("/messages/*/content", "body:/messages/3/content/0/text", False),
        ("/messages/*/content", "body:/messages/3/name", False),
        ("messages[].content", "body:/messages/0/content", True),
        ("messages[*].content", "body:/messages/0/content", True),
        ("messages[1].content", "body:/messages/0/content", False),
        ('a."b/c"[].d', "body:/a/b~1c/7/d", True),
        ("header:x-note", "header:x-note", True),
        ("header:x-note", "header:x-other", False),
        ("query:q", "query:q", True),
        ("/a", "form:a", False),
    ],
)
def test_a_field_covers_the_places_that_it_names(field: str, where: str, covers: bool) -> None:
    assert covers_field(field, where) is covers


@pytest.mark.parametrize("field", ["", "/", "a || b", "messages[?x]", "length(a)", "/a//b", "body:/a", "/a b"])
def test_what_is_no_field_is_said_to_be_none(field: str) -> None:
    with pytest.raises(ValueError, match="JSON pointer"):
        read_field(field)
