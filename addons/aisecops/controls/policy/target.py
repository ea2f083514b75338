"""A raw request target, read the one way it can be read, or refused.

What is judged here must be what is done upstream, so every target that two servers might read differently
is no target at all. Which rule speaks about it is `match.py`.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code

MAX_FIELDS = 1000
"""Names in one query string at most."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_RAW = re.compile(r"[\x21-\x7e]*")
_DOTS = frozenset({".", ".."})
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def normal_path(raw: str) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """The decoded segments and the decoded query of a raw request target.

    Raises WireError (protocol_denied) for every target that two servers might read differently: what is
    judged here must be what is done there. `/` has no segments; a slash at the end is an empty last segment.
    """
    if not raw.startswith("/"):
        raise _ambiguous("it does not start with `/`")
    if not _RAW.fullmatch(raw):
        raise _ambiguous("it holds a blank, a control character or a character that is not ASCII")
    if "#" in raw or "\\" in raw:
        raise _ambiguous("it holds a `#` or a backslash")
    path, _, query = raw.partition("?")
    if path == "/":
        return (), _query(query)
    parts = path[1:].split("/")
    if "" in parts[:-1]:
        raise _ambiguous("it holds `//`")
    return tuple([_segment(part) for part in parts]), _query(query)


def _ambiguous(why: str) -> WireError:
    return WireError(f"the request target can be read in more than one way: {why}", Code.PROTOCOL_DENIED)


def _decoded(raw: str) -> str:
    if "%" not in raw:
        return raw
    if raw.count("%") != len(_ESCAPE.findall(raw)):
        raise _ambiguous("a `%` is not followed by two hex digits")
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise _ambiguous("an escape is not UTF-8") from None


def _segment(raw: str) -> str:
    if raw.partition(";")[0] in _DOTS:  # some servers drop what follows a `;`
        raise _ambiguous("it holds a dot segment")
    return _escaped_segment(raw) if "%" in raw else raw


def _escaped_segment(raw: str) -> str:
    segment = _decoded(raw)
    if "/" in segment or "\\" in segment:
        raise _ambiguous("it holds an encoded slash or backslash")
    if _CONTROL.search(segment):
        raise _ambiguous("it holds an encoded control character")
    if _ESCAPE.search(segment):
        raise _ambiguous("it is percent-encoded twice")
    if segment.partition(";")[0].strip() in _DOTS:
        raise _ambiguous("it holds a dot segment")
    return segment


def _query(raw: str) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    pairs = raw.split("&") if raw else []
    if len(pairs) > MAX_FIELDS:
        raise _ambiguous(f"the query has more than {MAX_FIELDS} fields")
    for pair in pairs:
        name, _, value = pair.replace("+", " ").partition("=")
        decoded, text = _decoded(name), _decoded(value)
        if "\0" in decoded or "\0" in text:
            raise _ambiguous("the query holds a NUL")
        fields.setdefault(decoded, []).append(text)
    return fields
