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
    PatternDetector(
        id="google_refresh_token",
        entity="CLOUD_KEY",
        trigger=("1//0",),
        pattern=re.compile(r"(?<![A-Za-z0-9_/-])1//0[A-Za-z0-9_-]{40,200}(?![A-Za-z0-9_-])"),
    ),
    PatternDetector(
        id="azure_client_secret",
        entity="CLOUD_KEY",
        trigger=("Q~",),
        pattern=re.compile(r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])"),
    ),
    PatternDetector(
        id="azure_shared_key",
        entity="CLOUD_KEY",
        trigger=("SharedAccessKey", "sharedaccesskey", "SharedSecretKey"),
        pattern=re.compile(r"(?i:SharedAccessKey|SharedSecretKey)\s{0,2}=\s{0,2}(?P<value>[A-Za-z0-9+/]{42,86}={1,2})"),
    ),
    PatternDetector(
        id="azure_signature",
        entity="CLOUD_KEY",
        trigger=("sig=",),
        pattern=re.compile(r"[?&]sig=(?P<value>[A-Za-z0-9%+/]{40,80}(?:=|%3D|%3d))"),
    ),
    PatternDetector(
        id="azure_devops_token",
        entity="CLOUD_KEY",
        trigger=("AZDO",),
        pattern=re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?![A-Za-z0-9])"),
    ),
    PatternDetector(
        id="alibaba_key",
        entity="CLOUD_KEY",
        trigger=("LTAI",),
        pattern=re.compile(r"(?<![A-Za-z0-9])LTAI[A-Za-z0-9]{12,24}(?![A-Za-z0-9])"),
    ),
    PatternDetector(
        id="tencent_key",
        entity="CLOUD_KEY",
        trigger=("AKID",),
        pattern=re.compile(r"(?<![A-Za-z0-9])AKID[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
    ),
    PatternDetector(
        id="cloudflare_origin_key",
        entity="CLOUD_KEY",
        trigger=("v1.0-",),
        pattern=re.compile(r"(?<![A-Za-z0-9.-])v1\.0-[a-f0-9]{24}-[a-f0-9]{146}(?![a-f0-9])"),
    ),
    PatternDetector(
        id="heroku_key",
        entity="CLOUD_KEY",
        trigger=("HRKU-",),
        pattern=re.compile(r"(?<![A-Za-z0-9_-])HRKU-[A-Za-z0-9_-]{36,62}(?![A-Za-z0-9_-])"),
    ),
)
