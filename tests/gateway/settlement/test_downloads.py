"""An answer that a rule lets pass in pieces: each is known again before it goes, and all of it is counted."""

from __future__ import annotations

import base64
import gzip
import hashlib

import pytest

from aisecops.gateway.settlement.downloads import GATHER_BYTES, DownloadWatch, download_watch
from aisecops.model.errors import StoreError, WireError
from aisecops.model.exchange import HttpResponse
from aisecops.model.outcome import Forward, Refuse
from aisecops.model.refusals import Code
from support.gateway import RULES, House, request

STREAMS = RULES.replace(
    'sources:\n  - {match: {host: "*.wiki.example"}, tier: external}',
    'sources:\n  - {match: {host: "*.wiki.example"}, tier: external, label: confidential, stream: true}',
)
QUOTE = "the harbour master counted forty cranes before the tide turned and nobody else was there to see it"
FILLING = "".join(f"row {number} says little of anything\n" for number in range(4000))
TEXT = (("Content-Type", "text/plain"),)


async def opened(house: House, headers=TEXT) -> tuple[str, DownloadWatch]:
    run = await house.run()
    outcome = await house.ask(run, request("GET", "https://en.wiki.example/dump"))
    assert isinstance(outcome, Forward), outcome
    assert outcome.any_size
    tap = house.enforcement.tap(outcome.permit, HttpResponse(status=200, headers=headers, body=b""))
    assert isinstance(tap, DownloadWatch)
    return outcome.permit, tap


async def passed(house: House, permit: str, tap: DownloadWatch, *pieces: bytes) -> bytes:
    """What has gone on after all of `pieces` came, and not the end."""
    out = []
    for piece in pieces:
        out += tap.feed(piece)
        if tap.waiting:
            out += await house.enforcement.weigh(permit, tap)
    return b"".join(out)


async def ended(house: House, permit: str, tap: DownloadWatch) -> bytes:
    out = tap.end()
    if tap.waiting:
        out += await house.enforcement.weigh(permit, tap)
    await house.enforcement.finish(permit, tap)
    return b"".join(out)


async def origins_of(house: House, text: str) -> set[str]:
    (found,) = await house.known.recognise((await house.run()).run.root_run_id, [text])
    return {one.origin.origin_id for one in found}


async def test_all_of_it_passes_as_it_came_and_is_recorded_with_its_digest():
    house = House(STREAMS)
    permit, tap = await opened(house)
    body = (FILLING + QUOTE).encode()
    pieces = [body[at : at + 7000] for at in range(0, len(body), 7000)]
    assert await passed(house, permit, tap, *pieces) + await ended(house, permit, tap) == body
    (event,) = [event for event in house.record.events if event.event.value == "tool_returned"]
    assert event.fields["bytes"] == len(body)
    assert event.fields["complete"] is True
    assert event.fields["provenance"]["sha256"] == hashlib.sha256(body).hexdigest()
    (first, *_) = await origins_of(house, QUOTE)
    assert first.startswith(event.fields["provenance"]["id"])


async def test_a_piece_is_known_again_before_it_goes():
    house = House(STREAMS)
    permit, tap = await opened(house)
    assert await passed(house, permit, tap, QUOTE.encode()) == QUOTE.encode()
    assert await origins_of(house, QUOTE)


async def test_a_piece_in_a_dress_is_known_again_without_it():
    house = House(STREAMS)
    permit, tap = await opened(house)
    await passed(house, permit, tap, base64.b64encode(QUOTE.encode()))
    assert await origins_of(house, f"it says: {QUOTE}")


async def test_the_first_piece_waits_for_nothing_and_later_ones_for_a_little():
    house = House(STREAMS)
    permit, tap = await opened(house)
    assert await passed(house, permit, tap, b"first") == b"first"
    assert await passed(house, permit, tap, b"second") == b""
    assert await passed(house, permit, tap, b"x" * GATHER_BYTES) == b"second" + b"x" * GATHER_BYTES
    assert await passed(house, permit, tap, b"last") == b""
    assert await ended(house, permit, tap) == b"last"
    assert tap.complete


async def test_tiny_pieces_are_not_kept_each():
    house = House(STREAMS)
    permit, tap = await opened(house)
    body = FILLING.encode()[:40_000]
    await passed(house, permit, tap, *(body[at : at + 10] for at in range(0, len(body), 10)))
    assert tap.number < 40


async def test_what_is_no_text_passes_at_once_after_its_beginning():
    house = House(STREAMS)
    permit, tap = await opened(house, (("Content-Type", "application/octet-stream"),))
    assert await passed(house, permit, tap, b"\x00" * 100) == b"\x00" * 100
    assert tap.feed(b"\xff" * 10) == [b"\xff" * 10]
    assert not tap.waiting
    await ended(house, permit, tap)
    (event,) = [event for event in house.record.events if event.event.value == "tool_returned"]
    assert event.fields["provenance"]["sha256"] == hashlib.sha256(b"\x00" * 100 + b"\xff" * 10).hexdigest()


async def test_what_does_not_decode_is_a_fault_before_it_goes():
    house = House(STREAMS)
    permit, tap = await opened(house, (*TEXT, ("Content-Encoding", "gzip")))
    body = gzip.compress(FILLING.encode())
    assert await passed(house, permit, tap, body[:500]) == body[:500]
    tap.feed(b"\xff" * GATHER_BYTES)
    with pytest.raises(WireError):
        await house.enforcement.weigh(permit, tap)


@pytest.mark.parametrize("held", [True, False])
async def test_a_coding_that_stops_short_is_no_end(held):
    house = House(STREAMS)
    permit, tap = await opened(house, (*TEXT, ("Content-Encoding", "gzip")))
    body = gzip.compress(FILLING.encode())
    await passed(house, permit, tap, body[:-9])
    if held:
        await passed(house, permit, tap, body[-9:-1])
    with pytest.raises(WireError):
        await ended(house, permit, tap)
    assert not tap.complete


async def test_what_cannot_be_kept_does_not_go(monkeypatch):
    house = House(STREAMS)
    permit, tap = await opened(house)

    async def keep(*_known, after=0):
        raise StoreError("the disk is full")

    monkeypatch.setattr(house.content, "keep", keep)
    tap.feed(QUOTE.encode())
    with pytest.raises(StoreError):
        await house.enforcement.weigh(permit, tap)


async def test_one_that_was_cut_is_recorded_as_not_whole_and_has_no_words_for_it():
    house = House(STREAMS)
    permit, tap = await opened(house)
    await passed(house, permit, tap, b"half of it")
    assert not tap.has_words
    assert tap.refusal(Refuse(code=Code.RUN_HALTED, detail="enough")) == b""
    await house.enforcement.finish(permit, tap)
    (event,) = [event for event in house.record.events if event.event.value == "tool_returned"]
    assert (event.fields["complete"], event.fields["bytes"]) == (False, 10)


async def test_nothing_but_the_rule_lets_an_answer_pass_in_pieces():
    house = House()
    run = await house.run()
    outcome = await house.ask(run, request("GET", "https://en.wiki.example/dump"))
    assert not outcome.any_size
    assert house.enforcement.tap(outcome.permit, HttpResponse(status=200, headers=TEXT, body=b"")) is None


def test_a_coding_that_nobody_knows_is_read_whole():
    assert download_watch(HttpResponse(status=200, headers=(("Content-Encoding", "x-odd"),), body=b"")) is None
