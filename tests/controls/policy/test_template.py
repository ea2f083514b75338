"""Scope templates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.policy.template import Filling, filled, pattern_of, read_template
from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.model.scope import covers, is_concrete, segments

FILLING = Filling(
    method="POST",
    host="mail.test",
    path_segments=("v1", "a b", ""),
    query={"to": ["x"], "twice": ["1", "2"]},
    body={"to": "bob@x.test", "n": 7, "yes": True, "deep": [{"id": "z"}], "half": 1.5, "none": None, "list": [1]},
)


@pytest.mark.parametrize(
    ("template", "scope"),
    [
        ("crm.customers.{path[0]}", "crm.customers.v1"),
        ("a.{path[1]}", "a.a%20b"),
        ("a.{path[2]}", "a.%"),
        ("m.{body.to}", "m.bob@x%2Etest"),
        ("m.{body.n}.{body.yes}", "m.7.true"),
        ("m.{body.deep[0].id}", "m.z"),
        ("m.{body.{a: to}.a}", "m.bob@x%2Etest"),
        ("{method}.{host}.{query.to}", "POST.mail%2Etest.x"),
    ],
)
def test_each_place_is_filled_with_one_quoted_value(template, scope):
    assert filled(template, FILLING) == scope


@pytest.mark.parametrize(
    ("template", "named"),
    [
        ("a.{path[3]}", "path[3]"),
        ("a.{query.none}", "query.none"),
        ("a.{query.twice}", "query.twice"),
        ("a.{body.nothing}", "body.nothing"),
        ("a.{body.none}", "body.none"),
        ("a.{body.half}", "half"),
        ("a.{body.list}", "list"),
        ("a.{body.length(n)}", "length(n)"),
    ],
)
def test_a_place_that_cannot_be_filled_is_named(template, named):
    with pytest.raises(WireError) as refused:
        filled(template, FILLING)

    assert refused.value.code is Code.UNREADABLE
    assert named in refused.value.detail


def test_a_query_that_some_servers_split_otherwise_is_not_certain():
    with pytest.raises(WireError, match=r"`;`"):
        filled("a.{query.to}", Filling(query={"x": ["1;to=y"], "to": ["z"]}))


@pytest.mark.parametrize(
    "template",
    ["", "a.", ".a", "a..b", "a.*", "a.**", "a.{", "a.}", "a.{path}", "a.{path[x]}", "a.{body}", "a.{body.}", "a.{body.[[}",
     "a.{header.x}", "a.x{path[0]}", "a b", "a.{query.}", "a.{}"],
)  # fmt: skip
def test_a_template_in_an_unusual_form_is_refused(template):
    with pytest.raises(ValueError, match=r".+"):
        read_template(template)


def test_the_pattern_of_a_template_covers_what_it_becomes():
    assert pattern_of("crm.{path[0]}.{body.to}") == "crm.*.*"
    assert covers(pattern_of("crm.{path[0]}.{body.to}"), filled("crm.{path[0]}.{body.to}", FILLING))


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_value_makes_a_scope_longer_wider_or_unreadable(one, other):
    scope = filled("crm.{body.to}.{query.q}", Filling(body={"to": one}, query={"q": [other.replace(";", "")]}))

    assert is_concrete(scope)
    assert len(segments(scope)) == 3


@given(st.text("a.{}[]0pathbodyquery*_", max_size=24))
def test_any_text_is_a_template_or_refused(text):
    try:
        places = read_template(text)
    except ValueError:
        return
    assert len(places) == len(segments(pattern_of(text)))
