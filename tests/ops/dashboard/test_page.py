"""A page offers what the API would let its visitor do, and nothing else."""

import pytest

from aisecops.ops.control.may import MAY
from aisecops.ops.control.who import Asker, Role
from aisecops.ops.dashboard.page import Visitor


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER, Role.OPERATOR])
def test_a_visitor_may_what_the_table_says(role):
    visitor = Visitor(Asker(role=role, name="somebody"))

    assert {call for call in MAY if visitor.may(call)} == {call for call, roles in MAY.items() if role in roles}
    assert not visitor.may("something new")
