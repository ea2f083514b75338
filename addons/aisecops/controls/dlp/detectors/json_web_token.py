"""Signed JSON web tokens: three parts, the first two open with `{"` in base64url."""

from __future__ import annotations

import re

from aisecops.controls.dlp.detector import PatternDetector

DETECTORS = (
    PatternDetector(
        id="json_web_token",
        entity="JWT",
        trigger=("eyJ",),
        # a run of base64url starts once, at its beginning: the look-behind keeps the search linear
        pattern=re.compile(
            r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{2,8192}\.[A-Za-z0-9_-]{16,1024}(?![A-Za-z0-9_-])",
        ),
    ),
)
