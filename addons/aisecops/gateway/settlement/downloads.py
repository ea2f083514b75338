"""An answer that is passed on piece by piece, each piece known again before it goes: files, and what tools stream.

Holds one piece at a time. Nothing in it is counted, which is why rules that count are not read together with `stream`;
one that does not decode, or cannot be kept, is cut, and never ends as a whole answer does.
"""

from __future__ import annotations

from msgspec.structs import replace

from aisecops.controls.provenance.fingerprint import MAX_CHARACTERS
from aisecops.gateway.aside import in_thread
from aisecops.gateway.origins.descent import Descents
from aisecops.gateway.origins.undressed import undressed
from aisecops.gateway.settlement.settle import Settlement, shown_origin
from aisecops.gateway.step.permits import Permits
from aisecops.gateway.watch import StreamWatch
from aisecops.model.errors import Fault, WireError
from aisecops.model.exchange import Headers, HttpResponse
from aisecops.model.outcome import Refuse
from aisecops.model.provenance import Origin
from aisecops.wire.answer_pieces import AnswerPieces, Piece

GATHER_BYTES = 16 * 1024
"""What is held back until so much has come, once some pieces have passed: thousands of tiny ones would be kept each."""
_GATHER_MORE_BYTES = 256


class DownloadWatch:
    """A tap on one answer that is passed on as it came: its first piece at once, later ones with a little more.

    `origin` is where the content came from, as its first piece is known; None before.
    """

    has_words = False

    def __init__(self, *, status: int, headers: Headers) -> None:
        """Raises `WireError` for a coding that is not known."""
        self.status = status
        self.size = 0
        self.complete = False
        self.origin: Origin | None = None
        self.number = 0
        self._pieces = AnswerPieces(headers, most=MAX_CHARACTERS)
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._ended = False

    @property
    def as_it_came(self) -> bool:
        """True while nothing can be found wrong with it after its last byte, as with a coding that has no end."""
        return self._pieces.is_plain

    @property
    def sha256(self) -> str:
        """The digest of all that came."""
        return self._pieces.sha256

    def feed(self, data: bytes) -> list[bytes]:
        """`data` itself when nothing in it has to be read, else nothing: it waits."""
        self.size += len(data)
        if self.origin is not None and not self._held and not self._pieces.has_more:
            self._pieces.pass_by(data)
            return [data]
        self._held.append(data)
        self._held_bytes += len(data)
        return []

    @property
    def waiting(self) -> tuple[bytes, ...]:
        """What is held back, when that is enough to look at or all that will come."""
        enough = min(self.number * _GATHER_MORE_BYTES, GATHER_BYTES)
        return tuple(self._held) if self._ended or self._held_bytes >= enough else ()

    def taken(self) -> tuple[list[bytes], Piece]:
        """What was held back, and what is in it. May take long. Raises `WireError` for what does not decode."""
        held, self._held, self._held_bytes = self._held, [], 0
        piece = self._pieces.feed(b"".join(held))
        if self._ended:
            self._close()
        return held, piece

    def end(self) -> list[bytes]:
        """Upstream has finished. Raises `WireError` when that is not the end of the content."""
        self._ended = True
        if not self._held:
            self._close()
        return []

    def refusal(self, refuse: Refuse) -> bytes:  # noqa: ARG002 - the port's shape
        """There is no form in which a file says that it is not whole."""
        return b""

    def _close(self) -> None:
        self._pieces.end()
        self.complete = True


def download_watch(response: HttpResponse) -> DownloadWatch | None:
    """A tap on the body that `response` begins; None for one in a coding that nobody knows, which is read whole."""
    try:
        return DownloadWatch(status=response.status, headers=response.headers)
    except WireError:
        return None


class Downloads:
    """Looks at the pieces, and settles what has passed."""

    def __init__(self, *, permits: Permits, descents: Descents, settlement: Settlement) -> None:
        self._permits = permits
        self._descents = descents
        self._settlement = settlement

    async def weigh(self, name: str, tap: DownloadWatch) -> list[bytes]:
        """What `tap` held back, known again from now on. Raises `WireError` and `StoreError`: then it must be cut."""
        permit = self._permits.find(name)
        if permit is None:
            raise Fault("a piece came of an answer that was not on its way")
        held, piece = await in_thread(_looked_at, tap)
        if piece.texts or tap.origin is None:
            tap.number += 1
            facts = permit.facts
            origin = await self._descents.learn_piece(
                facts.principal, facts.request, piece, first=tap.origin, number=tap.number
            )
            tap.origin = tap.origin or origin
        return held

    async def hear(self, name: str, tap: StreamWatch) -> list[bytes]:
        """What `tap` holds back of a tool's stream, known again from now on, message by message. Raises `StoreError`.

        A server may ask its client for something, and what it asks for may go on to a model, while its stream is open.
        """
        permit = self._permits.find(name)
        if permit is None:
            raise Fault("words came in an answer that was not on its way")
        facts = permit.facts
        for said in tap.unknown:
            body = said.encode("utf-8", "surrogatepass")
            event = HttpResponse(status=tap.status, headers=(), body=body)
            origin = await self._descents.learn(facts.principal, facts.request, permit.step.tool, event, body)
            tap.origin = tap.origin or origin
        return tap.known()

    async def finish(self, name: str, tap: DownloadWatch) -> None:
        """It has ended, whole or not: charge and record it, with the digest of what came."""
        shown = None if tap.origin is None else shown_origin(tap.origin) | {"sha256": tap.sha256}
        await self._settlement.finish(name, status=tap.status, size=tap.size, provenance=shown, complete=tap.complete)


def _looked_at(tap: DownloadWatch) -> tuple[list[bytes], Piece]:
    """What `tap` held back, and what is in it, under dresses too. Raises `WireError`."""
    held, piece = tap.taken()
    return held, replace(piece, texts=(*piece.texts, *undressed(piece.texts)))
