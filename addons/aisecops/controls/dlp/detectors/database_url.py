"""URLs that carry a user and a password: databases, queues, anything."""

from __future__ import annotations

import re

from aisecops.controls.dlp.detector import PatternDetector

_PLACEHOLDERS = frozenset(
    {"password", "passwd", "pass", "pwd", "secret", "changeme", "example", "token", "user", "xxx"}
)
_MARKS = ("${", "{{", "<", "$(", "***", "...", "%(")


def _is_no_placeholder(value: str) -> bool:
    """A password that documentation writes is nobody's password."""
    return value.lower() not in _PLACEHOLDERS and not value.startswith(_MARKS) and set(value) not in ({"x"}, {"*"})


DETECTORS = (
    PatternDetector(
        id="url_password",
        entity="DATABASE_URL",
        trigger=("://",),
        pattern=re.compile(
            r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,24}://[^\s:/@\"'<>?#]{0,128}:(?P<value>[^\s/@\"'<>]{1,256})@[A-Za-z0-9\[]",
        ),
        keep=_is_no_placeholder,
    ),
)
