from __future__ import annotations

import pytest

from aisecops.model.entities import ENTITIES, GROUPS, NAMED, PERSONAL, PLANTED, expanded, named_by


def test_a_group_opens_into_kinds_that_exist() -> None:
    assert expanded(["SECRET", "CREDIT_CARD"]) == GROUPS["SECRET"] | {"CREDIT_CARD"}
    assert all(kinds <= ENTITIES.keys() for kinds in GROUPS.values())


def test_every_kind_is_personal_a_name_secret_or_planted() -> None:
    assert ENTITIES.keys() == PERSONAL | NAMED | GROUPS["SECRET"] | {*PLANTED}


def test_an_unknown_word_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="CREDIT_CRD"):
        expanded(["CREDIT_CRD"])


def test_a_kind_is_named_by_its_own_word_or_its_groups() -> None:
    assert named_by(["X", "SECRET"], "JWT")
    assert named_by(["STAFF_ID"], "STAFF_ID")
    assert not named_by(["SECRET", "NO_SUCH_GROUP"], "CREDIT_CARD")
