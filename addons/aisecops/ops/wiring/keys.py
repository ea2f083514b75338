"""A gateway on another machine keeps its `jwks.json` as the control plane publishes it (`control.fetch_keys`)."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import orjson

from aisecops.adapters.control.published import PublishedKeys
from aisecops.adapters.system.files import PUBLIC, made_folder, write_whole
from aisecops.controls.tokens.jwks import to_jwks
from aisecops.model.errors import ConfigError, PolicyError
from aisecops.ops.settings import Settings

EVERY_S = 1.0

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def fetched_keys(settings: Settings) -> AsyncIterator[Callable[[], Coroutine[None, None, None]]]:
    """The keys are there; gives what follows them until it is cancelled.

    When the control plane cannot be asked, the keys that are there serve on. Raises `ConfigError` when there are none.
    """
    if not settings.control.fetch_keys:
        yield _nothing
        return
    path = settings.paths.certs / "jwks.json"
    published = PublishedKeys(settings.control_url, trust=settings.control_authorities)
    try:
        try:
            await take(published, path)
        except PolicyError as error:
            if not path.exists():
                raise ConfigError(str(error), "start the control plane, or look at control.public_url") from error
            _log.warning("%s; those of before serve", error)
        yield functools.partial(follow, published, path)
    finally:
        await published.close()


async def _nothing() -> None:
    """The keys are files of this machine, which `PublicKeys` follows."""


async def follow(published: PublishedKeys, path: Path, *, every_s: float = EVERY_S) -> None:
    """Take up the published keys again and again. That it cannot be asked is logged once, and once that it can."""
    missing = False
    while True:
        await asyncio.sleep(every_s)
        try:
            await take(published, path)
        except (PolicyError, ConfigError) as error:
            if not missing:
                _log.warning("%s; those of before serve", error)
            missing = True
        else:
            if missing:
                _log.warning("the control plane's keys are followed again")
            missing = False


async def take(published: PublishedKeys, path: Path) -> None:
    """Write the published keys to `path` if they are others. Raises `PolicyError`, and `ConfigError` for the file."""
    document = orjson.dumps(to_jwks(await published.get()), option=orjson.OPT_INDENT_2)
    await asyncio.to_thread(_write, path, document)


def _write(path: Path, document: bytes) -> None:
    made_folder(path.parent)
    if not path.exists() or path.read_bytes() != document:
        write_whole(path, document, mode=PUBLIC)
