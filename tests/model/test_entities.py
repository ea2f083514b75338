from __future__ import annotations

import pytest

from aisecops.model.entities import CANARY, ENTITIES, GROUPS, PERSONAL, expanded


def test_a_group_opens_into_kinds_that_exist() -> None:
    assert expanded(["SECRET", "CREDIT_CARD"]) == GROUPS["SECRET"] | {"CREDIT_CARD"}
    assert all(kinds <= ENTITIES.keys() for kinds in GROUPS.values())


def test_every_kind_is_personal_secret_or_a_canary() -> None:
    assert ENTITIES.keys() == PERSONAL | GROUPS["SECRET"] | {CANARY}


def test_an_unknown_word_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="CREDIT_CRD"):
        expanded(["CREDIT_CRD"])
