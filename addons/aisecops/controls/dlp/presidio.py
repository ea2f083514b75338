"""Personal data: Presidio's recognisers, used one by one. The only file that imports Presidio.

Import it in worker processes only: the import takes seconds. No NLP pipeline and no model is loaded, and nothing
is fetched: patterns, checksums and the words before a match are all that speak.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import tldextract
from presidio_analyzer import PatternRecognizer, RecognizerResult, pattern_recognizer
from presidio_analyzer import predefined_recognizers as predefined
from presidio_analyzer.nlp_engine import NlpArtifacts

from aisecops.controls.dlp.detector import Sighting
from aisecops.controls.dlp.disbelief import disbelieved
from aisecops.controls.dlp.nearby import lifted
from aisecops.controls.dlp.phone import load_tables, phone_spans
from aisecops.controls.dlp.stretches import OVERLAP, around, pieces
from aisecops.controls.dlp.triggers import PERSONAL_TRIGGERS, Gate
from aisecops.model.provenance import Span

# a pattern that ran into this limit would be skipped without a word; the pool's deadline ends it instead
pattern_recognizer.REGEX_TIMEOUT_SECONDS = 3600


class _EmailRecognizer(predefined.EmailRecognizer):
    """As Presidio's, but never asks the network for the list of domains, and knows private ones."""

    _domains = tldextract.TLDExtract(
        cache_dir=None,
        suffix_list_urls=(),
        extra_suffixes=("internal", "local", "localdomain", "lan", "corp", "intranet", "home", "test", "example"),
    )

    def validate_result(self, pattern_text: str) -> bool:
        found = self._domains(pattern_text.rpartition("@")[2])
        return bool(found.domain and found.suffix)


class _PhoneRecognizer(predefined.PhoneRecognizer):
    """As Presidio's, with a matcher that does not parse every small number eight times."""

    def __init__(self) -> None:
        super().__init__()
        load_tables()  # else the first number of each country waits for its own

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        del entities, nlp_artifacts
        return [
            RecognizerResult("PHONE_NUMBER", start, end, self.SCORE)
            for start, end in set(phone_spans(text, self.supported_regions, leniency=1))
        ]


RECOGNISERS: dict[str, Callable[[], PatternRecognizer | predefined.PhoneRecognizer]] = {
    "CREDIT_CARD": predefined.CreditCardRecognizer,
    "IBAN_CODE": predefined.IbanRecognizer,
    "US_SSN": predefined.UsSsnRecognizer,
    "US_ITIN": predefined.UsItinRecognizer,
    "EMAIL_ADDRESS": _EmailRecognizer,
    "PHONE_NUMBER": _PhoneRecognizer,
    "CRYPTO": predefined.CryptoRecognizer,
    "IP_ADDRESS": predefined.IpRecognizer,
    "MAC_ADDRESS": predefined.MacAddressRecognizer,
    "URL": predefined.UrlRecognizer,
    "DATE_TIME": predefined.DateRecognizer,
    "MEDICAL_LICENSE": predefined.MedicalLicenseRecognizer,
    "US_NPI": predefined.UsNpiRecognizer,
    "US_MBI": predefined.UsMbiRecognizer,
    "ABA_ROUTING_NUMBER": predefined.AbaRoutingRecognizer,
    "US_BANK_NUMBER": predefined.UsBankRecognizer,
    "US_PASSPORT": predefined.UsPassportRecognizer,
    "US_DRIVER_LICENSE": predefined.UsLicenseRecognizer,
    "UK_PASSPORT": predefined.UkPassportRecognizer,
    "UK_POSTCODE": predefined.UkPostcodeRecognizer,
    "UK_VEHICLE_REGISTRATION": predefined.UkVehicleRegistrationRecognizer,
    "UK_NHS": predefined.NhsRecognizer,
    "UK_NINO": predefined.UkNinoRecognizer,
    "AU_ABN": predefined.AuAbnRecognizer,
    "AU_ACN": predefined.AuAcnRecognizer,
    "AU_TFN": predefined.AuTfnRecognizer,
    "AU_MEDICARE": predefined.AuMedicareRecognizer,
    "IN_AADHAAR": predefined.InAadhaarRecognizer,
    "IN_GSTIN": predefined.InGstinRecognizer,
    "IN_PAN": predefined.InPanRecognizer,
    "IN_PASSPORT": predefined.InPassportRecognizer,
    "IN_VEHICLE_REGISTRATION": predefined.InVehicleRegistrationRecognizer,
    "IN_VOTER": predefined.InVoterRecognizer,
    "SG_NRIC_FIN": predefined.SgFinRecognizer,
    "SG_UEN": predefined.SgUenRecognizer,
    "ES_NIE": predefined.EsNieRecognizer,
    "ES_NIF": predefined.EsNifRecognizer,
    "IT_DRIVER_LICENSE": predefined.ItDriverLicenseRecognizer,
    "IT_FISCAL_CODE": predefined.ItFiscalCodeRecognizer,
    "IT_IDENTITY_CARD": predefined.ItIdentityCardRecognizer,
    "IT_PASSPORT": predefined.ItPassportRecognizer,
    "IT_VAT_CODE": predefined.ItVatCodeRecognizer,
    "PL_PESEL": predefined.PlPeselRecognizer,
    "FI_PERSONAL_IDENTITY_CODE": predefined.FiPersonalIdentityCodeRecognizer,
    "KR_BRN": predefined.KrBrnRecognizer,
    "KR_DRIVER_LICENSE": predefined.KrDriverLicenseRecognizer,
    "KR_FRN": predefined.KrFrnRecognizer,
    "KR_PASSPORT": predefined.KrPassportRecognizer,
    "KR_RRN": predefined.KrRrnRecognizer,
    "NG_NIN": predefined.NgNinRecognizer,
    "NG_VEHICLE_REGISTRATION": predefined.NgVehicleRegistrationRecognizer,
    "TH_TNIN": predefined.ThTninRecognizer,
}


_NUMBER = re.compile(r"\d+")
_FIVE_DIGITS = re.compile(r"\d(?:\D{0,4}\d){4}")
_AT = re.compile("@")
_CLOSER = {
    "CREDIT_CARD": r"[0-9](?:[ -]?[0-9]){12}",
    "US_SSN": r"[0-9](?:[ .-]?[0-9]){8}",
    "US_ITIN": r"[0-9](?:[ -]?[0-9]){8}",
    "IBAN_CODE": r"[A-Za-z]{2}[0-9]{2}[ -]?[A-Za-z0-9]{4}",
    "PHONE_NUMBER": r"[0-9](?:[-x ()\[\]./~]{0,4}[0-9]){4}",
}
"""What a recogniser's every match holds in ASCII, where that says more than the trigger of its kind."""
_FROM_A_DIGIT = 64
"""Characters; no number is written with more between its digits and its end."""


def _stretches_for(entity: str) -> Callable[[str], Iterator[tuple[int, str]]]:
    """How a text is cut for a kind: around what each of its matches holds, or whole."""
    if entity == "EMAIL_ADDRESS":
        return partial(around, _AT, OVERLAP)
    trigger = PERSONAL_TRIGGERS[entity]
    if not trigger.startswith("[0-9]"):
        return pieces
    plain = re.compile(_CLOSER.get(entity, trigger))
    other = _FIVE_DIGITS if entity == "PHONE_NUMBER" else _NUMBER  # the dearest of all: not for small numbers

    def stretches(text: str) -> Iterator[tuple[int, str]]:
        return around(plain if text.isascii() else other, _FROM_A_DIGIT, text)

    return stretches


class PersonalDetector:
    """One recogniser of Presidio's, over pieces of the text, with the words before a weak match."""

    def __init__(self, entity: str) -> None:
        """Raises KeyError for a kind that has no recogniser here."""
        self.entity = entity
        self.id = f"presidio.{entity.lower()}"
        self._recogniser = RECOGNISERS[entity]()
        self._gate = Gate(PERSONAL_TRIGGERS[entity])
        self._stretches = _stretches_for(entity)
        self._context = tuple(word.lower() for word in self._recogniser.context or ())

    def find(self, text: str) -> Iterator[Sighting]:
        seen: dict[tuple[int, int], float] = {}
        for start, piece in self._stretches(text):
            if not self._gate.opens(piece):
                continue
            for result in self._recogniser.analyze(piece, [self.entity]):
                if not _is_whole(result, start, piece, text):
                    continue
                span = Span(start=start + result.start, end=start + result.end)
                if not disbelieved(self.entity, text, span):
                    at = (span.start, span.end)
                    seen[at] = max(seen.get(at, 0.0), lifted(result.score, text, span, self._context))
        reach, sure = -1, 0.0
        for (begin, end), confidence in sorted(seen.items(), key=lambda item: (item[0][0], -item[0][1])):
            # the rest of a match whose beginning lies before the cut: the neighbour saw it whole
            if end <= reach and confidence <= sure:
                continue
            reach, sure = (end, confidence) if end > reach else (reach, sure)
            yield Sighting(span=Span(start=begin, end=end), confidence=confidence)


def personal_detectors(entities: Iterable[str]) -> tuple[PersonalDetector, ...]:
    """A detector for each of `entities` that Presidio knows; the others are left to `detectors/`."""
    return tuple(PersonalDetector(entity) for entity in sorted(entities) if entity in RECOGNISERS)


def _is_whole(result: RecognizerResult, start: int, piece: str, text: str) -> bool:
    """False for a match that touches a cut: it may be part of something, and the neighbour has it whole."""
    cut_before = result.start == 0 and start > 0
    cut_after = result.end == len(piece) and start + len(piece) < len(text)
    return not (cut_before or cut_after)
