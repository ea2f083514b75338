"""What goes by itself: stand-ins a week after the last one, pieces an hour after each; and nothing is readable meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aisecops.adapters.store.pieces import MAX_REQUESTS
from aisecops.adapters.store.redis.pieces import RedisPieces
from aisecops.adapters.store.redis.pseudonyms import RedisPseudonyms
from aisecops.adapters.store.redis.store import RedisStore
from aisecops.model.ids import RunId
from aisecops.model.piece import Piece
from aisecops.model.stand_in import Given, StandIn
from support.redis_server import Server, shared
from support.stores import KEY, joined_store

ROOT, TO = RunId("run_1"), "api.test:443"
GIVEN = Given(run_id=ROOT, to=TO, stand_in=StandIn(entity="X", value="Ann Real", text="Eve Made"))
PIECE = Piece(place="body", head="my card is 4111")


@pytest.fixture
def server() -> Server:
    server = shared("redis")
    server.tell("FLUSHALL")
    return server


@pytest.fixture
async def store(server) -> AsyncIterator[RedisStore]:
    store = await joined_store(server.url)
    yield store
    await store.close()


async def test_what_a_tree_was_given_ends_with_it_or_by_itself(server, store):
    pseudonyms, pieces = RedisPseudonyms(store.link, KEY), RedisPieces(store.link, KEY)
    await pseudonyms.keep(ROOT, [GIVEN])
    await pieces.say(ROOT, TO, [PIECE], after=0)
    kept = [key for key in server.names() if ROOT in key]
    assert len(kept) == 4
    assert all(server.tell("PTTL", key) > 0 for key in kept)
    await pseudonyms.forget(ROOT)
    await pieces.forget(ROOT)
    assert [key for key in server.names() if ROOT in key] == []


async def test_positions_of_a_tree_that_was_forgotten_never_come_again(store):
    pseudonyms = RedisPseudonyms(store.link, KEY)
    await pseudonyms.keep(ROOT, [GIVEN])
    place, _ = await pseudonyms.newer(ROOT, 0)
    await pseudonyms.forget(ROOT)
    await pseudonyms.keep(ROOT, [GIVEN])
    assert (await pseudonyms.newer(ROOT, place))[1] == [GIVEN]


async def test_pieces_that_are_too_old_do_not_count_and_go_with_the_next(store, server):
    fading, lasting = RedisPieces(store.link, KEY, kept_ms=-1), RedisPieces(store.link, KEY)
    await lasting.say(ROOT, TO, [PIECE], after=0)
    assert await fading.newer(ROOT, TO, 0) == []
    (key,) = (key for key in server.names() if key.startswith(f"aisecops:pieces:{ROOT}:"))
    server.tell("ZADD", key, 1, b"5 old")
    await lasting.say(ROOT, TO, [PIECE], after=0)
    assert server.tell("ZSCORE", key, b"5 old") is None
    assert len(await lasting.newer(ROOT, TO, 0)) == 2


async def test_so_many_requests_to_one_receiver_are_kept(store):
    pieces = RedisPieces(store.link, KEY)
    for number in range(MAX_REQUESTS + 3):
        await pieces.say(ROOT, TO, [Piece(place="body", head=str(number))], after=0)
    found = await pieces.newer(ROOT, TO, 0)
    assert (len(found), found[0][1][0].head) == (MAX_REQUESTS, "3")


async def test_whoever_reads_the_server_reads_nothing_that_was_said(server, store):
    await RedisPseudonyms(store.link, KEY).keep(ROOT, [GIVEN])
    await RedisPieces(store.link, KEY).say(ROOT, TO, [PIECE], after=0)
    held = b"".join(server.tell("DUMP", key) for key in server.names()) + repr(server.names()).encode()
    assert not any(word in held for word in (b"Ann", b"Eve", b"api.test", b"4111"))
