"""Put back what stands for something else in a streamed answer, event by event, also where it is split over several.

Of a text that comes in pieces only that end is held back which may be the beginning of something to be put back. An
event in which nothing changes keeps its bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from msgspec.structs import replace

from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpResponse, values
from aisecops.wire.coding import decode
from aisecops.wire.fields import JsonObject
from aisecops.wire.framing import StreamEvent, after, closes_list, with_data
from aisecops.wire.growing import GrowingPlace, Piece, Pieces, no_pieces
from aisecops.wire.limits import JsonValue
from aisecops.wire.restore import Meanings, in_json, looks_like_json, restored_body, restored_text
from aisecops.wire.sse import SseReader


@dataclass(slots=True)
class _Growing:
    """A text on its way: what is held back of it, its last character that went on, how it is written.

    `event` is the last that brought some of it, and `more` makes another like it.
    """

    event: StreamEvent
    more: Callable[[str], JsonObject]
    written: Callable[[str], str] | None = None
    held: str = ""
    before: str = ""


class EventRestorer:
    """Restores one stream. `pieces` says which texts grow, `rewritten` how an event says something else.

    `meanings` may be replaced by what knows more, between two events.
    """

    def __init__(
        self,
        meanings: Meanings,
        pieces: Callable[[JsonObject], Pieces] = no_pieces,
        rewritten: Callable[[StreamEvent, str], bytes] = with_data,
    ) -> None:
        self.meanings = meanings
        self._pieces = pieces
        self._rewritten = rewritten
        self._growing: dict[GrowingPlace, _Growing] = {}
        self._added = 0

    def restored(self, event: StreamEvent) -> list[StreamEvent]:
        """What goes on in place of `event`."""
        if event.data is None:
            return [*self.end(), event] if closes_list(event) else [event]
        try:
            data = orjson.loads(event.data)
        except orjson.JSONDecodeError:
            data = None
        if not isinstance(data, dict):
            text = restored_text(event.data, self.meanings)
            return [*self.end(), event if text == event.data else self._saying(event, text)]
        pieces = self._pieces(data)
        last = {piece.place: number for number, piece in enumerate(pieces.found) if pieces.ends(piece.place)}
        changed = [
            self._grown(event, piece, last=last.get(piece.place) == number) for number, piece in enumerate(pieces.found)
        ]
        changed.append(self._restore_rest(data, {(id(piece.holder), piece.name) for piece in pieces.found}))
        first = self._let_go(pieces.ends, data)
        if self._added and isinstance(number := data.get("sequence_number"), int):
            data["sequence_number"] = number + self._added
            changed.append(True)
        return [*first, self._saying(event, orjson.dumps(data).decode()) if any(changed) else event]

    def end(self) -> list[StreamEvent]:
        """What was held back to the last; for a stream that is over, or goes on with something else."""
        return self._let_go(lambda _: True, {})

    def _saying(self, event: StreamEvent, data: str) -> StreamEvent:
        return StreamEvent(raw=self._rewritten(event, data), data=data, event=event.event)

    def _grown(self, event: StreamEvent, piece: Piece, *, last: bool) -> bool:
        """Let the piece hold what may go on; True when that is something else than it held."""
        came = piece.holder[piece.name]
        if not isinstance(came, str):
            return False
        growing = self._growing.setdefault(piece.place, _Growing(event=event, more=piece.more))
        growing.event, growing.more = event, piece.more
        if growing.written is None and came.strip():
            growing.written = in_json if piece.in_json or looks_like_json(came) else str
        text = growing.held + came
        back = 0 if last else self.meanings.beginning(text, before=growing.before)
        goes, growing.held = text[: len(text) - back], text[len(text) - back :]
        piece.holder[piece.name] = now = self._put_back(goes, growing)
        growing.before = goes[-1:] or growing.before
        if last:
            del self._growing[piece.place]
        return now != came

    def _put_back(self, text: str, growing: _Growing) -> str:
        return self.meanings.replaced(text, written=growing.written or str, before=growing.before)

    def _let_go(self, ends: Callable[[GrowingPlace], bool], instead: JsonObject) -> list[StreamEvent]:
        """Events for what is held back of the texts that have ended, and for which the next event has no room."""
        events = []
        for place in [place for place in self._growing if ends(place)]:
            growing = self._growing.pop(place)
            if growing.held:
                more = self._numbered(growing.more(self._put_back(growing.held, growing)), instead)
                made = self._saying(growing.event, orjson.dumps(more).decode())
                events.append(replace(made, raw=after(growing.event, made.raw)))
        return events

    def _numbered(self, data: JsonObject, instead: JsonObject) -> JsonObject:
        """An event of ours takes the number of the one it goes before; that and all later ones move up."""
        if "sequence_number" in data:
            number = instead.get("sequence_number", data["sequence_number"])
            data = {**data, "sequence_number": number + self._added if isinstance(number, int) else number}
            self._added += 1
        return data

    def _restore_rest(self, data: JsonObject, growing: set[tuple[int, str]]) -> bool:
        """Restore every text in `data` that is whole; True when one changed."""
        changed = False
        waiting: list[JsonObject] = [data]
        while waiting:
            holder = waiting.pop()
            for name, value in holder.items():
                if (id(holder), name) in growing:
                    continue
                holder[name] = now = self._whole(value, waiting)
                changed = changed or now is not value
        return changed

    def _whole(self, value: JsonValue, waiting: list[JsonObject]) -> JsonValue:
        """`value` restored, or itself when nothing in it changes; objects in it are left to whoever waits for them."""
        if isinstance(value, str):
            now = restored_text(value, self.meanings)
            return value if now == value else now
        if isinstance(value, dict):
            waiting.append(value)
        elif isinstance(value, list):
            members = [self._whole(member, waiting) for member in value]
            return value if all(now is member for now, member in zip(members, value, strict=True)) else members
        return value


def restored_answer(response: HttpResponse, meanings: Meanings, *, max_bytes: int) -> HttpResponse:
    """`response`, whole, with all that is known put back; what cannot be read stays as it came.

    Raises WireError when its charset cannot say what comes back.
    """
    try:
        body = decode(response.body, response.headers, max_bytes=max_bytes, allow_names=True)
    except WireError:
        return response
    streamed = any("event-stream" in kind.lower() for kind in values(response.headers, "content-type"))
    now = restored_events(body, meanings) if streamed else restored_body(response.headers, body, meanings)
    if now == body:
        return response
    headers = tuple(pair for pair in response.headers if pair[0].lower() != "content-encoding")
    return replace(response, headers=headers, body=now)


def restored_events(body: bytes, meanings: Meanings) -> bytes:
    """A whole body of events, each text in it whole."""
    reader, restorer = SseReader(max_event_bytes=len(body)), EventRestorer(meanings)
    events = [*reader.feed(body), *reader.end()]
    return b"".join(out.raw for event in events for out in restorer.restored(event))
