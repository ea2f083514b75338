"""The kinds of things that must not leave, by name: what rules may write under `egress.detectors`.

Knows names and what they mean. How each is found is `controls/dlp/`.
`strong` kinds are exact enough (a checksum, a fixed prefix, an unmistakable shape) to be on by default;
the others fire on ordinary text or are common in it, and are for rules that want them.
"""

from __future__ import annotations

from collections.abc import Iterable

from aisecops.model.value import Value


class Entity(Value):
    """One kind: its name in rules and findings, what it is, whether it is exact enough to be on by default."""

    name: str
    what: str
    strong: bool = False


CANARY = "CANARY"
"""An exact value that the operator planted; looked for whenever canaries are given."""

_PERSONAL = (
    ("CREDIT_CARD", "payment card number, Luhn checked", True),
    ("IBAN_CODE", "international bank account number, checksum and country length", True),
    ("US_SSN", "United States social security number", True),
    ("US_ITIN", "United States taxpayer number, with separators or named as such", True),
    ("EMAIL_ADDRESS", "e-mail address under a known or private top-level domain", True),
    ("PHONE_NUMBER", "phone number valid in its country", True),
    ("CRYPTO", "Bitcoin address, checksum", True),
    ("IP_ADDRESS", "IPv4 or IPv6 address; common in technical text", False),
    ("MAC_ADDRESS", "hardware address; common in technical text", False),
    ("UK_NHS", "British health number; one in eleven numbers of ten digits passes its checksum", False),
    ("UK_NINO", "British national insurance number", False),
    ("US_MBI", "United States Medicare identifier", False),
    ("MEDICAL_LICENSE", "United States drug enforcement licence, checksum", False),
    ("AU_TFN", "Australian tax file number, checksum", False),
    ("AU_MEDICARE", "Australian Medicare number, checksum", False),
    ("IN_AADHAAR", "Indian identity number, checksum", False),
    ("IN_PAN", "Indian tax number", False),
    ("SG_NRIC_FIN", "Singapore identity number", False),
    ("ES_NIF", "Spanish tax number, checksum", False),
    ("IT_FISCAL_CODE", "Italian tax code, checksum", False),
    ("PL_PESEL", "Polish identity number, checksum", False),
    ("FI_PERSONAL_IDENTITY_CODE", "Finnish identity code, checksum", False),
    ("KR_RRN", "Korean resident number, checksum", False),
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
)

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        *(Entity(name=name, what=what, strong=strong) for name, what, strong in _PERSONAL),
        *(Entity(name=name, what=what, strong=True) for name, what in _SECRETS),
        Entity(name=CANARY, what="exact value planted by the operator", strong=True),
    )
}

PERSONAL: frozenset[str] = frozenset(name for name, _, _ in _PERSONAL)

GROUPS: dict[str, frozenset[str]] = {"SECRET": frozenset(name for name, _ in _SECRETS)}
"""Words in rules that stand for several kinds."""


NOT_LOOKED_FOR: frozenset[str] = frozenset(
    {
        "PERSON", "LOCATION", "NRP", "ORGANIZATION", "DATE_TIME", "URL", "US_PASSPORT", "US_DRIVER_LICENSE",
        "US_BANK_NUMBER", "AU_ABN", "AU_ACN", "IN_VOTER", "IN_PASSPORT", "IN_VEHICLE_REGISTRATION",
        "IT_DRIVER_LICENSE", "IT_VAT_CODE", "IT_PASSPORT", "IT_IDENTITY_CARD", "ES_NIE", "SG_UEN", "CA_SIN",
        "DE_TAX_ID",
    }
)  # fmt: skip
"""Kinds that rules may name and nobody looks for yet: names and places need a language model, two are not in every
Presidio that we support, the rest fires on ordinary text. Whoever starts with such a rule is told."""


def expanded(words: Iterable[str]) -> frozenset[str]:
    """The kinds that `words` name, groups opened, those nobody looks for left out.

    Raises ValueError for a word that names none.
    """
    found: set[str] = set()
    for word in words:
        if word in GROUPS:
            found |= GROUPS[word]
        elif word in ENTITIES:
            found.add(word)
        elif word not in NOT_LOOKED_FOR:
            raise ValueError(f"`{word}` is not an entity we can look for")
    return frozenset(found)
