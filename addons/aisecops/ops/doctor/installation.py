"""What lies on the disk: rules, secrets, keys, store, permissions, room for the record."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from aisecops.adapters.nlp.names_model import MEND, names_model
from aisecops.adapters.store.redis.health import Objection
from aisecops.adapters.store.redis.server import seen
from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.adapters.system.certificates import CertificateAuthority
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.keys import KeyFolder, in_use
from aisecops.adapters.system.rule_secrets import RuleSecrets
from aisecops.adapters.system.signing import TOKEN_KEY, held_signer
from aisecops.model.errors import ConfigError, Fault
from aisecops.model.rules import SecretAuthentication
from aisecops.ops.agents import credentials_of, rules_in
from aisecops.ops.doctor.diagnosis import Diagnosis, bad, warning, well
from aisecops.ops.settings import Settings
from aisecops.ops.settings_read import environment
from aisecops.ops.watched import NO_MODEL, asks_for_names, missing_values
from aisecops.ops.wiring.stores import known_store

LEAST_FREE_BYTES = 200 * 1024 * 1024
CA_ENDS_SOON = dt.timedelta(days=30)


def _guarded(check: str, look: Callable[[], str]) -> Diagnosis:
    """What `look` says, or the fault it meets."""
    try:
        return well(check, look())
    except ConfigError as wrong:
        return bad(check, str(wrong), wrong.mend)
    except (Fault, OSError) as failed:
        return bad(check, str(failed), "see above; restore it from a backup if it is broken")


def _rules(settings: Settings) -> Iterator[Diagnosis]:
    def look() -> str:
        rules = rules_in(settings)
        if asks_for_names(rules) and not names_model(settings.scan.names_model):
            raise ConfigError(NO_MODEL, MEND)
        return f"{len(rules.agents)} agents, {len(rules.tools)} tools, {len(rules.models)} models"

    yield _guarded("rules", look)


def _secrets(settings: Settings) -> Iterator[Diagnosis]:
    try:
        rules = rules_in(settings)
    except ConfigError:
        return  # said already
    for agent in rules.agents.values():
        sources = [how.source for how in agent.authenticate if isinstance(how, SecretAuthentication)]
        if sources and credentials_of(settings, agent) is None:
            yield bad(
                f"secret of {agent.agent_id}",
                f"`{sources[0]}` is not set here, so this agent cannot prove who it is",
                "set it where the gateway and the control plane are started",
            )


def _values(settings: Settings) -> Iterator[Diagnosis]:
    try:
        rules = rules_in(settings)
    except ConfigError:
        return  # said already

    def look() -> str:
        missing = list(missing_values(rules, RuleSecrets(environment(), settings.rules_folder)))
        if missing:
            raise ConfigError(f"`{missing[0]}` is not set here, so nobody looks for it", "set it for the gateway")
        return f"{len(rules.egress.canaries) + len(rules.egress.known)} places"

    yield _guarded("canaries and known secrets", look)


def _authority(settings: Settings) -> Iterator[Diagnosis]:
    if not (settings.paths.certs / "mitmproxy-ca.pem").exists():
        yield well("certificate authority", "not made yet; the first start makes it")
        return

    def look() -> str:
        ends = CertificateAuthority(settings.paths.certs, SystemClock()).certificate().not_valid_after_utc
        if ends - dt.datetime.fromtimestamp(SystemClock().now_ms() / 1000, dt.UTC) < CA_ENDS_SOON:
            raise ConfigError(
                f"ends soon, on {ends:%Y-%m-%d}", "remove it to have a new one made; clients must trust it"
            )
        return f"good until {ends:%Y-%m-%d}"

    yield _guarded("certificate authority", look)


def _keys(settings: Settings) -> Iterator[Diagnosis]:
    folder = KeyFolder(settings.paths.certs, SystemClock())
    if not folder.public_path.exists():
        yield well("signing keys", "not made yet; the first start makes one")
        return

    def look() -> str:
        used = in_use(folder.published())
        if settings.control.fetch_keys:
            return f"`{used.kid}` is in use; only its public half is here"
        held = held_signer(TOKEN_KEY, environment())
        if held is None:
            folder.load(used)
        elif held.key_id != used.kid:
            return f"`{held.key_id}` from {TOKEN_KEY} will sign from the next start on"
        return f"`{used.kid}` signs"

    yield _guarded("signing keys", look)


def _store(settings: Settings) -> Iterator[Diagnosis]:
    if not settings.store.is_sqlite:
        yield from _server(settings)
        return
    if not settings.database.exists():
        yield well("store", "not made yet; the first start makes it")
        return

    async def ping() -> None:
        store = SqliteStore(settings.database)
        try:
            await store.ping()
        finally:
            await store.close()

    def look() -> str:
        asyncio.run(ping())
        return "answers"

    yield _guarded("store", look)


def _server(settings: Settings) -> Iterator[Diagnosis]:
    notes: list[Objection] = []

    def look() -> str:
        place = settings.store.place(environment())
        looked = asyncio.run(seen(place, known_store(settings.store_id)))
        notes.extend(looked.notes)
        if looked.wrong:
            raise ConfigError(looked.wrong, "`aisecops store status` says how it stands")
        return f"{place} answers" if looked.store_id else f"{place} is empty; the first start makes the store"

    yield _guarded("store", look)
    yield from (warning("store", note.words, note.mend) for note in notes)


def _permissions(settings: Settings) -> Iterator[Diagnosis]:
    """Nobody else may read what is secret, and we may write what is ours."""
    state, certs = settings.paths.state, settings.paths.certs
    secret = [state / "operator.secret", *state.glob("*.key"), *certs.glob("keys/*.key"), certs / "mitmproxy-ca.pem"]
    open_to_others = [path for path in secret if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    for path in open_to_others:
        yield bad("permissions", f"others may read `{path}`", f"chmod 600 {path}, and consider it known: make it anew")
    locked = [path for path in map(_nearest_there, (state, certs)) if not os.access(path, os.W_OK | os.X_OK)]
    for path in locked:
        yield bad("permissions", f"`{path}` cannot be written", f"let this user write to {path}")
    if not open_to_others and not locked:
        yield well("permissions", "secrets are ours alone, folders can be written")


def _disk(settings: Settings) -> Iterator[Diagnosis]:
    free = shutil.disk_usage(_nearest_there(settings.paths.state)).free
    words = f"{free // (1024 * 1024)} MiB free for the record"
    if free < LEAST_FREE_BYTES:
        yield bad("disk", words, "free some: what cannot be recorded is refused")
    else:
        yield well("disk", words)


def _nearest_there(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


CHECKS = (_rules, _secrets, _values, _authority, _keys, _store, _permissions, _disk)
