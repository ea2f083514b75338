from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.grant import Constraints

limits = st.one_of(st.none(), st.integers(0, 5))
constraints = st.builds(Constraints, max_rows=limits, max_cost_micros=limits, uses=limits, max_ttl_s=limits)


@given(constraints, constraints)
def test_narrowing_is_never_wider_than_either(one, other):
    assert one.narrowed(other).within(one)
    assert one.narrowed(other).within(other)


@given(constraints, constraints, constraints)
def test_the_order_of_narrowing_does_not_matter(one, other, third):
    assert one.narrowed(other) == other.narrowed(one)
    assert one.narrowed(other).narrowed(third) == one.narrowed(other.narrowed(third))


@given(constraints, constraints)
def test_what_is_within_stays_as_it_is(one, other):
    assert one.within(other) == (one.narrowed(other) == one)


def test_no_limit_is_wider_than_any():
    assert Constraints(max_rows=1).within(Constraints())
    assert not Constraints().within(Constraints(max_rows=1))
