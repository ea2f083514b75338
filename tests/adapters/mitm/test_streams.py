"""A tap that fails is dead from then on."""

from __future__ import annotations

import logging

from aisecops.adapters.mitm.streams import TappedStream
from aisecops.model.errors import WireError
from support.proxy import Echo


class Holding(Echo):
    """Holds everything back until the end."""

    def feed(self, data: bytes) -> list[bytes]:
        super().feed(data)
        return [b""]

    def end(self) -> list[bytes]:
        return [self.seen]


def test_pieces_pass_in_order():
    stream = TappedStream(Echo(), cut=lambda: None, unreadable=print)
    assert [stream(b"one"), stream(b"two"), stream(b"")] == [[b"one"], [b"two"], []]


def test_an_empty_piece_never_ends_the_answer_early():
    stream = TappedStream(Holding(), cut=lambda: None, unreadable=print)
    assert [stream(b"one"), stream(b"two"), stream(b"")] == [[], [], [b"onetwo"]]


def test_after_a_failure_nothing_passes(caplog):
    caplog.set_level(logging.DEBUG)
    cuts = []
    stream = TappedStream(Echo(raises_on=b"two"), cut=lambda: cuts.append(1), unreadable=print)
    assert [stream(b"one"), stream(b"two"), stream(b"three"), stream(b"")] == [[b"one"], [], [], []]
    assert cuts == [1]
    assert "a stream was cut: KeyError" in caplog.text


def test_what_cannot_be_read_is_cut_with_words_and_is_no_fault_of_ours(caplog):
    caplog.set_level(logging.DEBUG)
    told = []

    class Unreadable(Echo):
        def feed(self, data: bytes) -> list[bytes]:
            raise WireError("an event is no JSON")

    stream = TappedStream(
        Unreadable(), cut=lambda: told.append("cut"), unreadable=lambda error: told.append(error.detail)
    )
    assert [stream(b"one"), stream(b"two"), stream(b"")] == [[], [], []]
    assert told == ["an event is no JSON"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
