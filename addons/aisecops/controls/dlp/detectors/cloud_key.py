"""Keys of other clouds, by their fixed beginnings."""

from __future__ import annotations

import re

from aisecops.controls.dlp.detector import PatternDetector

DETECTORS = (
    PatternDetector(
        id="google_api_key",
        entity="CLOUD_KEY",
        trigger=("AIza",),
        pattern=re.compile(r"(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    ),
    PatternDetector(
        id="google_oauth",
        entity="CLOUD_KEY",
        trigger=("GOCSPX-", "ya29."),
        pattern=re.compile(
            r"(?<![A-Za-z0-9_-])(?:GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{30,2048})(?![A-Za-z0-9_-])"
        ),
    ),
    PatternDetector(
        id="azure_storage_key",
        entity="CLOUD_KEY",
        trigger=("AccountKey",),
        pattern=re.compile(r"AccountKey\s{0,4}=\s{0,4}(?P<value>[A-Za-z0-9+/]{86}==)"),
    ),
    PatternDetector(
        id="digitalocean_token",
        entity="CLOUD_KEY",
        trigger=("dop_v1_", "doo_v1_", "dor_v1_"),
        pattern=re.compile(r"(?<![A-Za-z0-9_])do[opr]_v1_[a-f0-9]{64}(?![A-Za-z0-9_])"),
    ),
)
