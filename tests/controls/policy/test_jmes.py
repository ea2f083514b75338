"""JMESPath, asked of JSON."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.controls.policy.jmes import LONGEST, JmesError, compiled, found_in


def test_an_expression_finds_what_is_there():
    assert found_in("a[0].b", {"a": [{"b": 1}]}) == 1
    assert found_in("a", {}) is None
    assert found_in("a", None) is None


def test_a_function_on_the_wrong_kind_is_an_error_of_its_own():
    with pytest.raises(JmesError):
        found_in("length(a)", {"a": 1})


@pytest.mark.parametrize(("expression", "data"), [("[::0]", [1]), ("ceil(@)", float("inf")), ("sum(@)", ["x"])])
def test_what_python_itself_refuses_is_the_same_error(expression, data):
    with pytest.raises(JmesError):
        found_in(expression, data)


@pytest.mark.parametrize(
    "expression", ["", " ", "a[", "a b", "unknown(", "a" * (LONGEST + 1), "[" * LONGEST, "(" * LONGEST]
)
def test_what_cannot_be_read_is_refused(expression):
    with pytest.raises(ValueError, match="write a JMESPath"):
        compiled(expression)


@pytest.mark.parametrize(
    ("expression", "mend"),
    [
        ("lenght(a)", "did you mean `length`?"),
        ("a[1:2].{x: sort_by(b, &lenght(c))}", "did you mean `length`?"),
        ("zzz(a)", "among others: `abs`"),
        ("length()", "`length` takes 1 arguments"),
        ("length(a, b)", "takes 1 arguments between its brackets, not 2"),
        ("not_null()", "takes 1 or more"),
    ],
)
def test_a_call_that_could_never_be_answered_is_refused_when_it_is_written(expression, mend):
    with pytest.raises(ValueError, match=re.escape(mend)):
        compiled(expression)


def test_functions_with_their_arguments_are_read():
    assert found_in("max_by(a[1:], &length(b)).b", {"a": [{"b": "xxx"}, {"b": "x"}, {"b": "xx"}]}) == "xx"
    assert found_in("not_null(a, b, c)", {"c": 1}) == 1


def test_a_literal_is_json():
    assert found_in('a[?b == `"x"`].b', {"a": [{"b": "x"}]}) == ["x"]
    with pytest.raises(ValueError, match="as JSON"):
        compiled("a[?b == `x`]")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.text("abc.[]*?@|&!<=>(){},:0'`\"- ", max_size=16)
    | st.sampled_from(["sum(a)", "max_by(a,&b)", "a<b", "sort(a)"]),
    _json,
)
def test_any_expression_on_any_json_gives_a_value_or_its_error(expression, data):
    try:
        found_in(expression, data)
    except (JmesError, ValueError) as refused:
        assert str(refused)  # noqa: PT017
