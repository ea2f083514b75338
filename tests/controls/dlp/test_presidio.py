from __future__ import annotations

import pytest

from aisecops.controls.dlp.detectors import PERSONAL_DETECTORS
from aisecops.controls.dlp.presidio import PersonalDetector, personal_detectors
from aisecops.controls.dlp.stretches import OVERLAP, PIECE
from aisecops.controls.dlp.triggers import PERSONAL_TRIGGERS
from aisecops.model.entities import PERSONAL
from support.detecting import seen
from support.samples import Random, card, iban, mail, personal, social_security


def found(entity: str, text: str) -> list[str]:
    return [value for _, value in seen([PersonalDetector(entity)], text)]


def sure(entity: str, text: str) -> list[float]:
    return [sighting.confidence for sighting in PersonalDetector(entity).find(text)]


def test_every_kind_that_rules_may_name_has_a_recogniser_and_a_trigger() -> None:
    ours = {one.entity for one in PERSONAL_DETECTORS}
    assert {one.entity for one in personal_detectors(PERSONAL)} | ours == PERSONAL == PERSONAL_TRIGGERS.keys()


@pytest.mark.parametrize("entity", ["CREDIT_CARD", "IBAN_CODE", "US_SSN", "EMAIL_ADDRESS", "PHONE_NUMBER"])
def test_the_strong_kinds_are_found_whole(entity: str) -> None:
    chance = Random(entity)
    for _ in range(50):
        value = personal(chance)[entity]
        assert value in found(entity, f"the value: {value}, and more"), value


def test_a_card_with_a_wrong_last_digit_is_a_number() -> None:
    value = card(Random(1))
    assert found("CREDIT_CARD", value[:-1] + str((int(value[-1]) + 1) % 10)) == []


def test_private_domains_have_addresses_too() -> None:
    assert found("EMAIL_ADDRESS", "ask jane.doe@mail.corp.internal or joe@host.test") == [
        "jane.doe@mail.corp.internal",
        "joe@host.test",
    ]


def test_code_is_not_full_of_addresses() -> None:
    assert found("EMAIL_ADDRESS", "@app.route\nself@attr.value user@localhost git@") == []


def test_nine_digits_are_a_social_security_number_only_when_named_so() -> None:
    assert max(sure("US_SSN", "her ssn is 219099998"), default=0) >= 0.4
    assert max(sure("US_SSN", "order 219099998"), default=0) < 0.4


@pytest.mark.parametrize("make", [card, iban, mail, social_security])
def test_a_value_across_a_cut_is_found_once_and_whole(make: object) -> None:
    value = make(Random(7))  # type: ignore[operator]
    entity = {"card": "CREDIT_CARD", "iban": "IBAN_CODE", "mail": "EMAIL_ADDRESS"}.get(make.__name__, "US_SSN")  # type: ignore[attr-defined]
    for cut in (PIECE, PIECE - OVERLAP, 2 * (PIECE - OVERLAP)):
        for shift in range(-len(value) - 1, 2):
            text = ("lorem ipsum " * PIECE)[: cut + shift - 1] + " " + value + " " + "dolor sit " * 200
            assert found(entity, text) == [value]


def test_a_long_number_is_not_cut_into_a_short_one() -> None:
    number = "777777" + card(Random(1))
    text = " " * (PIECE - OVERLAP - 6) + number + " " * PIECE
    assert found("CREDIT_CARD", number) == found("CREDIT_CARD", text) == []
