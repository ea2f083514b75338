"""What of a batch to an MCP server is a step of its own: each call and each read, and all else together.

Each becomes a request of one message, with the batch's head and the very bytes of the message; so it is classified,
traced, judged, charged and recorded as if it had come alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from aisecops.controls.policy.match import mcp_match
from aisecops.controls.policy.places import places_of
from aisecops.controls.policy.target import normal_path
from aisecops.gateway.step.mcp import READS
from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpRequest, values
from aisecops.model.rules import RuleSet
from aisecops.model.value import Value
from aisecops.wire.coding import decode
from aisecops.wire.limits import JsonBounds
from aisecops.wire.mcp import CALL, MessageId, MessageKind
from aisecops.wire.mcp_batch import Piece, batch_of, pieces_of

_FRAMING = frozenset({"content-length", "content-encoding", "transfer-encoding"})


class Part(Value):
    """A step's messages as a request of their own; `places` in the batch are theirs, `ids` want an answer."""

    request: HttpRequest
    places: tuple[int, ...]
    ids: tuple[MessageId, ...]


def may_be_batch(rules: RuleSet, request: HttpRequest) -> bool:
    """False when `request` is none, at one look: nothing of its body is read but the first byte of a plain one."""
    if request.method != "POST" or not places_of(rules).has_servers:
        return False
    return bool(values(request.headers, "content-encoding")) or request.body.lstrip()[:1] == b"["


def parts_of(rules: RuleSet, request: HttpRequest) -> tuple[Part, ...]:
    """The parts of `request`, at least two; none when it is one step, or none that can be read."""
    if not may_be_batch(rules, request):
        return ()
    pieces = _batch_in(rules, request)
    acting = [place for place, piece in enumerate(pieces) if piece.message.method in {CALL, *READS}]
    if len(acting) < 2:  # noqa: PLR2004 - one is no crowd
        return ()
    rest = tuple(place for place in range(len(pieces)) if place not in acting)
    return tuple(_part(request, pieces, places) for places in [*((place,) for place in acting), rest] if places)


def _batch_in(rules: RuleSet, request: HttpRequest) -> list[Piece]:
    """The messages of a batch to an MCP server; none for anything else, and for what cannot be read as one."""
    try:
        segments, _ = normal_path(request.path)
        match = mcp_match(rules, method="POST", host=request.host, port=request.port, path_segments=segments)
        limit = rules.egress.max_body_bytes
        if match is None or len(request.body) > limit:
            return []
        body = decode(request.body, request.headers, max_bytes=limit)
        return pieces_of(body, bounds=JsonBounds(max_bytes=len(body))) if body.lstrip().startswith(b"[") else []
    except WireError:
        return []  # whoever classifies it whole says what is wrong with it


def _part(request: HttpRequest, pieces: Sequence[Piece], places: tuple[int, ...]) -> Part:
    raws = [pieces[place].raw for place in places]
    body = raws[0] if len(raws) == 1 else batch_of(raws)
    kept = tuple((name, value) for name, value in request.headers if name.lower() not in _FRAMING)
    messages = [pieces[place].message for place in places]
    ids = tuple(one.id for one in messages if one.kind is MessageKind.REQUEST and one.id is not None)
    return Part(
        request=replace(request, headers=(*kept, ("Content-Length", str(len(body)))), body=body),
        places=places,
        ids=ids,
    )
