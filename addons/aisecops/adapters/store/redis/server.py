"""Joining a store on a server, beginning it anew, and looking at it: what happens before or beside the work.

Knows when a store is made, joined or refused. What a marker is says `marker.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any

from redis.asyncio.connection import Connection
from redis.exceptions import RedisError, ResponseError

from aisecops.adapters.store.redis.health import QUESTIONS, Objection, Witness
from aisecops.adapters.store.redis.line import connection_to, exchanged, ready, told
from aisecops.adapters.store.redis.link import Link
from aisecops.adapters.store.redis.marker import BEGIN, EMPTIED, FIND, MAKE, Marker, read_marker
from aisecops.adapters.store.redis.place import Place
from aisecops.adapters.store.redis.scripts import KEY, writing
from aisecops.model.errors import StoreError
from aisecops.model.value import Value

_ID_BYTES = 8

_log = logging.getLogger(__name__)

# name and digest, each
_AGREE = writing("""
    local other, changed = {}, false
    for i = 1, count, 2 do
        if redis.call('HSETNX', P .. 'keys', arg(i), arg(i + 1)) == 1 then
            changed = true
        elseif redis.call('HGET', P .. 'keys', arg(i)) ~= arg(i + 1) then
            other[#other + 1] = arg(i)
        end
    end
    return changed, other
""")


class Seen(Value):
    """A store as it stands. `wrong` is why nothing may be asked of it, empty when it may; `notes` are worth knowing."""

    store_id: str
    wrong: str
    notes: tuple[Objection, ...]


async def joined(place: Place, known_id: str) -> Link:
    """A link to the store with the id `known_id`; with none known, to the one that is there or is made now.

    Raises `StoreError` when the server cannot be asked or is not fit, or its store was emptied or is another one.
    """
    async with _asked(place) as connection:
        witness = Witness(place)
        witness.heard(await exchanged(connection, QUESTIONS))
        if witness.objection:
            raise StoreError(witness.objection)
        for note in witness.objections:
            _log.warning("the store %s: %s; %s", place, note.words, note.mend)
        command = (FIND, 1, KEY) if known_id else (MAKE, 1, KEY, _fresh().text)
        found = await _marker(connection, place, *command)
    before = found if found is not None and not known_id else Marker(store_id=known_id, era="")
    if objection := before.objection_to(found):
        raise StoreError(objection)
    if found is None:
        raise StoreError(EMPTIED)
    return Link(place, found)


async def disagreeing(link: Link, digests: Mapping[str, str]) -> list[str]:
    """Names whose digest is another one than that of whoever joined first; those nobody told yet are kept."""
    found = await link.ask(_AGREE, *(part for pair in digests.items() for part in pair))
    return [name.decode() for name in found]


async def begun(place: Place, known_id: str) -> str:
    """Begin a new era with whatever the server has; the id is `known_id`, or else the store's, or a new one.

    Only an operator may say so: budgets that were lost begin anew.
    """
    async with _asked(place) as connection:
        found = await _marker(connection, place, FIND, 1, KEY)
        new = _fresh(known_id or (found.store_id if found else ""))
        await _marker(connection, place, BEGIN, 1, KEY, new.text)
    return new.store_id


async def seen(place: Place, known_id: str) -> Seen:
    """Look without changing anything. Raises `StoreError` when the server cannot be asked."""
    async with _asked(place) as connection:
        witness = Witness(place)
        witness.heard(await exchanged(connection, QUESTIONS))
        # a server that is not fit may not run scripts either
        (answer,) = await exchanged(connection, [("HGET", KEY, "marker")])
    found = None if isinstance(answer, ResponseError) else read_marker(answer)
    before = Marker(store_id=known_id, era="") if known_id else found
    wrong = witness.objection or (before.objection_to(found) if before else "")
    notes = tuple(one for one in witness.objections if not one.refuse)
    return Seen(store_id=found.store_id if found else "", wrong=wrong, notes=notes)


def _fresh(store_id: str = "") -> Marker:
    return Marker(store_id=store_id or f"st_{secrets.token_hex(_ID_BYTES)}", era=secrets.token_hex(_ID_BYTES))


async def _marker(connection: Connection, place: Place, *command: Any) -> Marker | None:
    (answer,) = await exchanged(connection, [("EVAL", *command)])
    if isinstance(answer, ResponseError):
        raise told(answer, place)
    return read_marker(answer)


@contextlib.asynccontextmanager
async def _asked(place: Place) -> AsyncIterator[Connection]:
    """A connection for a few questions."""
    connection = connection_to(place)
    try:
        async with asyncio.timeout(place.timeout_s):
            await ready(connection)
            yield connection
    except (RedisError, OSError, TimeoutError) as error:
        raise told(error, place) from error
    finally:
        await connection.disconnect(nowait=True)
