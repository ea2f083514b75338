from __future__ import annotations

import pytest

from aisecops.controls.dlp.place_words import named
from aisecops.controls.dlp.scan import scan
from aisecops.model.provenance import Span
from support.detectors import every_detector
from support.samples import ALNUM, Random, letters


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("body:/customer/ssn", "ssn: "), ("body:/cards/0/card_number", "card_number: "), ("body:/phones/3", "phones: "),
        ("form:password", "password: "), ("query:api_key", "api_key: "), ("upload:{2}", ""), ("body:/order", ""),
        ("body:", ""), ("header:x-auth-token", ""), ("path:2", ""), ("key:/password", ""), ("body:/" + "token" * 10, ""),
    ],
)  # fmt: skip
def test_a_field_is_named_when_its_name_tells_something(where: str, name: str) -> None:
    assert named(where) == name


def found(where: str, text: str, entity: str) -> list[Span]:
    return [one.span for one in scan([(where, text)], frozenset({entity}), every_detector(), b"key")]


def test_a_value_that_is_nothing_alone_is_what_its_field_says() -> None:
    key = letters(Random(1), ALNUM, 24)
    assert found("body:/client_secret", key, "CREDENTIAL") == [Span(start=0, end=len(key))]
    assert found("body:/cursor", key, "CREDENTIAL") == []
    assert found("query:ssn", "219099998", "US_SSN") == [Span(start=0, end=9)]
    assert found("query:order", "219099998", "US_SSN") == []


def test_a_name_is_never_part_of_a_finding() -> None:
    assert found("body:/ann@corp.example", "ann@corp.example", "EMAIL_ADDRESS") == [Span(start=0, end=16)]
    assert found("body:/mail-ann@corp.example", "nothing", "EMAIL_ADDRESS") == []
