from __future__ import annotations

from collections.abc import Sequence

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberMatcher
from phonenumbers.phonemetadata import PhoneMetadata
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

from aisecops.controls.dlp.phone import _SHORTEST_ABROAD, phone_spans
from support.samples import Random, letters, phone

REGIONS, LENIENCY = PhoneRecognizer.DEFAULT_SUPPORTED_REGIONS, 1


def as_the_library_does(text: str, regions: Sequence[str] = REGIONS) -> set[tuple[int, int]]:
    return {(m.start, m.end) for region in regions for m in PhoneNumberMatcher(text, region, leniency=LENIENCY)}


def example(region: str, kind: int, form: int) -> str | None:
    number = phonenumbers.example_number_for_type(region, kind)
    return phonenumbers.format_number(number, form) if number else None


@pytest.mark.parametrize("seed", range(8))
def test_it_finds_what_the_librarys_matcher_finds_in_logs_full_of_numbers(seed: int) -> None:
    chance = Random(seed)
    words = [letters(chance, "0123456789-. ()+/:x", chance.randint(3, 22)) for _ in range(60)]
    text = " ".join([*words, *(phone(chance) for _ in range(5)), "2024-11-02T10:00:00Z"])
    assert set(phone_spans(text, REGIONS, LENIENCY)) == as_the_library_does(text)


def test_it_finds_the_example_numbers_of_many_countries() -> None:
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    forms = (phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.E164)
    numbers = [example(r, k, f) for r in sorted(phonenumbers.SUPPORTED_REGIONS)[::6] for k in kinds for f in forms]
    numbers += [example(r, k, phonenumbers.PhoneNumberFormat.NATIONAL) for r in REGIONS for k in kinds]
    text = " ; ".join(number for number in numbers if number)
    assert set(phone_spans(text, REGIONS, LENIENCY)) == as_the_library_does(text)


@settings(max_examples=40)
@given(st.text(alphabet="0123456789 -.()+/x[\uff0b", max_size=50))
def test_it_finds_what_the_librarys_matcher_finds_in_any_text(text: str) -> None:
    assert set(phone_spans(text, REGIONS, LENIENCY)) == as_the_library_does(text)


@settings(max_examples=150)
@given(st.text(alphabet="0123456789 -.()+/x~;ext=#in,:\tT\na", max_size=70))
def test_it_finds_what_the_librarys_matcher_finds_beside_extensions_and_times(text: str) -> None:
    assert set(phone_spans(text, REGIONS, LENIENCY)) == as_the_library_does(text)


@pytest.mark.parametrize(
    "extension", ["xt 5", "xtn 5", "xT5", "x:   12", "x,\t5", "x -\t5", "x.  ,5", "~: 5", "~,,,5", "int:  7", "#,\t7"]
)
def test_a_number_is_found_before_an_extension_in_any_form(extension: str) -> None:
    text = f"call +48 22 123 45 67{extension} today, or (212) 555-0123{extension}"

    found = as_the_library_does(text)

    assert len(found) >= 2
    assert set(phone_spans(text, REGIONS, LENIENCY)) == found


@pytest.mark.parametrize(
    ("region", "text"),
    [("AR", "011 15-2345-6789"), ("AR", "(02966) 15-412345"), ("AG", "460-1234"), ("BR", "555-0123int 4")],
)
def test_numbers_that_are_not_dialled_as_they_are_read_are_found(region: str, text: str) -> None:
    found = as_the_library_does(text, [region])

    assert len(found) == 1
    assert set(phone_spans(text, [region], LENIENCY)) == found


@pytest.mark.parametrize("seed", range(20))
def test_it_finds_what_the_librarys_matcher_finds_of_numbers_beside_anything(seed: int) -> None:
    chance = Random(seed)
    marks = (
        "",
        " ",
        "  ",
        "-",
        ", ",
        ": ",
        "\n",
        "T",
        "x",
        " ext 12",
        " ext. 7",
        "#",
        ";ext=3",
        ":30",
        "a",
        "/",
        "(",
        ") ",
        "_",
    )
    days = ("2024-11-02 10", "2024-11-02", "10:30", "2012-01-02 08", "20241123", "12.50")
    parts = [chance.choice([phone(chance), chance.choice(days), letters(chance, "0123456789-", 9)]) for _ in range(40)]
    text = "".join(part + chance.choice(marks) for part in parts)
    assert set(phone_spans(text, REGIONS, LENIENCY)) == as_the_library_does(text)


def test_no_country_has_shorter_numbers_than_we_think() -> None:
    for region in phonenumbers.SUPPORTED_REGIONS:
        metadata = PhoneMetadata.metadata_for_region(region)
        assert metadata is not None and metadata.general_desc is not None  # noqa: PT018
        shortest = min(length for length in metadata.general_desc.possible_length if length > 0)
        assert shortest + len(str(metadata.country_code)) >= _SHORTEST_ABROAD, region
