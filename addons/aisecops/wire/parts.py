"""Everything a request would carry out, as text with its place, for whoever looks for what must not leave.

Knows where text can be in a request: path, query, headers, and bodies of JSON, forms, uploads and plain text. Does not
know what must not leave, does not peel encodings inside a text, and opens no file: it says where there is one
(`files/` opens them). A body is read as every kind its reader may take it for: what looks like JSON is read as JSON
too, whatever its label says.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Generator, Iterator
from urllib.parse import unquote_to_bytes

from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpRequest
from aisecops.wire.files.kind import kind_of
from aisecops.wire.files.mail import is_mail
from aisecops.wire.files.shelf import File
from aisecops.wire.json_parts import JOINED, Part, Parts, add_files_in, add_json, position
from aisecops.wire.limits import JsonValue, read_json
from aisecops.wire.media_type import MediaType, declared_charset, media_type, read_media_type, read_text
from aisecops.wire.multipart import FormPart, read_form
from aisecops.wire.places import is_plain

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
_USUAL_HEADERS = frozenset(
    {
        *("accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "content-encoding"),
        *("content-language", "content-type", "date", "expect", "if-match", "if-modified-since", "if-none-match"),
        *("origin", "pragma", "range", "referer", "user-agent", "traceparent", "tracestate", "x-request-id"),
        *("anthropic-beta", "anthropic-version", "mcp-protocol-version", "mcp-session-id", "openai-organization"),
        *("last-event-id", "idempotency-key", "x-app", "x-amz-date", "x-goog-api-client", "x-should-retry"),
        *(f"x-stainless-{one}" for one in ("arch", "async", "lang", "os", "package-version", "raw-response")),
        *(f"x-stainless-{one}" for one in ("read-timeout", "retry-count", "runtime", "runtime-version", "timeout")),
        *("x-stainless-helper", "x-stainless-helper-method", "x-stainless-poll-helper", "x-stainless-stream-helper"),
        *CREDENTIAL_HEADERS,
    }
)
"""Names that say nothing, since everybody sends them."""
_LINES_OF_JSON = frozenset({"application/x-ndjson", "application/jsonl", "application/json-lines"})

SEAM = "seam:"
"""Before the place of a text, for what it says together with those that left before it."""
HOST_PLACES = frozenset({"host:", f"{JOINED}host:", f"{SEAM}host:"})
"""Where the name of the host stands."""
_DOMAIN_LABELS = 2
_TELLING_LABEL, _TELLING_LABELS = 8, 12


def outgoing_parts(
    request: HttpRequest, body: bytes, *, files: list[File] | None = None, document: JsonValue = None
) -> list[Part]:
    """All text that leaves with `request`, each with its place; `body` is decoded, `document` it as JSON if it is read.

    What is no text (binary bodies and uploads; files, images and sounds inside JSON) is listed in `files`; without
    that list it is an error.

    Places: `host:` (labels below a domain), `path:2`, `query:q`, `header:x-note`, `body:/messages/0/content` (JSON
    pointer), `key:/messages/0` (a name in the object there), `form:field`, `upload:field`, `body:` (plain text),
    `joined:body:/a` (what the members of a list, object, form, query or cookie say together). A name that may
    itself be what must not leave is written as its position, `{3}`, and given as a part of its own.

    Raises WireError: `unreadable` for a body that is not what it says or that is no text at all, `too_large` for over
    `MAX_PARTS`. Then nothing is known about the body, and it must not leave.
    """
    parts = Parts(files)
    deque(taken_apart(parts, request, body, document), maxlen=0)
    return parts.found


def taken_apart(
    parts: Parts,
    request: HttpRequest,
    body: bytes,
    document: JsonValue = None,
    *,
    left_out: Callable[[str], bool] = _UNSAID_HEADERS.__contains__,
) -> Generator[None, None, None]:
    """The same, put into `parts` a little at each step: whoever takes the steps may do something else between them.

    Headers are `left_out` that it is true of, in small letters, and those that say nothing.
    """
    _add_host(parts, request.host)
    path, _, query = request.path.partition("?")
    for index, segment in enumerate(path.split("/")[1:]):
        parts.add(f"path:{index}", _unquoted(segment))
    if query:
        yield from _add_pairs(parts, "query", query)
    for index, (name, value) in enumerate(request.headers):
        small = name.lower()
        if small in _UNSAID_HEADERS:
            continue
        plain = is_plain(name)
        if plain and left_out(small):
            continue
        if small not in _USUAL_HEADERS:
            parts.name(_as_text(name), index)
        parts.add(f"header:{small if plain else position(index)}", _as_text(value))
        if small == "cookie" and ";" in value:
            pairs = _as_text(value).split(";")
            yield from parts.together("header:cookie", [pair.partition("=")[2].strip() for pair in pairs])
    if body:
        yield from _add_body(parts, "body", media_type(request.headers), body, document)


def message_parts(message: bytes, *, files: list[File] | None = None) -> list[Part]:
    """The same for one WebSocket message, at `body:` as if it were a body: JSON in its strings, other text whole."""
    parts = Parts(files)
    if message.lstrip(b" \t\r\n")[:1] in {b"{", b"[", b'"'}:
        try:
            deque(add_json(parts, "body", read_json(message, max_bytes=len(message))), maxlen=0)
        except WireError:
            if _is_loose_json(message):
                raise
        else:
            return parts.found
    if message:
        deque(_add_text(parts, "body", None, message), maxlen=0)
    return parts.found


def _add_host(parts: Parts, host: str) -> None:
    """What stands in the labels of a name below somebody's domain: each alone, and all together."""
    labels = host.split(".")[:-_DOMAIN_LABELS]
    if any(len(label) >= _TELLING_LABEL for label in labels) or sum(map(len, labels)) >= _TELLING_LABELS:
        parts.add("host:", ".".join(labels))
        parts.add(f"{JOINED}host:", "".join(labels))


def _add_body(
    parts: Parts, where: str, kind: MediaType | None, body: bytes, document: JsonValue = None
) -> Iterator[None]:
    name = "" if kind is None else kind.name
    if kind is not None and kind.is_json:
        if declared_charset(kind) not in {"utf-8", "ascii"}:
            raise WireError("JSON is sent in utf-8")
        yield from add_json(parts, where, read_json(body, max_bytes=len(body)) if document is None else document)
    elif kind is not None and name == "multipart/form-data":
        form = read_form(body, kind.parameters.get("boundary", ""))
        for index, part in enumerate(form):
            yield from _add_form_part(parts, part, index)
        yield from parts.together(f"{where}:", [part.content.decode("utf-8", "replace") for part in form])
    elif name.startswith("multipart/"):
        raise WireError("of the multipart types only multipart/form-data can be read")
    elif name in _LINES_OF_JSON:
        for index, line in enumerate(body.splitlines()):
            if line.strip():
                yield from add_json(parts, where, read_json(line, max_bytes=len(line)), f"/{index}")
    else:
        yield from _add_text(parts, where, kind, body, document)


def _add_text(
    parts: Parts, where: str, kind: MediaType | None, body: bytes, document: JsonValue = None
) -> Iterator[None]:
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
        yield from _add_pairs(parts, "form", text)
    else:
        parts.add(f"{where}:", text)
        add_files_in(parts, f"{where}:", text)
    if text.lstrip(" \t\r\n\ufeff")[:1] in {"{", "[", '"'}:
        yield from _add_unsaid_json(parts, where, body, document)


def _text_of(body: bytes, charset: str) -> str | None:
    try:
        text = read_text(body, charset)
    except WireError:
        return None
    return None if "\0" in text else text


def _add_unsaid_json(parts: Parts, where: str, body: bytes, document: JsonValue) -> Iterator[None]:
    """A body that may be JSON without saying so. Its plain text is a part already: if it is none, nothing is lost."""
    try:
        value = read_json(body, max_bytes=len(body)) if document is None else document
    except WireError:
        if _is_loose_json(body):
            raise
        return
    yield from add_json(parts, where, value)


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


def _add_form_part(parts: Parts, part: FormPart, index: int) -> Iterator[None]:
    where = f"upload:{parts.name(part.name, index)}"
    kind = read_media_type(part.content_type) if part.content_type else None
    for words in (part.filename, *part.other_headers, *(kind.parameters.values() if kind is not None else ())):
        parts.add(where, words)
    if kind is not None and kind.name.startswith("multipart/"):
        raise WireError("an upload inside an upload cannot be read")
    if part.content:
        yield from _add_body(parts, where, kind, part.content)


def _add_pairs(parts: Parts, where: str, query: str) -> Iterator[None]:
    values = []
    for index, pair in enumerate(query.split("&")):
        raw_name, _, value = pair.partition("=")
        values.append(_form_text(value))
        parts.add(f"{where}:{parts.name(_form_text(raw_name), index)}", values[-1])
        yield
    yield from parts.together(f"{where}:", values)


def _form_text(text: str) -> str:
    return _unquoted(text.replace("+", " "))


def _unquoted(text: str) -> str:
    return _characters(unquote_to_bytes(_bytes(text))) if "%" in text else _as_text(text)


def _as_text(text: str) -> str:
    """A host's text as the characters that its bytes are."""
    return text if text.isascii() else _characters(_bytes(text))


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
