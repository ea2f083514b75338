"""The permanent comparison: nothing that Presidio itself finds in a whole text is lost to pieces and gates."""

from __future__ import annotations

from functools import lru_cache

import pytest
import spacy
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer import predefined_recognizers as predefined
from presidio_analyzer.nlp_engine import SpacyNlpEngine

from aisecops.controls.dlp.scan import FLOOR, scan
from support.detectors import every_detector
from support.samples import Random, letters, personal

KINDS = {
    "CREDIT_CARD": predefined.CreditCardRecognizer,
    "IBAN_CODE": predefined.IbanRecognizer,
    "US_SSN": predefined.UsSsnRecognizer,
    "US_ITIN": predefined.UsItinRecognizer,
    "PHONE_NUMBER": predefined.PhoneRecognizer,
    "CRYPTO": predefined.CryptoRecognizer,
    "IP_ADDRESS": predefined.IpRecognizer,
    "UK_NHS": predefined.NhsRecognizer,
}
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


class BlankEngine(SpacyNlpEngine):
    """A pipeline that only cuts words, so that no model is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.nlp = {"en": spacy.blank("en")}


@lru_cache(maxsize=1)
def presidio() -> AnalyzerEngine:
    registry = RecognizerRegistry(recognizers=[kind() for kind in KINDS.values()], supported_languages=["en"])
    return AnalyzerEngine(registry=registry, nlp_engine=BlankEngine(), supported_languages=["en"])


def text_of(chance: Random, size: int) -> str:
    words: list[str] = []
    while sum(map(len, words)) < size:
        words += [
            chance.choice(FILL),
            chance.choice([*personal(chance).values(), letters(chance, "0123456789-. ", 12)]),
            " ",
        ]
    return "".join(words)


@pytest.mark.parametrize(("seed", "size"), [(1, 300), (2, 300), (3, 3000), (4, 12_000), (5, 12_000)])
def test_all_that_presidio_finds_in_the_whole_text_is_found(seed: int, size: int) -> None:
    text = text_of(Random(seed), size)
    theirs = presidio().analyze(text, "en", entities=list(KINDS), score_threshold=FLOOR)
    ours = scan([("body:", text)], frozenset(KINDS), every_detector(), b"key")
    lost = [
        (one.entity_type, text[one.start : one.end])
        for one in theirs
        if not any(f.entity == one.entity_type and f.span.start <= one.start and one.end <= f.span.end for f in ours)
    ]
    assert theirs
    assert lost == []
