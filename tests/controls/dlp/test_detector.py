from __future__ import annotations

import re

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
