"""Where the rules come from: a folder, or a bundle that a key we name has signed (`rules.signed_by`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from aisecops.adapters.policies.bundle import BundleFile
from aisecops.adapters.policies.files import FileRules, Unreadable, read_folder
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.keys import read_key_set
from aisecops.adapters.system.taken import TakenFile
from aisecops.gateway.entries import Entries
from aisecops.gateway.ports import Clock, Store
from aisecops.model.entry import EntryKind
from aisecops.model.errors import ConfigError, StoreError
from aisecops.model.taken import Taken
from aisecops.ops.settings import Settings

_log = logging.getLogger(__name__)

_NEWEST = "newest"


def file_rules(settings: Settings) -> FileRules:
    """The rules, not loaded yet; what was in force is kept in the state folder."""
    origin = bundle_file(settings, settings.paths.rules) if settings.rules.signed_by else settings.paths.rules
    return FileRules(origin, settings.paths.state / "policies")


def rules_files(settings: Settings, at: Path | None = None) -> dict[str, bytes]:
    """The rules files of the folder or bundle `at`, else of the settings'. Raises `Unreadable`.

    Any folder may be read, for commands that only look; a bundle must be signed as the settings say.
    """
    at = at or settings.paths.rules
    if not at.is_file():
        return read_folder(at)
    if not settings.rules.signed_by:
        raise Unreadable(str(at), "nobody is named whose signature on this bundle counts", "set rules.signed_by")
    return bundle_file(settings, at).files()


def bundle_file(settings: Settings, path: Path) -> BundleFile:
    """The bundle `path` as this installation would believe it."""
    return BundleFile(path, lambda: trusted_keys(settings), TakenFile(settings.rules_taken))


def trusted_keys(settings: Settings) -> Mapping[str, bytes]:
    """Raw public keys by `kid` that may sign rules. Raises `ConfigError`, for a key of tokens among them too."""
    now_s = SystemClock().now_ms() // 1000
    found = [key for path in settings.rules.signed_by for key in read_key_set(path)]
    jwks = settings.paths.certs / "jwks.json"
    tokens = {key.kid for key in read_key_set(jwks)} if jwks.exists() else set()
    if any(key.kid in tokens for key in found):
        raise ConfigError("rules.signed_by names a key that signs tokens", "`aisecops keys make FILE` makes another")
    return {key.kid: key.x for key in found if key.accepted(now_s)}


class Agreement:
    """What this machine and the store have taken up, each told the other: the newer one counts for both."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._signed = bool(settings.rules.signed_by)
        self._here = TakenFile(settings.rules_taken)
        self._there = Entries(store, clock, EntryKind.RULES, Taken)
        self._missing = False

    async def begin(self) -> None:
        """Like `reach`. Raises `ConfigError` when another bundle of the same serial is in force elsewhere."""
        there = await self.reach()
        here = await asyncio.to_thread(self._here.last) if self._signed else None
        if there != here:
            serial = here.serial if here else 0
            raise ConfigError(
                f"another bundle of rules with serial {serial} is in force on this store",
                "put that one here, or sign these rules again with a higher serial",
            )

    async def reach(self) -> Taken | None:
        """The newest that was taken up anywhere.

        Raises `StoreError` and `ConfigError`: then nobody knows which rules are too old.
        """
        if not self._signed:
            return None
        here = await asyncio.to_thread(self._here.last)
        there = await self._there.change(_NEWEST, lambda kept: here if here and _newer(here, kept) else None)
        if there is not None and _newer(there, here):
            await asyncio.to_thread(self._here.take, there)
        return there

    async def reached(self) -> bool:
        """May new rules be taken up? Not while the store cannot say which are too old."""
        try:
            await self.reach()
        except (StoreError, ConfigError) as error:
            if not self._missing:
                _log.warning("no new rules are taken up: %s", error)
            self._missing = True
            return False
        self._missing = False
        return True


def _newer(one: Taken, other: Taken | None) -> bool:
    return other is None or one.serial > other.serial
