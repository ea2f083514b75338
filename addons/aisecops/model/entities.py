"""The kinds of things that must not leave, by name: what rules may write under `egress.detectors`.

Knows names and what they mean. How each is found is `controls/dlp/`.
`strong` kinds are exact enough (a checksum, a fixed prefix, an unmistakable shape) to be on by default;
the others fire on ordinary text or are common in it, and are for rules that want them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from aisecops.model.value import Value


class Entity(Value):
    """One kind: its name in rules and findings, what it is, whether it is exact enough to be on by default."""

    name: str
    what: str
    strong: bool = False


CANARY = "CANARY"
"""An exact value that the operator planted; looked for whenever canaries are given."""

KNOWN_SECRET = "KNOWN_SECRET"
"""An exact secret that the rules name by where it is kept; looked for whenever any is named."""

PLANTED = (CANARY, KNOWN_SECRET)
"""Kinds that need no rule: whoever names their values wants them stopped."""

CREDENTIAL = "CREDENTIAL"
"""A value that is secret by the name it stands behind."""

_PERSONAL: tuple[tuple[str, str, bool], ...] = (
    ("CREDIT_CARD", "payment card number, Luhn checked", True),
    ("IBAN_CODE", "international bank account number, checksum and country length", True),
    ("US_SSN", "United States social security number", True),
    ("US_ITIN", "United States taxpayer number, with separators or named as such", True),
    ("EMAIL_ADDRESS", "e-mail address under a known or private top-level domain", True),
    ("PHONE_NUMBER", "phone number valid in its country", True),
    ("CRYPTO", "Bitcoin address, checksum", True),
    ("IP_ADDRESS", "IPv4 or IPv6 address; common in technical text", False),
    ("MAC_ADDRESS", "hardware address; common in technical text", False),
    ("URL", "web address; fires on much of source code", False),
    ("DATE_TIME", "date or time of day; common in all text", False),
    ("MEDICAL_LICENSE", "United States drug enforcement licence, checksum", False),
    ("US_NPI", "United States health provider number, checksum", False),
    ("US_MBI", "United States Medicare identifier", False),
    ("ABA_ROUTING_NUMBER", "United States bank routing number, checksum", False),
    ("US_BANK_NUMBER", "United States bank account number, named as such", False),
    ("US_PASSPORT", "United States passport number, named as such", False),
    ("US_DRIVER_LICENSE", "United States driving licence, named as such", False),
    ("UK_PASSPORT", "British passport number, named as such", False),
    ("UK_POSTCODE", "British postcode, named as such", False),
    ("UK_VEHICLE_REGISTRATION", "British number plate", False),
    ("AU_ABN", "Australian business number, checksum", False),
    ("AU_ACN", "Australian company number, checksum", False),
    ("AU_TFN", "Australian tax file number, checksum", False),
    ("IN_GSTIN", "Indian goods and services tax number", False),
    ("IN_PASSPORT", "Indian passport number, named as such", False),
    ("IN_VEHICLE_REGISTRATION", "Indian number plate", False),
    ("IN_VOTER", "Indian voter number", False),
    ("IT_DRIVER_LICENSE", "Italian driving licence, named as such", False),
    ("IT_IDENTITY_CARD", "Italian identity card, named as such", False),
    ("IT_PASSPORT", "Italian passport number, named as such", False),
    ("IT_VAT_CODE", "Italian value added tax number, checksum", False),
    ("KR_BRN", "Korean business number, named as such", False),
    ("KR_DRIVER_LICENSE", "Korean driving licence, named as such", False),
    ("KR_PASSPORT", "Korean passport number, named as such", False),
    ("NG_VEHICLE_REGISTRATION", "Nigerian number plate", False),
    ("SG_UEN", "Singapore company number, checksum", False),
)  # fmt: skip

_NATIONAL: tuple[tuple[str, str], ...] = (
    ("AR_CUIT", "Argentine tax number, checksum"),
    ("AT_SVNR", "Austrian insurance number, checksum, named as such"),
    ("AU_MEDICARE", "Australian Medicare number, checksum"),
    ("BE_NATIONAL_NUMBER", "Belgian national number, checksum"),
    ("BG_EGN", "Bulgarian civil number, checksum, named as such"),
    ("BR_CPF", "Brazilian tax number of a person, checksum"),
    ("CA_SIN", "Canadian insurance number, checksum"),
    ("CH_AHV", "Swiss insurance number, checksum"),
    ("CL_RUT", "Chilean national number, checksum"),
    ("CN_ID_NUMBER", "Chinese identity number, checksum"),
    ("CZ_SK_BIRTH_NUMBER", "Czech or Slovak birth number, checksum"),
    ("DE_TAX_ID", "German tax number of a person, checksum"),
    ("DK_CPR", "Danish civil number, named as such"),
    ("EE_LT_PERSONAL_CODE", "Estonian or Lithuanian personal code, checksum, named as such"),
    ("ES_NIE", "Spanish number of a foreigner, checksum"),
    ("ES_NIF", "Spanish tax number, checksum"),
    ("FI_PERSONAL_IDENTITY_CODE", "Finnish identity code, checksum"),
    ("FR_NIR", "French insurance number, checksum"),
    ("GR_AMKA", "Greek insurance number, checksum, named as such"),
    ("HR_OIB", "Croatian personal number, checksum, named as such"),
    ("IE_PPS", "Irish public service number, checksum"),
    ("IL_ID_NUMBER", "Israeli identity number, checksum, named as such"),
    ("IN_AADHAAR", "Indian identity number, checksum"),
    ("IN_PAN", "Indian tax number"),
    ("IT_FISCAL_CODE", "Italian tax code, checksum"),
    ("JP_MY_NUMBER", "Japanese individual number, checksum, named as such"),
    ("KR_FRN", "Korean number of a foreigner, checksum"),
    ("KR_RRN", "Korean resident number, checksum"),
    ("MX_CURP", "Mexican population code, checksum"),
    ("NG_NIN", "Nigerian identity number, checksum"),
    ("NL_BSN", "Dutch service number, checksum, named as such"),
    ("NO_BIRTH_NUMBER", "Norwegian birth number, checksum"),
    ("NZ_IRD", "New Zealand tax number, checksum, named as such"),
    ("PL_PESEL", "Polish identity number, checksum"),
    ("PT_NIF", "Portuguese tax number, checksum, named as such"),
    ("RO_CNP", "Romanian personal code, checksum, named as such"),
    ("SE_PERSONNUMMER", "Swedish personal number, checksum"),
    ("SG_NRIC_FIN", "Singapore identity number"),
    ("TH_TNIN", "Thai identity number, checksum"),
    ("TR_NATIONAL_ID", "Turkish identity number, checksum, named as such"),
    ("UK_NHS", "British health number; one in eleven numbers of ten digits passes its checksum"),
    ("UK_NINO", "British national insurance number"),
    ("ZA_ID_NUMBER", "South African identity number, checksum, named as such"),
)

_NAMED: tuple[tuple[str, str], ...] = (
    ("PERSON", "name of a person, in prose; needs a spaCy model"),
    ("LOCATION", "name of a place, in prose; needs a spaCy model"),
    ("ORGANIZATION", "name of an organisation, in prose; needs a spaCy model"),
    ("NRP", "nationality, religion or political group, in prose; needs a spaCy model"),
)

_SECRETS = (
    ("PRIVATE_KEY", "private key block (PEM, OpenSSH, PGP)"),
    ("AWS_KEY", "Amazon access key id or secret"),
    ("CLOUD_KEY", "Google, Azure or DigitalOcean key"),
    ("VCS_TOKEN", "GitHub, GitLab or Bitbucket token"),
    ("SAAS_TOKEN", "Slack, Stripe, SendGrid, npm, PyPI and other service tokens"),
    ("MODEL_KEY", "key of a model provider"),
    ("JWT", "signed JSON web token"),
    ("DATABASE_URL", "URL with a password in it"),
    (CREDENTIAL, "password, key or token that stands behind a name which says so"),
)

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        *(Entity(name=name, what=what, strong=strong) for name, what, strong in _PERSONAL),
        *(Entity(name=name, what=what) for name, what in _NATIONAL),
        *(Entity(name=name, what=what, strong=True) for name, what in _SECRETS),
        *(Entity(name=name, what=what) for name, what in _NAMED),
        Entity(name=CANARY, what="exact value planted by the operator", strong=True),
        Entity(name=KNOWN_SECRET, what="exact secret named in the rules by where it is kept", strong=True),
    )
}

PERSONAL: frozenset[str] = frozenset((*(name for name, _, _ in _PERSONAL), *(name for name, _ in _NATIONAL)))

NAMED: frozenset[str] = frozenset(name for name, _ in _NAMED)
"""Kinds that no shape tells: without a language model a rule that names one cannot be obeyed."""

GROUPS: dict[str, frozenset[str]] = {
    "SECRET": frozenset(name for name, _ in _SECRETS),
    "NATIONAL_ID": frozenset(("US_SSN", "US_ITIN", *(name for name, _ in _NATIONAL))),
}
"""Words in rules that stand for several kinds."""


def expanded(words: Iterable[str], own: frozenset[str] = frozenset()) -> frozenset[str]:
    """The kinds that `words` name, groups opened; `own` are the rules' own kinds.

    Raises ValueError for a word that names none.
    """
    return _expanded(frozenset(words), own)


@lru_cache(maxsize=256)
def _expanded(words: frozenset[str], own: frozenset[str]) -> frozenset[str]:
    found: set[str] = set()
    for word in words:
        if word in GROUPS:
            found |= GROUPS[word]
        elif word in ENTITIES or word in own:
            found.add(word)
        else:
            raise ValueError(f"`{word}` is not an entity we can look for")
    return frozenset(found)


def named_by(words: Iterable[str], entity: str) -> bool:
    """Do `words` name `entity`, by its own name or by that of a group?"""
    return any(word == entity or entity in GROUPS.get(word, ()) for word in words)
