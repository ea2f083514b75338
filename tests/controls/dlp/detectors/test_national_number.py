from __future__ import annotations

import pytest

from aisecops.controls.dlp.detectors.national_number import DETECTORS
from aisecops.controls.dlp.scan import FLOOR
from support.detecting import assert_linear

ALONE = {
    "AR_CUIT": "20-05536168-2", "BE_NATIONAL_NUMBER": "85.07.30-033.28", "BR_CPF": "390.533.447-05",
    "CA_SIN": "130-692-544", "CH_AHV": "756.9217.0769.85", "CL_RUT": "12.531.909-2", "CN_ID_NUMBER": "11010519491231002X",
    "CZ_SK_BIRTH_NUMBER": "710319/2745", "FR_NIR": "2 95 10 99 126 111 93", "IE_PPS": "6433435F",
    "MX_CURP": "BOXW310820HNERXN09", "NO_BIRTH_NUMBER": "151086 95088", "SE_PERSONNUMMER": "811228-9874",
}  # fmt: skip
NAMED = {
    "AR_CUIT": ("CUIT", "20055361682"), "AT_SVNR": ("Sozialversicherungsnummer", "1237 010180"),
    "BE_NATIONAL_NUMBER": ("rijksregister", "85073003328"), "BG_EGN": ("EGN", "7523169263"),
    "BR_CPF": ("CPF", "39053344705"), "CA_SIN": ("social insurance", "130692544"), "CL_RUT": ("RUT", "12531909-2"),
    "DE_TAX_ID": ("Steuer-ID", "36 574 261 809"), "DK_CPR": ("CPR", "211062-5629"),
    "EE_LT_PERSONAL_CODE": ("isikukood", "36805280109"), "GR_AMKA": ("AMKA", "01013099997"),
    "HR_OIB": ("OIB", "33392005961"), "IL_ID_NUMBER": ("Israeli id", "039337423"),
    "JP_MY_NUMBER": ("My Number", "1234 5678 9018"), "NL_BSN": ("BSN", "111222333"), "NZ_IRD": ("IRD", "49-091-850"),
    "PT_NIF": ("NIF", "287024008"), "RO_CNP": ("CNP", "1630615123457"), "TR_NATIONAL_ID": ("TC kimlik", "10000000146"),
    "ZA_ID_NUMBER": ("ID number", "7503305044089"),
}  # fmt: skip
"""Examples that are published with each number's rules."""


def values(entity: str, text: str) -> list[str]:
    mine = [one for one in DETECTORS if one.entity == entity]
    return [text[s.span.start : s.span.end] for one in mine for s in one.find(text) if s.confidence >= FLOOR]


def changed(number: str) -> str:
    at = max(index for index, char in enumerate(number) if char.isdecimal())
    return number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]


def test_each_kind_is_tried() -> None:
    assert {one.entity for one in DETECTORS} == ALONE.keys() | NAMED.keys()


@pytest.mark.parametrize(("entity", "number"), ALONE.items())
def test_a_number_of_unmistakable_shape_counts_alone_and_not_with_a_wrong_digit(entity: str, number: str) -> None:
    assert values(entity, f"for {number}, please") == [number]
    assert values(entity, f"for {changed(number)}, please") == []
    assert values(entity, f"for x{number} {number}x") == []


@pytest.mark.parametrize(("entity", "word", "number"), [(e, *pair) for e, pair in NAMED.items()])
def test_a_row_of_digits_counts_behind_its_name_only(entity: str, word: str, number: str) -> None:
    assert values(entity, f"{word}: {number}, please") == [number]
    assert values(entity, f"{word} {changed(number)}") == ([] if entity != "DK_CPR" else [changed(number)])
    assert values(entity, f"order {number}") == []


def test_it_is_linear_on_text_made_to_be_slow() -> None:
    assert_linear(DETECTORS)
