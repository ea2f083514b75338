"""Every text in a JSON document with its place, and what has been found of a request so far.

Knows where text can be in JSON, and which strings are files in base64; opens none. A message that was sent before is
walked through once (`resent.py`).
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.wire.files.kind import kind_of
from aisecops.wire.files.shelf import File
from aisecops.wire.joined import joined
from aisecops.wire.limits import JsonValue
from aisecops.wire.places import is_plain, tells_a_person_s_number
from aisecops.wire.resent import Message, worked_out

MAX_PARTS = 20_000
MIN_NUMBER_DIGITS = 12  # the shortest card number; most that are shorter count something
_LONG = 10 ** (MIN_NUMBER_DIGITS - 1)
_NAMED_LONG = 10**8  # nine digits: the shortest that is somebody's number by the name of its field

JOINED = "joined:"
"""Before the place of values, for what neighbours say together."""
KEY = "key:"
"""Before the place of an object, for a name in it."""
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

_AT_ONCE = 64
"""So many small values are walked through before whoever takes the steps may do something else."""
_CHARS_OF_ONE = 512
"""So many characters of a long one take as long as a small value."""

type Part = tuple[str, str]
type _Member = tuple[str, JsonValue]


class Parts:
    """The parts so far, up to their bound."""

    def __init__(self, files: list[File] | None) -> None:
        self.found: list[Part] = []
        self._files = files
        self._plain: dict[str, bool] = {}
        self._names = self._plain.keys()
        self._room = MAX_PARTS

    def add(self, where: str, text: str) -> None:
        if text:
            self._add_all(((where, text),))

    def together(self, where: str, values: Sequence[object]) -> Iterator[None]:
        """What neighbouring values say as one, step by step."""
        for text in joined(values):
            self.add(f"{JOINED}{where}", text)
            yield

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
            self.add(f"{KEY}{at}", chosen)
        return chosen if plain else position(index)

    def message(self, where: str, place: str, message: Message) -> bool:
        """All of a message that may have been sent before; False for one that holds a file, and nothing is added."""
        said = worked_out(_said_in, message, where, place)
        if said is None:
            return False
        if self._names >= said.names:
            self._room -= said.many
            if self._room < 0:
                raise _too_many()
            self.found += said.texts
            return True
        for part in said.found:
            if not part[0].startswith(KEY):
                self._add_all((part,))
            elif part[1] not in self._plain:
                self._plain[part[1]] = is_plain(part[1])
                self._add_all((part,))
        return True

    def _add_all(self, parts: Sequence[Part]) -> None:
        self._room -= len(parts)
        if self._room < 0:
            raise _too_many()
        self.found += parts

    def whole(self) -> _Said:
        """All of it, for a message that is said again."""
        texts = [part for part in self.found if not part[0].startswith(KEY)]
        return _Said(found=tuple(self.found), texts=tuple(texts), many=len(texts), names=frozenset(self._names))


@dataclass(frozen=True, slots=True)
class _Said:
    """All parts of a message, those of them that are no names, how many these are, and the names."""

    found: tuple[Part, ...]
    texts: tuple[Part, ...]
    many: int
    names: frozenset[str]


def _too_many() -> WireError:
    return WireError(f"the request has over {MAX_PARTS} pieces of text", Code.TOO_LARGE)


def _said_in(message: dict[str, JsonValue], where: str, place: str) -> _Said | None:
    """What a message says at its place, by itself; None when it holds files."""
    files: list[File] = []
    parts = Parts(files)
    deque(add_json(parts, where, dict(message), place), maxlen=0)
    return None if files else parts.whole()


def position(index: int) -> str:
    """What stands in a place for a name that is not plain: which one it is in its object, form or list of headers."""
    return f"{{{index}}}"


def _add_media(parts: Parts, where: str, kind: str, data: str) -> bool:
    """An image, a sound, a document inside JSON; False for text, which is read as such."""
    if kind.lower().startswith(_READABLE_MEDIA):
        return False
    parts.file(where, _from_base64(data) or data.encode("utf-8", "surrogatepass"), "media")
    return True


def _add_string(parts: Parts, where: str, value: str) -> None:
    """A string of JSON: text, or a file in base64."""
    media = _DATA_URL.match(value)
    if media is not None and _add_media(parts, where, media[1], value[media.end() :]):
        parts.add(where, value[: media.end()])
        return
    may_be_base64 = len(value) >= _FILE_CHARACTERS and " " not in value[:_FILE_CHARACTERS]
    if may_be_base64 and kind_of(_head_of(value)) is not None:
        data = _from_base64(value)
        if data:
            parts.file(where, data, "upload")
            return
    parts.add(where, value)
    add_files_in(parts, where, value)


def add_files_in(parts: Parts, where: str, text: str) -> None:
    """Archives and documents in base64 in the midst of a text. Others are left to whoever reads encodings."""
    for begins in _FILES_BEGIN:
        if begins in text:
            break
    else:
        return
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


def add_json(parts: Parts, where: str, document: JsonValue, at: str = "") -> Iterator[None]:
    """Every string, every long number or one that its name calls somebody's, every name once, in their order.

    It stops now and then, so that whoever takes the steps may do something else between.
    """
    waiting: list[Iterator[_Member]] = [iter([(at, document)])]
    media: dict[str, str] = {}
    done = 0
    while waiting:
        for place, value in waiting[-1]:
            done += 1
            match value:
                case str():
                    done += len(value) // _CHARS_OF_ONE
                    if place not in media or not _add_media(parts, f"{where}:{place}", media[place], value):
                        _add_string(parts, f"{where}:{place}", value)
                case Message() if parts.message(where, place, value):
                    pass
                case dict():
                    media.update(_media_in(place, value))
                    waiting.append(iter((yield from _members(parts, place, value))))
                    yield from parts.together(f"{where}:{place}", list(value.values()))
                    break
                case list():
                    yield from parts.together(f"{where}:{place}", value)
                    waiting.append(zip(map(f"{place}/".__add__, map(str, itertools.count())), value, strict=False))
                    break
                case int() | float() if _is_long(value, place):
                    parts.add(f"{where}:{place}", repr(value))
            if done >= _AT_ONCE:
                done = 0
                yield
        else:
            waiting.pop()


def _members(parts: Parts, place: str, value: dict[str, JsonValue]) -> Generator[None, None, list[_Member]]:
    """The members of an object with their places."""
    found: list[_Member] = []
    for index, (name, member) in enumerate(value.items()):
        found.append((f"{place}/{parts.name(name, index, at=place)}", member))
        if index % _AT_ONCE == _AT_ONCE - 1:
            yield
    return found


def _is_long(value: float, place: str) -> bool:
    """Has it as many digits as somebody's number may have, or is it one by its name?"""
    if isinstance(value, int):
        return not -_LONG < value < _LONG or (value >= _NAMED_LONG and tells_a_person_s_number(place))
    return sum(map(str.isdigit, repr(value))) >= MIN_NUMBER_DIGITS
