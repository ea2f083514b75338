"""What a text says under its dress: encodings, escapes, characters that stand for others or apart; nested.

Every reading knows which stretch of the text each of its own came from. Bounded in depth and in size. Does not know
what is looked for. `dresses.py` has the dresses.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aisecops.model.dresses import DRESSES, LINES, Piece
from aisecops.model.errors import WireError
from aisecops.model.inside_bytes import Opener, Room, leniently, no_file
from aisecops.model.look_alikes import stand_ins
from aisecops.model.of_short import OfShort
from aisecops.model.provenance import Span

MAX_DEPTH = 6
"""Dresses over one another that are taken off."""
_SHORT, _SHORT_KEPT = 4096, 512
"""Characters of a text, and such texts, of which it is kept whether they are dressed: control after control asks."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text. `starts` are where its pieces begin, `origins` which stretch each came from.

    `dress` names what was taken off last. `alike`: characters were taken for others that they look like, as a reader
    does and no program. In an `even` reading a piece as long as its origin is it, letter by letter.
    """

    text: str
    dress: str = ""
    starts: tuple[int, ...] = ()
    origins: tuple[Span, ...] = ()
    even: bool = False
    alike: bool = False

    def place(self, span: Span) -> Span:
        """Where in the text as it stands the reading's `span` comes from."""
        if not self.origins:
            return span
        last_at = max(span.start, span.end - 1)
        first = max(bisect_right(self.starts, span.start) - 1, 0)
        last = max(bisect_right(self.starts, last_at) - 1, 0)
        start, end = self.origins[first].start, self.origins[last].end
        if self._is_even(first):
            start += span.start - self.starts[first]
        if self._is_even(last):
            end = self.origins[last].start + last_at + 1 - self.starts[last]
        return Span(start=start, end=max(start, end))

    def _is_even(self, piece: int) -> bool:
        if not self.even:
            return False
        ends = self.starts[piece + 1] if piece + 1 < len(self.starts) else len(self.text)
        return ends - self.starts[piece] == self.origins[piece].end - self.origins[piece].start


def readings(text: str, room: Room | None = None, opener: Opener = no_file) -> Iterator[Reading]:
    """The text as it stands first, then what it says with dresses taken off, from the outermost in.

    With `room`, everything is read or WireError raised, `too_large` or `unreadable`; without, it ends at the bounds.
    """
    if not is_dressed(text):
        yield Reading(text)
        return
    try:
        yield from _all_readings(text, room or Room(len(text)), opener)
    except WireError:
        if room is not None:
            raise


def is_dressed(text: str) -> bool:
    """False only when there is but one way to read `text`."""
    return _dressed[text]


def _tells(text: str) -> bool:
    if stand_ins(text):
        return True
    for dress in DRESSES:  # noqa: SIM110 - a generator takes longer than most looks
        if dress.tells(text):
            return True
    return False


_dressed = OfShort(_tells, most=_SHORT_KEPT, longest=_SHORT)


def _all_readings(text: str, room: Room, opener: Opener) -> Iterator[Reading]:
    waiting = deque([(0, Reading(text))])
    known = {text}
    while waiting:
        depth, reading = waiting.popleft()
        yield reading
        plain = _plainly(reading, room)
        if plain is not None and plain.text not in known:
            known.add(plain.text)
            yield plain
            reading = plain
        for inner in _opened(reading, room, opener):
            if inner.text in known:
                continue
            if depth == MAX_DEPTH:
                raise WireError(f"text in the request is encoded more than {MAX_DEPTH} times over")
            room.take(len(inner.text))
            known.add(inner.text)
            waiting.append((depth + 1, inner))


def _opened(reading: Reading, room: Room, opener: Opener) -> Iterator[Reading]:
    if reading.dress == LINES:
        opener = leniently(opener)
    for dress in DRESSES:
        if reading.dress not in dress.not_under and dress.tells(reading.text):
            opened = _reading(reading, dress.name, dress.off(reading.text, room, opener))
            if opened is not None:
                yield opened


def _reading(outer: Reading, dress: str, pieces: Iterable[Piece]) -> Reading | None:
    """The pieces in a row, with a line break between them; None when nothing was dressed."""
    texts, starts, origins, length = [], [], [], 0
    for start, end, piece in pieces:
        if piece and piece != outer.text[start:end]:
            texts.append(piece)
            starts.append(length)
            origins.append(outer.place(Span(start=start, end=end)))
            length += len(piece) + 1
    if not texts:
        return None
    return Reading("\n".join(texts), dress, tuple(starts), tuple(origins), alike=outer.alike)


def _plainly(reading: Reading, room: Room) -> Reading | None:
    """The text in plain characters; None when it is."""
    stands = stand_ins(reading.text)
    if not stands:
        return None
    text = reading.text.translate(stands)
    room.take(len(text))
    dress = reading.dress or "characters"
    if all(len(plain) == 1 for plain in stands.values()):
        return Reading(text, dress, reading.starts, reading.origins, reading.even, alike=True)
    odd = re.compile(f"[{re.escape(''.join(map(chr, stands)))}]|[^{re.escape(''.join(map(chr, stands)))}]+")
    starts, origins, length = [], [], 0
    for match in odd.finditer(reading.text):
        starts.append(length)
        origins.append(reading.place(Span(start=match.start(), end=match.end())))
        length += len(match[0].translate(stands))
    even = reading.even or not reading.origins
    return Reading(text, dress, tuple(starts), tuple(origins), even=even, alike=True)
