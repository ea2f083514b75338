"""Everything a request would carry out, as text with its place, for whoever looks for what must not leave.

Knows where text can be in a request: path, query, headers, and bodies of JSON, forms, uploads and plain text. Does not
know what must not leave, does not peel encodings inside a text, and opens no file: it says where there is one
(`files/` opens them). A body is read as every kind its reader may take it for: what looks like JSON is read as JSON
too, whatever its label says.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote_to_bytes

from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpRequest
from aisecops.model.refusals import Code
from aisecops.wire.files.kind import kind_of
from aisecops.wire.files.mail import is_mail
from aisecops.wire.files.shelf import File
from aisecops.wire.joined import joined
from aisecops.wire.limits import JsonValue, read_json
from aisecops.wire.media_type import MediaType, declared_charset, media_type, read_media_type, read_text
from aisecops.wire.multipart import FormPart, read_form
from aisecops.wire.places import is_plain, tells_a_person_s_number

MAX_PARTS = 20_000
MIN_NUMBER_DIGITS = 12  # the shortest card number; most that are shorter count something
_LONG = 10 ** (MIN_NUMBER_DIGITS - 1)
_NAMED_LONG = 10**8  # nine digits: the shortest that is somebody's number by the name of its field

CREDENTIAL_HEADERS = frozenset(
    {"authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key", "x-amz-security-token"}
)
"""Headers that carry a secret to the one it is for; parts of them are at `header:NAME` like all others."""

_UNSAID_HEADERS = frozenset(
    {
        *("host", "content-length", "connection", "keep-alive", "proxy-connection", "proxy-authorization"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
_LINES_OF_JSON = frozenset({"application/x-ndjson", "application/jsonl", "application/json-lines"})

JOINED = "joined:"
"""Before the place of values, for what neighbours say together."""
SEAM = "seam:"
"""Before the place of a text, for what it says together with those that left before it."""
HOST_PLACES = frozenset({"host:", f"{JOINED}host:", f"{SEAM}host:"})
"""Where the name of the host stands."""
_DOMAIN_LABELS = 2
_TELLING_LABEL, _TELLING_LABELS = 8, 12
ALLOW = "send what can be read, or let it leave unread with `egress: {unread: allow}`"
_FILE_CHARACTERS = 16
_FILES_BEGIN = ("UEsDB", "JVBERi0", "QlpoOT", "/Td6WFo", "_Td6WFo", "KLUv")  # zip, PDF, bzip2, xz, zstd
_FILE_IN_TEXT = re.compile(
    rf"(?<![A-Za-z0-9+/_-])(?:{'|'.join(_FILES_BEGIN)})[A-Za-z0-9+/_-]{{24,}}(?:\r?\n[A-Za-z0-9+/_-]+)*={{0,2}}"
)
_HEAD_CHARACTERS = 512
_URL_SAFE = str.maketrans("-_", "+/", "\r\n=")
_DATA_URL = re.compile(r"data:([^,;]{0,100})[^,]{0,200};base64,", re.IGNORECASE)
_TELLS_MEDIA = ("media_type", "mime_type", "mimeType", "format")
_TEXT_FORMATS = frozenset({"txt", "md", "csv", "html"})
_READABLE_MEDIA = ("text/", "application/json", "application/xml")

type Part = tuple[str, str]


def outgoing_parts(request: HttpRequest, body: bytes, *, files: list[File] | None = None) -> list[Part]:
    """All text that leaves with `request`, each with its place; `body` is decoded.

    What is no text (binary bodies and uploads; files, images and sounds inside JSON) is listed in `files`; without
    that list it is an error.

    Places: `host:` (labels below a domain), `path:2`, `query:q`, `header:x-note`, `body:/messages/0/content` (JSON
    pointer), `key:/messages/0` (a name in the object there), `form:field`, `upload:field`, `body:` (plain text),
    `joined:body:/a` (what the members of a list, object, form or query say together). A name in a place that may
    itself be what must not leave is written as its position, `{3}`, and given as a part of its own.

    Raises WireError: `unreadable` for a body that is not what it says or that is no text at all, `too_large` for over
    `MAX_PARTS`. Then nothing is known about the body, and it must not leave.
    """
    parts = _Parts(files)
    _add_host(parts, request.host)
    path, _, query = request.path.partition("?")
    for index, segment in enumerate(path.split("/")[1:]):
        parts.add(f"path:{index}", _characters(unquote_to_bytes(_bytes(segment))))
    if query:
        _add_pairs(parts, "query", query)
    for index, (name, value) in enumerate(request.headers):
        if name.lower() not in _UNSAID_HEADERS:
            if not is_plain(name):
                parts.add("key:", _characters(_bytes(name)))
            parts.add(f"header:{name.lower() if is_plain(name) else position(index)}", _characters(_bytes(value)))
    if body:
        _add_body(parts, "body", media_type(request.headers), body)
    return parts.found


def message_parts(message: bytes, *, files: list[File] | None = None) -> list[Part]:
    """The same for one WebSocket message, at `body:` as if it were a body: JSON in its strings, other text whole."""
    parts = _Parts(files)
    if message.lstrip(b" \t\r\n")[:1] in {b"{", b"[", b'"'}:
        try:
            _add_json(parts, "body", read_json(message, max_bytes=len(message)))
        except WireError:
            if _is_loose_json(message):
                raise
        else:
            return parts.found
    if message:
        _add_text(parts, "body", None, message)
    return parts.found


class _Parts:
    """The parts so far, up to their bound."""

    def __init__(self, files: list[File] | None) -> None:
        self.found: list[Part] = []
        self._files = files
        self._plain: dict[str, bool] = {}

    def add(self, where: str, text: str) -> None:
        if not text:
            return
        if len(self.found) >= MAX_PARTS:
            raise WireError(f"the request has over {MAX_PARTS} pieces of text", Code.TOO_LARGE)
        self.found.append((where, text))

    def together(self, where: str, values: Sequence[object]) -> None:
        """What neighbouring values say as one."""
        for text in joined(values):
            self.add(f"{JOINED}{where}", text)

    def file(self, where: str, data: bytes, reason: str) -> None:
        """Content that is no text. Raises WireError when there is no place for it."""
        if self._files is None:
            raise WireError(f"the body holds what is no text; {ALLOW}")
        self._files.append(File(where=where, data=data, reason=reason))

    def name(self, chosen: str, index: int, *, at: str = "") -> str:
        """`chosen` as it may stand in a place. Each name is a part too, the first time it is met."""
        plain = self._plain.get(chosen)
        if plain is None:
            plain = self._plain[chosen] = is_plain(chosen)
            self.add(f"key:{at}", chosen)
        return chosen if plain else position(index)


def position(index: int) -> str:
    """What stands in a place for a name that is not plain: which one it is in its object, form or list of headers."""
    return f"{{{index}}}"


def _add_host(parts: _Parts, host: str) -> None:
    """What stands in the labels of a name below somebody's domain: each alone, and all together."""
    labels = host.split(".")[:-_DOMAIN_LABELS]
    if any(len(label) >= _TELLING_LABEL for label in labels) or sum(map(len, labels)) >= _TELLING_LABELS:
        parts.add("host:", ".".join(labels))
        parts.add(f"{JOINED}host:", "".join(labels))


def _add_body(parts: _Parts, where: str, kind: MediaType | None, body: bytes) -> None:
    name = "" if kind is None else kind.name
    if kind is not None and kind.is_json:
        if declared_charset(kind) not in {"utf-8", "ascii"}:
            raise WireError("JSON is sent in utf-8")
        _add_json(parts, where, read_json(body, max_bytes=len(body)))
    elif kind is not None and name == "multipart/form-data":
        form = read_form(body, kind.parameters.get("boundary", ""))
        for index, part in enumerate(form):
            _add_form_part(parts, part, index)
        parts.together(f"{where}:", [part.content.decode("utf-8", "replace") for part in form])
    elif name.startswith("multipart/"):
        raise WireError("of the multipart types only multipart/form-data can be read")
    elif name in _LINES_OF_JSON:
        for index, line in enumerate(body.splitlines()):
            if line.strip():
                _add_json(parts, where, read_json(line, max_bytes=len(line)), f"/{index}")
    else:
        _add_text(parts, where, kind, body)


def _add_text(parts: _Parts, where: str, kind: MediaType | None, body: bytes) -> None:
    """Plain text, and all that its reader may take it for besides."""
    charset = declared_charset(kind)
    reason = "upload" if where.startswith("upload:") else "body"
    text = _text_of(body, charset)
    if text is None or kind_of(body) is not None or is_mail(body):
        parts.file(f"{where}:", body, reason)
    if text is None:
        return
    name = "" if kind is None else kind.name
    if charset.startswith("utf-16"):
        parts.add(f"{where}:", body.decode("iso-8859-1"))  # what one sees who does not look at the charset
    if name == "application/x-www-form-urlencoded":
        _add_pairs(parts, "form", text)
    else:
        parts.add(f"{where}:", text)
        _add_files_in(parts, f"{where}:", text)
    if text.lstrip(" \t\r\n\ufeff")[:1] in {"{", "[", '"'}:
        _add_unsaid_json(parts, where, body)


def _text_of(body: bytes, charset: str) -> str | None:
    try:
        text = read_text(body, charset)
    except WireError:
        return None
    return None if "\0" in text else text


def _add_unsaid_json(parts: _Parts, where: str, body: bytes) -> None:
    """A body that may be JSON without saying so. Its plain text is a part already: if it is none, nothing is lost."""
    try:
        value = read_json(body, max_bytes=len(body))
    except WireError:
        if _is_loose_json(body):
            raise
        return
    _add_json(parts, where, value)


def unsaid_json(body: bytes) -> JsonValue:
    """JSON that does not say so, which servers of models read all the same (curl calls it a form); None for none.

    Raises WireError for what only a lenient reader takes for JSON.
    """
    if b"\0" in body[:4] or body.startswith(b"\xef\xbb\xbf"):  # some readers go by the first bytes of a body
        if _is_loose_json(body):
            raise WireError("JSON is sent in UTF-8, with no mark before it")
        return None
    if body.lstrip(b" \t\r\n")[:1] != b"{":
        return None
    try:
        return read_json(body, max_bytes=len(body))
    except WireError:
        if _is_loose_json(body):
            raise
        return None


def _is_loose_json(body: bytes) -> bool:
    """True when a lenient reader would still take it for JSON, with escapes that its plain text does not show."""
    try:
        json.loads(body)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _add_form_part(parts: _Parts, part: FormPart, index: int) -> None:
    where = f"upload:{parts.name(part.name, index)}"
    for words in (part.filename, *part.other_headers):
        parts.add(where, words)
    kind = read_media_type(part.content_type) if part.content_type else None
    if kind is not None and kind.name.startswith("multipart/"):
        raise WireError("an upload inside an upload cannot be read")
    if part.content:
        _add_body(parts, where, kind, part.content)


def _add_pairs(parts: _Parts, where: str, query: str) -> None:
    values = []
    for index, pair in enumerate(query.split("&")):
        raw_name, _, value = pair.partition("=")
        values.append(_form_text(value))
        parts.add(f"{where}:{parts.name(_form_text(raw_name), index)}", values[-1])
    parts.together(f"{where}:", values)


def _form_text(text: str) -> str:
    return _characters(unquote_to_bytes(_bytes(text.replace("+", " "))))


def _bytes(text: str) -> bytes:
    """The bytes a host's text came from; undecodable ones are in it as lone surrogates."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _characters(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("iso-8859-1")  # every byte is some character: nothing is dropped


def _add_media(parts: _Parts, where: str, kind: str, data: str) -> bool:
    """An image, a sound, a document inside JSON; False for text, which is read as such."""
    if kind.lower().startswith(_READABLE_MEDIA):
        return False
    parts.file(where, _from_base64(data) or data.encode("utf-8", "surrogatepass"), "media")
    return True


def _add_string(parts: _Parts, where: str, value: str) -> None:
    """A string of JSON: text, or a file in base64."""
    media = _DATA_URL.match(value)
    if media is not None and _add_media(parts, where, media[1], value[media.end() :]):
        parts.add(where, value[: media.end()])
        return
    if len(value) >= _FILE_CHARACTERS and kind_of(_head_of(value)) is not None:
        data = _from_base64(value)
        if data:
            parts.file(where, data, "upload")
            return
    parts.add(where, value)
    _add_files_in(parts, where, value)


def _add_files_in(parts: _Parts, where: str, text: str) -> None:
    """Archives and documents in base64 in the midst of a text. Others are left to whoever reads encodings."""
    if any(begins in text for begins in _FILES_BEGIN):
        for match in _FILE_IN_TEXT.finditer(text):
            parts.file(where, _from_base64(match[0]), "upload")


def _head_of(text: str) -> bytes:
    """The first bytes of what `text` is in base64."""
    body = text[:_HEAD_CHARACTERS].translate(_URL_SAFE)
    return _from_base64(body[: len(body) // 4 * 4])


def _from_base64(text: str) -> bytes:
    """What `text` is in base64, either alphabet; empty when it is none."""
    body = text.translate(_URL_SAFE)
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _media_in(place: str, value: dict[str, JsonValue]) -> Iterator[tuple[str, str]]:
    """Where below an object stands a picture, a sound or data that says what it is, and what that is."""
    if "audio" in str(value.get("type")):
        yield f"{place}/audio", "audio"
    told = next((value[tell] for tell in _TELLS_MEDIA if tell in value), None)
    if isinstance(told, str):
        yield f"{place}/data", told
        yield f"{place}/source/bytes", f"text/{told}" if told in _TEXT_FORMATS else told  # Bedrock
    images = value.get("images")
    if isinstance(images, list) and ("role" in value or "prompt" in value):  # Ollama
        yield from ((f"{place}/images/{index}", "image") for index in range(len(images)))


def _add_json(parts: _Parts, where: str, document: JsonValue, at: str = "") -> None:
    """Every string, every long number or one that its name calls somebody's, every name once, in their order."""
    waiting: list[tuple[str, JsonValue]] = [(at, document)]
    media: dict[str, str] = {}
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, str):
            if place not in media or not _add_media(parts, f"{where}:{place}", media[place], value):
                _add_string(parts, f"{where}:{place}", value)
        elif isinstance(value, dict):
            media.update(_media_in(place, value))
            members = [
                (f"{place}/{parts.name(name, index, at=place)}", member)
                for index, (name, member) in enumerate(value.items())
            ]
            members.reverse()
            waiting += members
            parts.together(f"{where}:{place}", list(value.values()))
        elif isinstance(value, list):
            parts.together(f"{where}:{place}", value)
            waiting += [(f"{place}/{index}", value[index]) for index in range(len(value) - 1, -1, -1)]
        elif isinstance(value, int):
            if not -_LONG < value < _LONG or (value >= _NAMED_LONG and tells_a_person_s_number(place)):
                parts.add(f"{where}:{place}", str(value))
        elif isinstance(value, float) and sum(map(str.isdigit, repr(value))) >= MIN_NUMBER_DIGITS:
            parts.add(f"{where}:{place}", repr(value))
