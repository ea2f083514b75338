"""What a body says it is: media type, boundary, charset; and its text by that charset.

Knows the grammar of Content-Type (RFC 9110 8.3) and a short list of charsets that mean the same to every reader. Does
not look at bodies to guess.
"""

from __future__ import annotations

import codecs
import re

from aisecops.model.errors import WireError
from aisecops.model.exchange import Headers, values
from aisecops.model.of_short import of_short
from aisecops.model.value import Value

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE = re.compile(rf"[ \t]*({_TOKEN}/{_TOKEN})[ \t]*")
_PARAMETER = re.compile(rf';[ \t]*(?:({_TOKEN})=(?:({_TOKEN})|"((?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*)")[ \t]*)?')

_CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "iso-8859-1",
    "latin-1": "iso-8859-1",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}


class MediaType(Value):
    """A media type in lower case, and its parameters by lower-case name."""

    name: str
    parameters: dict[str, str] = {}

    @property
    def is_json(self) -> bool:
        """True for JSON and for every type built on it."""
        return self.name == "application/json" or self.name.endswith("+json")


def media_type(headers: Headers) -> MediaType | None:
    """What the one Content-Type header says; None without one. Raises WireError for two, or for no media type."""
    declared = values(headers, "content-type")
    if not declared:
        return None
    if len(declared) > 1:
        raise WireError("more than one content-type header; send one")
    return read_media_type(declared[0])


@of_short(most=256)
def read_media_type(declared: str) -> MediaType:
    """The media type in a header's value. Raises WireError."""
    found = _MEDIA_TYPE.match(declared)
    if found is None:
        raise WireError("the content-type is no media type")
    parameters = read_parameters(declared[found.end() :], "content-type")
    return MediaType(name=found[1].lower(), parameters=parameters)


def read_parameters(tail: str, header: str) -> dict[str, str]:
    """The `; name=value` parameters in `tail`, each name once. Raises WireError, naming `header`."""
    parameters: dict[str, str] = {}
    at = 0
    while at < len(tail):
        found = _PARAMETER.match(tail, at)
        if found is None:
            raise WireError(f"a parameter of the {header} cannot be read")
        at = found.end()
        name, plain, quoted = found.groups()
        if name is None:
            continue
        if name.lower() in parameters:
            raise WireError(f"a parameter of the {header} stands twice")
        parameters[name.lower()] = plain if plain is not None else re.sub(r"\\(.)", r"\1", quoted)
    return parameters


def declared_charset(kind: MediaType | None) -> str:
    """The name of the Python codec for the declared charset; UTF-8 when none is. Raises WireError for unknown ones."""
    declared = "utf-8" if kind is None else kind.parameters.get("charset", "utf-8")
    if declared.lower() not in _CHARSETS:
        raise WireError("the declared charset is not one of " + ", ".join(sorted(_CHARSETS)))
    return _CHARSETS[declared.lower()]


def read_text(data: bytes, charset: str) -> str:
    """`data` as text, all of it. Raises WireError."""
    if charset == "utf-16" and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise WireError("utf-16 without a byte order mark can be read in two ways; say utf-16le or utf-16be")
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        raise WireError("the text cannot be read in its declared charset") from None
