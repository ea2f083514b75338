"""What a text must hold before it is worth looking closer: a cheap look that loses no finding.

A trigger is necessary, never sufficient: a kind can be found only where its trigger matches. The fast path
(`adapters/nlp/pool.py`) leaves a text alone when nothing triggers; a detector looks only at pieces that trigger
it. A permanent test holds this against the full scan.

Triggers are for ASCII. Other letters count as separators, and the few that stand for digits or for ASCII letters
in somebody's pattern make every trigger match (`_stands_for_ascii`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from aisecops.controls.dlp.exact import ExactDetector
from aisecops.model.encodings import MIN_RUN, TURNS
from aisecops.model.entities import CREDENTIAL, GROUPS, PLANTED
from aisecops.model.one_pass import which_match
from aisecops.model.readings import is_dressed

_DIGIT = "[0-9]"
_FIVE_DIGITS = r"[0-9](?:[^0-9]{0,4}[0-9]){4}"
_SEVEN_DIGITS = r"[0-9](?:[^0-9]?[0-9]){6}"
_NINE_DIGITS = r"[0-9](?:[^0-9]?[0-9]){8}"
_ELEVEN_DIGITS = r"[0-9][0-9]{10}"
_LONG_RUN = r"[A-Za-z0-9+/_-]{16}"

PERSONAL_TRIGGERS: dict[str, str] = {
    "CREDIT_CARD": _NINE_DIGITS,
    "IBAN_CODE": r"[0-9][0-9][ -]?[A-Za-z0-9]{4}",
    "US_SSN": _NINE_DIGITS,
    "US_ITIN": _NINE_DIGITS,
    "EMAIL_ADDRESS": r"@",
    "PHONE_NUMBER": _FIVE_DIGITS,
    "CRYPTO": _LONG_RUN,
    "IP_ADDRESS": r"::|[0-9]\.[0-9]{1,3}\.[0-9]|:[0-9A-Fa-f]{1,4}:",
    "MAC_ADDRESS": r":[0-9A-Fa-f]{2}:|-[0-9A-Fa-f]{2}-|\.[0-9A-Fa-f]{4}\.",
    "URL": r"[A-Za-z0-9]\.[A-Za-z0-9]",
    "DATE_TIME": r"[0-9][0-9./ -]",
    "MEDICAL_LICENSE": r"[0-9][0-9]{6}",
    "US_NPI": r"[0-9][0-9]{3}",
    "US_MBI": r"[0-9][A-Za-z][A-Za-z0-9][0-9]",
    "ABA_ROUTING_NUMBER": _NINE_DIGITS,
    "US_BANK_NUMBER": r"[0-9][0-9]{7}",
    "US_PASSPORT": r"[0-9][0-9]{7}",
    "US_DRIVER_LICENSE": r"[0-9]",
    "UK_PASSPORT": r"[0-9][0-9]{6}",
    "UK_POSTCODE": r"[0-9]",
    "UK_VEHICLE_REGISTRATION": r"[0-9]",
    "UK_NHS": _NINE_DIGITS,
    "UK_NINO": r"[0-9](?: ?[0-9]){5}",
    "AU_ABN": _NINE_DIGITS,
    "AU_ACN": _NINE_DIGITS,
    "AU_TFN": _NINE_DIGITS,
    "AU_MEDICARE": _NINE_DIGITS,
    "IN_AADHAAR": _NINE_DIGITS,
    "IN_GSTIN": r"[0-9][0-9][A-Za-z]",
    "IN_PAN": r"[0-9]",
    "IN_PASSPORT": r"[0-9][0-9]",
    "IN_VEHICLE_REGISTRATION": r"[0-9]",
    "IN_VOTER": r"[0-9][0-9]{6}",
    "SG_NRIC_FIN": r"[0-9][0-9]{6}",
    "SG_UEN": r"[0-9][0-9]{3}",
    "ES_NIE": r"[0-9][0-9]{6}",
    "ES_NIF": r"[0-9][0-9]{6}",
    "IT_DRIVER_LICENSE": r"[0-9][0-9]{5}",
    "IT_FISCAL_CODE": _LONG_RUN,
    "IT_IDENTITY_CARD": r"[0-9]",
    "IT_PASSPORT": r"[0-9][0-9]{6}",
    "IT_VAT_CODE": r"[0-9]",
    "PL_PESEL": _ELEVEN_DIGITS,
    "FI_PERSONAL_IDENTITY_CODE": r"[0-9][0-9]{5}",
    "KR_BRN": _NINE_DIGITS,
    "KR_DRIVER_LICENSE": r"[0-9]",
    "KR_FRN": _NINE_DIGITS,
    "KR_PASSPORT": r"[0-9]",
    "KR_RRN": _NINE_DIGITS,
    "NG_NIN": _ELEVEN_DIGITS,
    "NG_VEHICLE_REGISTRATION": r"[0-9]",
    "TH_TNIN": _NINE_DIGITS,
    "AR_CUIT": _NINE_DIGITS,
    "AT_SVNR": _NINE_DIGITS,
    "BE_NATIONAL_NUMBER": _NINE_DIGITS,
    "BG_EGN": _NINE_DIGITS,
    "BR_CPF": _NINE_DIGITS,
    "CA_SIN": _NINE_DIGITS,
    "CH_AHV": _NINE_DIGITS,
    "CL_RUT": _SEVEN_DIGITS,
    "CN_ID_NUMBER": _LONG_RUN,
    "CZ_SK_BIRTH_NUMBER": _NINE_DIGITS,
    "DE_TAX_ID": _NINE_DIGITS,
    "DK_CPR": _NINE_DIGITS,
    "EE_LT_PERSONAL_CODE": _ELEVEN_DIGITS,
    "FR_NIR": r"[0-9](?:[^0-9]?[0-9]){4}",
    "GR_AMKA": _ELEVEN_DIGITS,
    "HR_OIB": _ELEVEN_DIGITS,
    "IE_PPS": r"[0-9][0-9]{6}",
    "IL_ID_NUMBER": r"[0-9][0-9]{7}",
    "JP_MY_NUMBER": _NINE_DIGITS,
    "MX_CURP": _LONG_RUN,
    "NL_BSN": _NINE_DIGITS,
    "NO_BIRTH_NUMBER": _NINE_DIGITS,
    "NZ_IRD": _SEVEN_DIGITS,
    "PT_NIF": _NINE_DIGITS,
    "RO_CNP": _ELEVEN_DIGITS,
    "SE_PERSONNUMMER": _NINE_DIGITS,
    "TR_NATIONAL_ID": _ELEVEN_DIGITS,
    "ZA_ID_NUMBER": _ELEVEN_DIGITS,
}
"""By kind, a pattern that matches in every text that holds one. A leading `[0-9]` stands alone, unrepeated, and
is needed: a pattern with other ways to match does not begin with it."""

_CLOSER = {
    "CREDIT_CARD": r"[0-9](?:[ -]?[0-9]){11}",
    "US_SSN": r"[0-9](?:[ .-]?[0-9]){8}",
    "US_ITIN": r"9[0-9](?:[ -]?[0-9]){7}",
    "IBAN_CODE": r"(?:^|[^A-Za-z0-9])[A-Za-z]{2}[ -]?[0-9]{2}[ .-]?[A-Za-z0-9]",
}
"""The same, said more closely, for where a text is looked at by kind."""

_TOLD = frozenset(PERSONAL_TRIGGERS) | GROUPS["SECRET"] | {*PLANTED}
"""Every kind that a trigger tells. Others, those of the rules' own and names, may be in any text."""

_IN_RUN = bytes(
    97 if chr(code).isascii() and (chr(code).isalnum() or chr(code) in "+/_-") else 32 for code in range(256)
)
_RUN = b"a" * MIN_RUN
# long s, the Kelvin sign, the two Turkish i: equal to s, k and i when case is ignored
_ODD_LETTERS = frozenset("\u017f\u212a\u0131\u0130")


def _stands_for_ascii(text: str) -> bool:
    """True for text with digits of other scripts, or letters that equal ASCII ones when case is ignored."""
    return any(char > "\x7f" and (char.isdecimal() or char in _ODD_LETTERS) for char in set(text))


_SHORT_SECRETS = {"PRIVATE_KEY": (b"PRIVATE KEY",), "DATABASE_URL": (b"://",)}
"""Secrets that need not hold a run as long as `MIN_RUN`; every other one does, and the run is seen."""
_SHORT_SECRETS_TURNED = {"PRIVATE_KEY": (b"YEK ETAVIRP", b"CEVINGR XRL"), "DATABASE_URL": (b"//:",)}

_IN_RUNS = (GROUPS["SECRET"] - {*_SHORT_SECRETS, CREDENTIAL}) | {
    entity for entity, trigger in PERSONAL_TRIGGERS.items() if trigger == _LONG_RUN
}
"""Kinds that hold letters and digits in a row as long as `MIN_RUN`."""

_SECRET_NAMES = (
    *(b"pass", b"pwd", b"pw", b"secret", b"token", b"cred", b"auth", b"bearer", b"key", b"contrase", b"kennwort"),
    *(b"motdepasse", b"identified", b"_pat", b"_sk", b"sas", b"connection", b"basic", b"-u"),
)
"""In small letters, what every CREDENTIAL stands behind."""


@lru_cache(maxsize=256)
def _patterns(entities: frozenset[str]) -> tuple[re.Pattern[bytes], ...]:
    """Triggers that begin with a digit as one pattern, so that a text is walked once; each other one alone."""
    wanted = {PERSONAL_TRIGGERS[entity] for entity in entities if entity in PERSONAL_TRIGGERS} - {_LONG_RUN}
    tails = sorted(trigger.removeprefix(_DIGIT) for trigger in wanted if trigger.startswith(_DIGIT))
    others = sorted(trigger for trigger in wanted if not trigger.startswith(_DIGIT))
    joined = [f"{_DIGIT}(?:{'|'.join(tails)})"] if tails else []
    return tuple(re.compile(trigger.encode()) for trigger in (*others, *joined))


def may_hold(text: str, entities: frozenset[str], planted: Sequence[ExactDetector] = ()) -> bool:
    """False only when a full scan of `text` for `entities` (none of them a group) would find nothing."""
    return holds(text, entities, planted) or _is_turned(text, entities, planted) or is_dressed(text)


def holds(text: str, entities: frozenset[str], planted: Sequence[ExactDetector] = ()) -> bool:
    """The same of the text as it stands, without taking off a dress."""
    if not entities <= _TOLD:
        return True
    if not text.isascii() and _stands_for_ascii(text):
        return True
    if planted and any(one.entity in entities and one.holds(text) for one in planted):
        return True
    data = text.encode("ascii", "replace")
    return (
        _RUN in data.translate(_IN_RUN)
        or _has_any(data, _SHORT_SECRETS, entities)
        or (CREDENTIAL in entities and _names_a_secret(data.lower()))
        or any(pattern.search(data) is not None for pattern in _patterns(entities))
    )


def kinds_in(text: str, entities: frozenset[str], planted: Sequence[ExactDetector] = ()) -> frozenset[str]:
    """Those of `entities` (none of them a group) that may be found in `text` as it stands."""
    told = entities & _TOLD
    if not told or (not text.isascii() and _stands_for_ascii(text)):
        return entities
    data = text.encode("ascii", "replace")
    found = entities - told
    found |= {one.entity for one in planted if one.entity in told and one.holds(text)}
    if _RUN in data.translate(_IN_RUN):
        found |= told & _IN_RUNS
    found |= {
        entity for entity, marks in _SHORT_SECRETS.items() if entity in told and any(map(data.__contains__, marks))
    }
    if CREDENTIAL in told and _names_a_secret(data.lower()):
        found |= {CREDENTIAL}
    triggers, kinds = _by_trigger(told)
    return found.union(*(kinds[at] for at in which_match(data, triggers))) if triggers else found


@lru_cache(maxsize=256)
def _by_trigger(entities: frozenset[str]) -> tuple[tuple[str, ...], tuple[frozenset[str], ...]]:
    """Each trigger of `entities` once, as close as it can be said, and all those that it is of."""
    wanted = {entity: _CLOSER.get(entity, PERSONAL_TRIGGERS[entity]) for entity in entities & PERSONAL_TRIGGERS.keys()}
    triggers = tuple(sorted(set(wanted.values()) - {_LONG_RUN}))
    kinds = (frozenset(entity for entity, own in wanted.items() if own == trigger) for trigger in triggers)
    return triggers, tuple(kinds)


def _names_a_secret(data: bytes) -> bool:
    return True in [name in data for name in _SECRET_NAMES]


def has_run(text: str) -> bool:
    """True for a text with letters and digits in a row as long as the shortest encoded run."""
    return _RUN in text.encode("ascii", "replace").translate(_IN_RUN)


def _is_turned(text: str, entities: frozenset[str], planted: Sequence[ExactDetector]) -> bool:
    """Backwards, or thirteen letters on: digits, runs and the marks of mail addresses stay what they are."""
    asked = [one for one in planted if one.entity in entities]
    if asked and any(one.holds(turned) for turned in (turn(text) for turn in TURNS.values()) for one in asked):
        return True
    return _has_any(text.encode("ascii", "replace"), _SHORT_SECRETS_TURNED, entities)


def _has_any(data: bytes, literals: Mapping[str, tuple[bytes, ...]], entities: frozenset[str]) -> bool:
    return True in [one in data for entity, told in literals.items() if entity in entities for one in told]


class Gate:
    """One kind's trigger, for a detector that looks at its own pieces."""

    def __init__(self, trigger: str) -> None:
        self._pattern = re.compile(trigger)

    def opens(self, piece: str) -> bool:
        """False only when `piece` holds nothing of the kind."""
        return not piece.isascii() or self._pattern.search(piece) is not None
