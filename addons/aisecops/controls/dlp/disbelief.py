"""What a recogniser takes for one kind and is surely something else: a decimal, a date, an address, a time stamp.

Kept short on purpose: only what cannot be the kind in any country goes, for a finding dropped here is never seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from aisecops.model.provenance import Span

_DECIMAL = re.compile(r"[0-9]\.[0-9]+")
_ADDRESS = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})")
_DAY = re.compile(r"(?:[0-9]{1,2}[-. ]){0,3}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_OBJECT_ID = re.compile(r"(?:[0-9]{1,2}\.){6,}[0-9]{1,3}")
_FRACTION = re.compile(r"[0-9]\.$")
_COUNTED = frozenset((123456789, 1234567890, 9876543210, 2**31 - 1, 2**31, 2**32 - 1, 2**32))
_ZIP_CODE = re.compile(r"[0-9]{5}-[0-9]{4}")
_STATE = re.compile(r"(?:^|\W)[A-Z]{2},? ?$")


def _no_phone(text: str, span: Span) -> bool:
    """True for decimals below ten and what stands behind a point, for addresses, days, object ids and zip codes.

    And for the numbers that computers count to, and the row of all digits.
    """
    value, before = text[span.start : span.end], text[max(0, span.start - 5) : span.start]
    if any(shape.fullmatch(value) for shape in (_DECIMAL, _ADDRESS, _DAY, _OBJECT_ID)):
        return True
    if value.isdecimal():
        return int(value) in _COUNTED or _FRACTION.search(before) is not None
    return _ZIP_CODE.fullmatch(value) is not None and _STATE.search(before) is not None


def _no_card(text: str, span: Span) -> bool:
    """Of cards that begin with a one there are only those of fifteen digits; time stamps begin with a one."""
    digits = [char for char in text[span.start : span.end] if char.isdecimal()]
    return digits[0] == "1" and len(digits) != 15  # noqa: PLR2004


def _no_pesel(text: str, span: Span) -> bool:
    """Some of the digits of a longer number, or what stands behind a point."""
    before, behind = text[max(0, span.start - 2) : span.start], text[span.end : span.end + 1]
    return behind.isdecimal() or before[-1:].isdecimal() or _FRACTION.search(before) is not None


DISBELIEVED: Mapping[str, Callable[[str, Span], bool]] = {
    "PHONE_NUMBER": _no_phone,
    "CREDIT_CARD": _no_card,
    "PL_PESEL": _no_pesel,
}
"""By kind, whether what stands at a place is surely none of it."""


def disbelieved(entity: str, text: str, span: Span) -> bool:
    """True when what stands at `span` of `text` is surely no `entity`."""
    doubt = DISBELIEVED.get(entity)
    return doubt is not None and doubt(text, span)
