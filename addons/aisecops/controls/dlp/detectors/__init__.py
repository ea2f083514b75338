"""Our own detectors for secrets: one file, one idea. A new one is its file, its test and a line here."""

from __future__ import annotations

from aisecops.controls.dlp.detector import PatternDetector
from aisecops.controls.dlp.detectors import (
    aws_key,
    cloud_key,
    database_url,
    json_web_token,
    model_key,
    private_key,
    saas_token,
    vcs_token,
)
from aisecops.controls.dlp.detectors.private_key import PrivateKeyDetector

SECRET_DETECTORS: tuple[PatternDetector | PrivateKeyDetector, ...] = (
    *private_key.DETECTORS,
    *aws_key.DETECTORS,
    *cloud_key.DETECTORS,
    *vcs_token.DETECTORS,
    *saas_token.DETECTORS,
    *model_key.DETECTORS,
    *json_web_token.DETECTORS,
    *database_url.DETECTORS,
)
