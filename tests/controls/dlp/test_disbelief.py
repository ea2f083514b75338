from __future__ import annotations

import pytest

from aisecops.controls.dlp.disbelief import disbelieved
from aisecops.controls.dlp.presidio import PersonalDetector
from aisecops.model.provenance import Span
from support.detecting import seen


def is_no(entity: str, before: str, value: str) -> bool:
    return disbelieved(entity, before + value, Span(start=len(before), end=len(before + value)))


@pytest.mark.parametrize(
    ("before", "value"),
    [
        ("score ", "0.39829102"), ("x = 0.", "3929020"), ("at ", "86.121.97.248"), ("haiku-", "4-5-20251001"),
        ("day ", "20251001"), ("MA ", "02111-1307"), ("oid ", "1.3.36.3.3.2.8.1.1"), ("max ", "2147483647"),
    ],
)  # fmt: skip
def test_what_is_surely_no_phone_number_is_not_believed(before: str, value: str) -> None:
    assert is_no("PHONE_NUMBER", before, value)


@pytest.mark.parametrize(
    ("before", "value"),
    [
        ("call ", "030.901820"), ("", "01.23.45.67.89"), ("", "212-555-0143"), ("", "1.800.555.1234"), ("", "2125550143"),
        ("MA: ", "(212) 555-0143"), ("", "20251301"), ("", "256.121.97.248"), ("room 12. ", "2125550143"),
    ],
)  # fmt: skip
def test_what_may_be_one_is_believed(before: str, value: str) -> None:
    assert not is_no("PHONE_NUMBER", before, value)


def test_a_time_stamp_is_no_card() -> None:
    stamp = "1759178010641129"
    assert seen([PersonalDetector("CREDIT_CARD")], f'at "{stamp}"') == []
    assert not is_no("CREDIT_CARD", "", "4111111111111111")
    assert not is_no("CREDIT_CARD", "", "1" * 15)


def test_other_kinds_are_believed() -> None:
    assert not is_no("US_SSN", "", "0.39829102")


def test_a_part_of_a_longer_number_is_no_pesel() -> None:
    assert seen([PersonalDetector("PL_PESEL")], "e is 2.7182818284590452353602, 4779029615281019666") == []
    assert not is_no("PL_PESEL", "pesel ", "44051401359")
