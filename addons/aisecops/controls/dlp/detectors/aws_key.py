"""Amazon keys: the access key id by its prefix, the secret by the name it is given."""

from __future__ import annotations

import re

from aisecops.controls.dlp.detector import PatternDetector


def _is_no_sample(value: str) -> bool:
    """Amazon's own documentation ends its sample keys this way."""
    return not value.upper().endswith(("EXAMPLE", "EXAMPLEKEY"))


DETECTORS = (
    PatternDetector(
        id="aws_access_key_id",
        entity="AWS_KEY",
        trigger=("AKIA", "ASIA", "ABIA", "ACCA"),
        pattern=re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
        keep=_is_no_sample,
    ),
    PatternDetector(
        id="aws_secret_access_key",
        entity="AWS_KEY",
        trigger=("secret", "Secret", "SECRET"),
        pattern=re.compile(
            r"(?:secret|Secret|SECRET)(?i:[_ -]?(?:access[_ -]?)?key)[\"']?\s{0,4}(?:[:=]|=>|\bis\b)\s{0,4}[\"']?"
            r"(?P<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
            re.ASCII,
        ),
        keep=_is_no_sample,
    ),
    PatternDetector(
        id="aws_session_token",
        entity="AWS_KEY",
        trigger=("FwoGZXIv", "IQoJb3Jp", "FQoGZXIv", "FQoDYXdz"),
        pattern=re.compile(r"(?<![A-Za-z0-9+/])(?:FwoGZXIv|IQoJb3Jp|FQoGZXIv|FQoDYXdz)[A-Za-z0-9+/=%]{60,2048}"),
    ),
    PatternDetector(
        id="aws_bedrock_key",
        entity="AWS_KEY",
        trigger=("ABSK",),
        pattern=re.compile(r"(?<![A-Za-z0-9+/])ABSK[A-Za-z0-9+/]{100,269}={0,2}(?![A-Za-z0-9+/=])"),
    ),
    PatternDetector(
        id="aws_marketplace_token",
        entity="AWS_KEY",
        trigger=("amzn.mws.",),
        pattern=re.compile(r"amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    ),
)
