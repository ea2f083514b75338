"""A batch taken apart and put together again: no byte of a message changes."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.wire.limits import JsonBounds
from aisecops.wire.mcp_batch import answered_pieces, batch_of, pieces_of, stream_of

BOUNDS = JsonBounds()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from('ab]}"\\,'), inside, max_size=3),
    max_leaves=8,
)
BLANKS = st.sampled_from([b"", b" ", b"\n\t", b"\r\n  "])


@given(st.lists(VALUES, min_size=1, max_size=5), BLANKS, BLANKS)
def test_what_is_put_together_is_what_was_taken_apart(values, before, after):
    raws = [
        orjson.dumps({"jsonrpc": "2.0", "method": "tools/call", "id": number, "params": {"v": value}})
        for number, value in enumerate(values)
    ]
    document = before + b"[" + before + (after + b"," + before).join(raws) + after + b"]" + after
    pieces = pieces_of(document, bounds=BOUNDS)
    assert [piece.raw for piece in pieces] == raws
    assert [piece.message.id for piece in pieces] == list(range(len(raws)))
    assert batch_of(piece.raw for piece in pieces) == b"[" + b",".join(raws) + b"]"
    streamed = answered_pieces(stream_of(raws), streamed=True, bounds=BOUNDS)
    assert [piece.raw for piece in streamed] == raws


def test_a_message_alone_is_one_piece_without_the_blanks_around_it():
    (piece,) = pieces_of(b' {"jsonrpc": "2.0", "method": "ping", "id": 1}\n', bounds=BOUNDS)
    assert piece.raw == b'{"jsonrpc": "2.0", "method": "ping", "id": 1}'


@pytest.mark.parametrize("document", [b"[]", b"[1]", b'[{"jsonrpc":"2.0","method":"ping","id":1},]', b'{"a":1}', b""])
def test_what_is_no_batch_is_none(document):
    with pytest.raises(WireError):
        pieces_of(document, bounds=BOUNDS)
