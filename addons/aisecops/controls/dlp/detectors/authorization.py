"""Credentials as HTTP, curl and docker write them: `Authorization: Bearer …`, `Basic …`, `-u name:password`."""

from __future__ import annotations

import base64
import binascii
import re

from aisecops.controls.dlp.detector import PatternDetector
from aisecops.controls.dlp.randomness import SHORTEST_PASSWORD, is_chosen, is_drawn, is_stand_in


def _holds_a_password(value: str) -> bool:
    """True for base64 of `name:password`."""
    try:
        name, colon, password = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return False
    return bool(colon) and name.isprintable() and len(password) >= SHORTEST_PASSWORD and not is_stand_in(password)


DETECTORS = (
    PatternDetector(
        id="bearer_token",
        entity="CREDENTIAL",
        trigger=("earer ", "oken ", "EARER ", "OAuth "),
        pattern=re.compile(
            r"(?i:authorization)[\"']?\s{0,4}[:=,]\s{0,4}[\"'`]?(?i:bearer|token|oauth)\s{1,4}(?P<value>[A-Za-z0-9_.~+/-]{16,2048}={0,2})"
        ),
        keep=is_drawn,
    ),
    PatternDetector(
        id="basic_authorization",
        entity="CREDENTIAL",
        trigger=("asic ", "ASIC "),
        pattern=re.compile(r"(?<![A-Za-z])(?i:basic)\s{1,4}(?P<value>[A-Za-z0-9+/]{8,1024}={0,2})(?![A-Za-z0-9+/=])"),
        keep=_holds_a_password,
    ),
    PatternDetector(
        id="registry_auth",
        entity="CREDENTIAL",
        trigger=("auth",),
        pattern=re.compile(
            r"_?auth[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?P<value>[A-Za-z0-9+/]{8,1024}={0,2})(?![A-Za-z0-9+/=])"
        ),
        keep=_holds_a_password,
    ),
    PatternDetector(
        id="curl_user",
        entity="CREDENTIAL",
        trigger=("-u", "--user", "--proxy-user"),
        pattern=re.compile(r"\s(?:-u|--user|--proxy-user)[ =]{0,2}[\"']?[\w.@+-]{1,64}:(?P<value>[^\s\"':@]{6,128})"),
        keep=is_chosen,
    ),
)
