"""The permanent comparison: nothing that Presidio itself finds in a whole text is lost to pieces and gates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import pytest
import spacy
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry
from presidio_analyzer import predefined_recognizers as predefined
from presidio_analyzer.nlp_engine import SpacyNlpEngine

from aisecops.controls.dlp.disbelief import disbelieved
from aisecops.controls.dlp.presidio import RECOGNISERS
from aisecops.controls.dlp.scan import FLOOR, scan
from aisecops.model.provenance import Span
from support.detectors import every_detector
from support.samples import Random, letters, personal

KINDS: dict[str, Callable[..., EntityRecognizer]] = {
    **RECOGNISERS,
    "PHONE_NUMBER": predefined.PhoneRecognizer,
}
KINDS.pop("EMAIL_ADDRESS")
"""E-mail is left out: Presidio would ask the network for the list of domains."""

FILL = (
    "lorem ipsum ",
    "order 2024-1123 ",
    '{"id": ',
    "\n",
    "grüße ",
    "tel: ",
    "call ",
    "ssn ",
    ", ",
    "1boat ",
    "10.0.0.1 ",
    "::1 ",
)

NATIONAL = (
    "943 476 5919", "QQ123456C", "1EG4-TE5-MK73", "BB1388568", "876 543 210", "2123 45670 1", "2341 2341 2346",
    "ABCPE1234F", "S1234567D", "12345678Z", "X9613851N", "RSSMRA85T10A562S", "44051401359", "131052-308T",
    "900101-1234567", "00:1B:44:11:3A:B7", "https://example.org/a", "12 Nov 2024", "1234567893", "51 824 753 556",
)  # fmt: skip


class BlankEngine(SpacyNlpEngine):
    """A pipeline that only cuts words, so that no model is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.nlp = {"en": spacy.blank("en")}


@lru_cache(maxsize=1)
def presidio() -> AnalyzerEngine:
    registry = RecognizerRegistry(
        recognizers=[kind(supported_language="en") for kind in KINDS.values()], supported_languages=["en"]
    )
    return AnalyzerEngine(registry=registry, nlp_engine=BlankEngine(), supported_languages=["en"])


MARKS = (
    " ",
    "\n",
    "",
    ": ",
    "=",
    "_",
    "-",
    ".",
    ",",
    "T",
    "x",
    " ext 3",
    "#",
    '"',
    "é",
    "\u0663",
    "\u00a0",
    "/",
    "(",
    ")",
)


def text_of(chance: Random, size: int, marks: Sequence[str] = (" ",)) -> str:
    words: list[str] = []
    while sum(map(len, words)) < size:
        words += [
            chance.choice(FILL),
            chance.choice([*personal(chance).values(), *NATIONAL, letters(chance, "0123456789-. ", 12)]),
            chance.choice(marks),
        ]
    return "".join(words)


def regrouped(chance: Random, text: str) -> str:
    """`text` with other marks in its numbers, and letters in the other case."""
    marks = {" ": chance.choice(" -."), "-": chance.choice("- ."), ".": chance.choice(". -")}
    text = "".join(marks.get(char, char) if chance.random() < 0.3 else char for char in text)
    return text.swapcase() if chance.random() < 0.3 else text


@pytest.mark.parametrize(("seed", "size"), [(1, 300), (2, 300), (3, 3000), (4, 12_000), (5, 12_000)])
def test_all_that_presidio_finds_in_the_whole_text_is_found(seed: int, size: int) -> None:
    nothing_is_lost(text_of(Random(seed), size))


@pytest.mark.parametrize("seed", range(12))
def test_nor_is_anything_lost_among_other_marks_groups_and_letters(seed: int) -> None:
    chance = Random(seed)
    for _ in range(6):
        nothing_is_lost(regrouped(chance, text_of(chance, 250, MARKS)))


def nothing_is_lost(text: str) -> None:
    theirs = presidio().analyze(text, "en", entities=list(KINDS), score_threshold=FLOOR)
    ours = scan([("body:", text)], frozenset(KINDS), every_detector(), b"key")
    lost = [
        (one.entity_type, text[one.start : one.end])
        for one in theirs
        if not any(f.entity == one.entity_type and f.span.start <= one.start and one.end <= f.span.end for f in ours)
        and not disbelieved(one.entity_type, text, Span(start=one.start, end=one.end))
    ]
    assert theirs
    assert lost == [], text
