from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.controls.dlp.stand_ins import names_in, stand_in
from aisecops.model.entities import ENTITIES
from support.samples import Random, card, iban, mail, phone, social_security

KEY = b"k" * 32
CHANCE = Random(7)
VALUES = {
    "EMAIL_ADDRESS": mail(CHANCE),
    "CREDIT_CARD": card(CHANCE, " "),
    "IBAN_CODE": iban(CHANCE),
    "US_SSN": social_security(CHANCE),
    "PHONE_NUMBER": phone(CHANCE),
    "IP_ADDRESS": "10.20.30.40",
    "MAC_ADDRESS": "aa:bb:cc:dd:ee:ff",
    "PERSON": "Ren\u00e9e M\u00fcller",
    "LOCATION": "Rom",
    "UK_NHS": "943 476 5919",
    "JWT": "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl",
}


def luhn(number: str) -> int:
    digits = [int(digit) for digit in reversed(number)]
    return (sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10


@pytest.mark.parametrize(("entity", "value"), VALUES.items())
def test_a_stand_in_is_the_same_for_the_same_and_another_for_any_other(entity: str, value: str) -> None:
    text = stand_in(entity, value, key=KEY)
    assert text == stand_in(entity, value, key=KEY)
    others = {
        stand_in(entity, value, key=b"j" * 32),
        stand_in(entity, value, key=KEY, attempt=1),
        stand_in(entity, value[:-1] + ("8" if value[-1] != "8" else "6"), key=KEY),
    }
    assert text not in others
    assert len(others) == 3


@settings(max_examples=80)
@given(st.sampled_from(sorted([*ENTITIES, "PERSON", "LOCATION", "URL"])), st.text(min_size=1, max_size=40))
def test_no_format_has_to_escape_it_and_it_never_holds_the_value(entity: str, value: str) -> None:
    text = stand_in(entity, value, key=KEY)
    assert text.isascii()
    assert text.isprintable()
    assert not set(text) & set("\"'\\<>&%`")
    assert value.lower() != text.lower()


@pytest.mark.parametrize("separator", ["", " ", "-"])
def test_a_card_passes_its_check_and_is_of_no_issuer(separator: str) -> None:
    real = card(CHANCE, separator)
    text = stand_in("CREDIT_CARD", real, key=KEY)
    digits = text.replace(separator, "") if separator else text
    assert luhn(digits) == 0
    assert digits.startswith("9999")
    assert [c.isdigit() for c in text] == [c.isdigit() for c in real]


def test_a_bank_account_passes_its_check_and_is_of_no_country() -> None:
    text = stand_in("IBAN_CODE", iban(CHANCE), key=KEY).replace(" ", "")
    assert text.startswith("ZZ")
    assert int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def test_mail_numbers_and_addresses_are_nobodys() -> None:
    assert stand_in("EMAIL_ADDRESS", "ann@corp.com", key=KEY).endswith("@mail.example")
    assert stand_in("US_SSN", "123-45-6789", key=KEY)[0] == "9"
    assert stand_in("PHONE_NUMBER", "+1 202 555 0143", key=KEY).replace(" ", "").startswith("+999")
    assert stand_in("IP_ADDRESS", "10.1.2.3", key=KEY).startswith(("198.18.", "198.19."))
    assert stand_in("IP_ADDRESS", "fe80::1", key=KEY).startswith("2001:db8:")


def test_a_shape_with_too_little_room_is_given_up() -> None:
    assert stand_in("PHONE_NUMBER", "12345", key=KEY).startswith("phone-number-")


def test_a_person_of_several_names_is_known_by_each_that_is_one() -> None:
    assert len(stand_in("PERSON", "Ren\u00e9e M\u00fcller", key=KEY).split()) == 2
    assert names_in("PERSON", "Dr. Ren\u00e9e van M\u00fcller Jr 3rd") == ["Ren\u00e9e", "M\u00fcller"]
    assert names_in("PERSON", "Ren\u00e9e") == []
    assert names_in("US_SSN", "Abc Def") == []
