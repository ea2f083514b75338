"""Values that are written in pieces which whoever reads them puts together: strings side by side, marks of markup.

Only what stands within a word for a reader counts: between two characters of a value. Marks that end a paragraph or a
cell of a table end a value, too.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from aisecops.model.inside_bytes import Opener, Room

_INLINE = "a|abbr|b|bdi|bdo|big|code|del|em|font|i|ins|mark|q|s|samp|small|span|strong|sub|sup|t|tspan|tt|u|var|wbr"
_JOINT = "|".join(
    (
        r"""["'`][ \t]{0,4}(?:[+.&\\]|\|\|)?[ \t]{0,4}["'`]""",
        r"""["'`][ \t]{0,4}(?:[+.&\\]|\|\|)[ \t]{0,4}\r?\n[ \t]{0,64}["'`]""",
        r"""["'`][ \t]{0,4}\r?\n[ \t]{1,64}(?:[+.&][ \t]{0,4})?["'`]""",
        r"<!--.{0,200}?-->",
        rf"</?(?:{_INLINE})(?:\s[^<>]{{0,200}})?/?>",
        r"\]\]>\s{0,4}<!\[CDATA\[",
        r"\*\*",
        r"\\\r?\n[ \t]{0,64}",
    )
)
_SIGN, _LONGEST_PIECE = r"[A-Za-z0-9+/_=-]", 512
_JOINTS = re.compile(rf"(?<={_SIGN})(?:{_JOINT}){{1,4}}(?={_SIGN})", re.IGNORECASE | re.DOTALL)
_SIGNS = string.ascii_letters + string.digits + "+/_=-.@:"
_ENTITY = re.compile(r"<!ENTITY\s{1,16}([\w.-]{1,64})\s{1,16}(?:\"([^\"]{0,512})\"|'([^']{0,512})')", re.IGNORECASE)
_USED = re.compile(r"&([\w.-]{1,64});")
_MARKS = ("<", "**", "\\\n", "\\\r\n", '"', "'", "`")
_MOST_ENTITIES, _DEEP = 64, 3


def is_in_pieces(text: str) -> bool:
    """False only where nothing is to be put together."""
    return True in [mark in text for mark in _MARKS] and (
        _JOINTS.search(text) is not None or "<!ENTITY" in text.upper()
    )


def put_together(text: str, room: Room, _opener: Opener) -> Iterator[tuple[int, int, str]]:
    """From where to where something stands in pieces, and what they say as one."""
    pieces: list[str] = []
    begin = end = 0
    for joint in _JOINTS.finditer(text):
        if pieces and joint.start() == end:
            end = _end_of(text, joint.end())
            pieces.append(text[joint.end() : end])
            continue
        if pieces:
            yield begin, end, "".join(pieces)
        before = text[max(0, joint.start() - _LONGEST_PIECE) : joint.start()]
        begin = joint.start() - (len(before) - len(before.rstrip(_SIGNS)))
        end = _end_of(text, joint.end())
        pieces = [text[begin : joint.start()], text[joint.end() : end]]
    if pieces:
        yield begin, end, "".join(pieces)
    yield from _with_entities(text, room)


def _end_of(text: str, start: int) -> int:
    behind = text[start : start + _LONGEST_PIECE]
    return start + len(behind) - len(behind.lstrip(_SIGNS))


def _with_entities(text: str, room: Room) -> Iterator[tuple[int, int, str]]:
    """What a document says behind the entities that it declares."""
    declared = {name: one or two for name, one, two in _ENTITY.findall(text)[:_MOST_ENTITIES]}
    if declared:
        end = max(match.end() for match in _ENTITY.finditer(text))
        told = text[end:]
        for _ in range(_DEEP):
            told = _USED.sub(lambda used: declared.get(used[1], used[0]), told)
            room.take(len(told))
        yield end, len(text), told
