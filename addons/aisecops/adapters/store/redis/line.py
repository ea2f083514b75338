"""One connection to a server, used by one at a time: commands go out together, answers come in their order.

Knows the library and its faults, and says them in words that hold no password.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio.connection import Connection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import TimeoutError as LateError

from aisecops.adapters.store.redis.place import Place
from aisecops.model.errors import StoreError

_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (ReadOnlyError, "it is a replica and takes no writes; a failover may be under way"),
    (MasterDownError, "it is a replica that has lost its primary"),
    (BusyLoadingError, "it is still loading what it holds"),
    (OutOfMemoryError, "it is full"),
    (NoPermissionError, "its user may not do what the store needs"),
    (AuthenticationError, "it does not accept the user and password"),
)
_CODES = {
    "NOREPLICAS": "it has too few replicas to take writes",
    "MISCONF": "it cannot write to its disk",
    "NOAUTH": "it wants a password",
    "BUSY": "it is busy with somebody's script",
    "MOVED": "it is part of a cluster",
}


def connection_to(place: Place) -> Connection:
    """A connection that opens when it is `ready`. It never sends anything twice by itself."""
    tls: dict[str, Any] = {}
    if place.tls:
        tls = {"ssl_ca_certs": place.ca, "ssl_certfile": place.certificate, "ssl_keyfile": place.key}
    return (SSLConnection if place.tls else Connection)(
        host=place.host,
        port=place.port,
        db=place.database,
        username=place.username,
        password=place.password,
        socket_timeout=place.timeout_s,
        socket_connect_timeout=place.timeout_s,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        client_name="aisecops",
        driver_info=None,
        **tls,
    )


async def ready(connection: Connection) -> None:
    """Have it open: one that the server has closed since is opened anew. Raises what the library raises."""
    try:
        stale = connection.is_connected and await connection.can_read()
    except RedisError:
        stale = True
    if stale:
        await connection.disconnect(nowait=True)  # closed, or it says what nobody asked
    if not connection.is_connected:
        await connection.connect()  # type: ignore[no-untyped-call]  # the library's


async def exchanged(connection: Connection, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The answers to `commands`, an error of the server as the exception it is."""
    await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
    answers: list[Any] = []
    for _ in commands:
        try:
            answers.append(await connection.read_response(disable_decoding=True))
        except ResponseError as error:
            answers.append(error)
    return answers


def told(error: Exception, place: Place) -> StoreError:
    """`error` as the port names it."""
    if isinstance(error, StoreError):
        return error
    text = str(error) or type(error).__name__
    kinds = (words for kind, words in _KINDS if isinstance(error, kind))
    codes = (words for code, words in _CODES.items() if text.startswith(code))
    if isinstance(error, TimeoutError | LateError):
        text = f"no answer within {place.timeout_s:g} s"
    return StoreError(f"the store {place} cannot be asked: {next(kinds, '') or next(codes, '') or text}")
