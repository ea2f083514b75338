"""Character references of HTML (`&amp;`, `&#64;`), read as browsers do. Knows nothing of what is around them."""

from __future__ import annotations

import html
import re

_ZEROS = re.compile(r"&#0{8,}+")
_NO_CHARACTER = re.compile(r"&#0*+[0-9]{8,}+;?")
"""A number of which there is no character; Python reads no number with thousands of digits."""


def unescaped(text: str) -> str:
    """`text` with the characters that its references stand for. Never raises."""
    if "&" not in text:
        return text
    if "&#" in text:
        text = _NO_CHARACTER.sub("\ufffd", _ZEROS.sub("&#0", text))
    return html.unescape(text)
