from __future__ import annotations

import re

import pytest

from aisecops.controls.dlp.detector import PatternDetector
from aisecops.model.provenance import Span

DETECTOR = PatternDetector(
    id="plate",
    entity="X",
    trigger=("plate",),
    pattern=re.compile(r"plate (?P<value>[A-Z]{2}[0-9]{3})"),
    keep=lambda v: v != "AA000",
)


def test_a_group_named_value_is_what_is_found() -> None:
    (seen,) = DETECTOR.find("my plate BX123.")
    assert seen.span == Span(start=9, end=14)


def test_what_keep_turns_down_is_not_found() -> None:
    assert list(DETECTOR.find("plate AA000")) == []


def test_a_text_without_the_trigger_holds_nothing() -> None:
    assert list(DETECTOR.find("Plate BX123")) == []


TOKEN = PatternDetector(
    id="t", entity="X", trigger=("tok_", "old-"), pattern=re.compile(r"(?:tok_|old-)[A-Za-z0-9-]{8,40}")
)


@pytest.mark.parametrize("blank", ["tok_xxxxxxxxxxxx", "tok_XXXX-XXXX-AAAA", "old-00000000"])
def test_a_form_that_is_not_filled_in_is_no_value(blank: str) -> None:
    assert list(TOKEN.find(f"use {blank} here")) == []


@pytest.mark.parametrize("value", ["tok_xxxxxxxxxxxxb7", "tok_xxxxxxxxxxxxa1b2c3", "old-a0b00000"])
def test_what_holds_anything_beside_is_one(value: str) -> None:
    assert len(list(TOKEN.find(f"use {value} here"))) == 1


def test_a_value_that_does_not_begin_with_the_trigger_is_not_taken_for_a_form() -> None:
    inside = PatternDetector(id="p", entity="X", trigger=("://",), pattern=re.compile(r"://u:(?P<value>[^@]{8,40})@"))
    assert len(list(inside.find("db://u:11111111@h"))) == 1
