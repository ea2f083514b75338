"""Scopes and patterns: covering is exact, and a value never acts as a pattern."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aisecops.model import scope as scopes
from aisecops.model.scope import covers, is_concrete, quoted, segments

WORDS = st.sampled_from(["a", "b", "crm", "x-1"])
CONCRETE = st.lists(WORDS, min_size=1, max_size=4).map(".".join)
PATTERNS = st.builds(
    lambda parts, rest: ".".join([*parts, *rest]),
    st.lists(WORDS | st.just("*"), min_size=1, max_size=4),
    st.sampled_from([[], ["**"]]),
) | st.just("**")


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("crm.customers.42", "crm.customers.42"),
        ("crm.customers.*", "crm.customers.42"),
        ("crm.*.42", "crm.customers.42"),
        ("crm.**", "crm.customers"),
        ("crm.**", "crm.customers.42"),
        ("**", "crm"),
        ("**", "**"),
        ("**", "crm.**"),
        ("crm.**", "crm.*"),
        ("crm.*", "crm.*"),
        ("*.**", "crm.customers.**"),
        ("crm.**", "crm.customers.**"),
    ],
)
def test_a_pattern_covers(outer, inner):
    assert covers(outer, inner)


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("crm.customers.*", "crm.customers"),
        ("crm.customers.*", "crm.customers.42.cards"),
        ("crm.customers.*", "crm.customers.**"),
        ("crm.customers.42", "crm.customers.*"),
        ("crm.**", "crm"),
        ("crm.**", "**"),
        ("*", "**"),
        ("*.**", "**"),
        ("*.*", "*.**"),
        ("crm.*.x", "crm.**"),
        ("crm", "CRM"),
        ("crm.customers.**", "crm.**"),
        ("a.b.**", "a.**"),
    ],
)
def test_a_pattern_does_not_cover(outer, inner):
    assert not covers(outer, inner)


@pytest.mark.parametrize("broken", ["", ".", "a..b", ".a", "a.", "**.a", "a.**.b", "a*", "*a", "a.b*c", "***"])
def test_what_cannot_be_read_covers_nothing_and_is_covered_by_nothing(broken):
    with pytest.raises(ValueError):
        segments(broken)
    assert not covers(broken, "a")
    assert not covers("**", broken)
    assert not covers(broken, broken)
    assert not is_concrete(broken)


@given(PATTERNS)
def test_a_pattern_covers_itself(pattern):
    assert covers(pattern, pattern)


@given(PATTERNS, PATTERNS, CONCRETE)
def test_covering_means_covering_everything_that_the_inner_one_covers(outer, inner, scope):
    if covers(outer, inner) and covers(inner, scope):
        assert covers(outer, scope)


@given(PATTERNS, PATTERNS)
def test_two_patterns_that_cover_each_other_are_the_same(one, other):
    if covers(one, other) and covers(other, one):
        assert one == other


@given(st.text(max_size=30))
def test_any_value_fills_exactly_one_segment_and_is_no_pattern(value):
    scope = f"mail.contacts.{quoted(value)}"

    assert len(segments(scope)) == 3
    assert is_concrete(scope)
    assert covers("mail.contacts.*", scope)


@given(st.text(max_size=20), st.text(max_size=20))
@example("", "\x00")
@example(".", "%2E")
def test_two_values_never_share_a_segment(one, other):
    assert (quoted(one) == quoted(other)) is (one == other)


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("a@b.example", "a@b%2Eexample"),
        ("*", "%2A"),
        ("**", "%2A%2A"),
        ("%2E", "%252E"),
        ("", "%"),
        ("\x00", "%00"),
        ("a b\n", "a%20b%0A"),
    ],
)
def test_what_would_act_in_a_scope_is_quoted(value, segment):
    assert quoted(value) == segment


@pytest.mark.parametrize(("scope", "concrete"), [("a.b", True), ("a.*", False), ("**", False), ("a.%2A", True)])
def test_a_concrete_scope_holds_no_pattern(scope, concrete):
    assert is_concrete(scope) is concrete


@given(PATTERNS, CONCRETE)
def test_what_is_remembered_of_a_pair_is_what_is_so(outer, inner):
    assert covers(outer, inner) is covers(outer, inner) is scopes._covers(outer, inner)


def test_long_names_are_compared_and_not_remembered():
    before = scopes._known.cache_info().currsize
    assert covers("a.*", "a." + "b" * scopes.KNOWN_LENGTH)
    assert not covers("a.*", "b." + "b" * scopes.KNOWN_LENGTH)
    assert scopes._known.cache_info().currsize == before
