"""Our own detectors: one file, one idea. A new one is its file, its test and a line here."""

from __future__ import annotations

from aisecops.controls.dlp.detector import Detector
from aisecops.controls.dlp.detectors import (
    authorization,
    aws_key,
    card_number,
    cloud_key,
    database_url,
    iban,
    json_web_token,
    model_key,
    named_secret,
    national_number,
    phone_in_words,
    private_key,
    saas_token,
    vcs_token,
)

SECRET_DETECTORS: tuple[Detector, ...] = (
    *private_key.DETECTORS,
    *aws_key.DETECTORS,
    *cloud_key.DETECTORS,
    *vcs_token.DETECTORS,
    *saas_token.DETECTORS,
    *model_key.DETECTORS,
    *json_web_token.DETECTORS,
    *database_url.DETECTORS,
    *authorization.DETECTORS,
    *named_secret.DETECTORS,
)

PERSONAL_DETECTORS: tuple[Detector, ...] = (
    *card_number.DETECTORS,
    *iban.DETECTORS,
    *phone_in_words.DETECTORS,
    *national_number.DETECTORS,
)
"""Beside Presidio's recognisers, which find other shapes of the same kinds."""
