import pytest

from aisecops.model.people import PersonRole, PersonRule
from aisecops.model.place import Place


@pytest.mark.parametrize("role", PersonRole)
def test_a_person_has_one_name_whatever_their_role_and_viewers_do_not_answer(role):
    ann = PersonRule(name="ann", place=Place(file="rules.yaml", line=1), role=role, secret="env:ANN")
    assert ann.title == "person:ann"
    assert ann.answers is (role is not PersonRole.VIEWER)
