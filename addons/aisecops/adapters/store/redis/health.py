"""Is this server fit to hold what decides? Judged from what it says of itself.

Knows what a server must not do: forget what it holds to make room, be a replica or part of a cluster, or keep less
than was asked of it. Asks nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from redis.exceptions import ResponseError

from aisecops.adapters.store.redis.place import Durability, Place
from aisecops.model.value import Value

QUESTIONS: tuple[tuple[str, ...], ...] = (
    ("INFO", "server", "memory", "persistence", "replication", "stats", "cluster"),
    ("CONFIG", "GET", "appendfsync"),
)
LEAST_MAJOR = 7


class Objection(Value):
    """What is wrong with a server. `refuse`: nothing is asked of it until that is mended; else it is worth knowing."""

    words: str
    mend: str
    refuse: bool


class Witness:
    """What one process has heard a server say of itself, and what speaks against it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._evicted: tuple[str, int] | None = None
        self.objection = ""
        self.objections: list[Objection] = []

    def heard(self, answers: Sequence[Any]) -> bool:
        """Judge the answers to `QUESTIONS`; True when the server has forgotten something since it was last heard."""
        info, config = answers
        if isinstance(info, ResponseError):
            self.objections = [Objection(words="it does not say how it is set up", mend="allow INFO", refuse=True)]
        else:
            syncs = None if isinstance(config, ResponseError) else dict(_pairs(config)).get("appendfsync")
            self.objections = objections(facts(info), self._place, syncs=syncs)
        refused = next((one for one in self.objections if one.refuse), None)
        self.objection = f"the store {self._place} is not fit: {refused.words}; {refused.mend}" if refused else ""
        return not isinstance(info, ResponseError) and self._forgot(facts(info))

    def _forgot(self, told: Mapping[str, str]) -> bool:
        before, now = self._evicted, (told.get("run_id", ""), int(told.get("evicted_keys", "0")))
        self._evicted = now
        return before is not None and before[0] == now[0] and before[1] < now[1]


def facts(info: bytes) -> dict[str, str]:
    """The lines of an `INFO` answer, by name."""
    lines = (line.partition(":") for line in info.decode(errors="replace").splitlines() if not line.startswith("#"))
    return {name: value for name, colon, value in lines if colon}


def objections(told: Mapping[str, str], place: Place, *, syncs: str | None) -> list[Objection]:
    """What speaks against a server that says `told`; `syncs` is its `appendfsync`, None when it does not say."""
    found = [*_kind(told), *_memory(told), *_durability(told, place.durability, syncs), *_replicas(told, place)]
    if not place.tls and not place.is_here:
        mend = "use `rediss://`, or keep others off that network"
        found.append(Objection(words="it is spoken to in clear text", mend=mend, refuse=False))
    return found


def _pairs(flat: Sequence[bytes]) -> list[tuple[str, str]]:
    texts = [one.decode(errors="replace") for one in flat]
    return list(zip(texts[::2], texts[1::2], strict=True))


def _kind(told: Mapping[str, str]) -> list[Objection]:
    found: list[Objection] = []
    version = told.get("valkey_version") or told.get("redis_version", "0")
    if int(version.partition(".")[0]) < LEAST_MAJOR:
        found.append(Objection(words=f"it is version {version}", mend="use Redis 7 or Valkey, or newer", refuse=True))
    if told.get("cluster_enabled") == "1":
        mend = "use one server with replicas: a run's tree, its revocations and its approvals change together"
        found.append(Objection(words="it is part of a cluster", mend=mend, refuse=True))
    if told.get("role") not in {None, "master"}:
        mend = "name the primary; after a failover, the address that leads to the new one"
        found.append(Objection(words="it is a replica", mend=mend, refuse=True))
    return found


def _memory(told: Mapping[str, str]) -> list[Objection]:
    evicts = told.get("maxmemory_policy", "noeviction")
    if evicts != "noeviction":
        words = f"it forgets what it holds to make room (maxmemory-policy {evicts}): budgets would begin anew"
        mend = "set maxmemory-policy noeviction; a full server then refuses to write"
        return [Objection(words=words, mend=mend, refuse=True)]
    if told.get("maxmemory", "0") == "0":
        words = "it has no maxmemory: when it grows too large the system may kill it"
        return [Objection(words=words, mend="set maxmemory below what the machine has", refuse=False)]
    return []


def _durability(told: Mapping[str, str], asked: Durability, syncs: str | None) -> list[Objection]:
    if asked is Durability.NONE:
        return []
    if told.get("aof_enabled") != "1":
        words = "it writes no append-only file: charges are lost when it restarts"
        mend = "set appendonly yes; or say durability=none in the store's URL, and a restart is an empty store"
        return [Objection(words=words, mend=mend, refuse=True)]
    if syncs == "always":
        return []
    if asked is Durability.ALWAYS:
        words = f"it does not sync each write to its disk (appendfsync {syncs or 'unknown'})"
        return [Objection(words=words, mend="set appendfsync always, or durability=everysec in the URL", refuse=True)]
    if syncs == "no":
        words = "it leaves syncing to the system (appendfsync no): a power failure loses many seconds of charges"
        return [Objection(words=words, mend="set appendfsync everysec or always", refuse=True)]
    words = "it syncs its disk once a second: a power failure may lose the last second of charges"
    return [Objection(words=words, mend="set appendfsync always where that is too much", refuse=False)]


def _replicas(told: Mapping[str, str], place: Place) -> list[Objection]:
    there = int(told.get("connected_slaves", "0"))
    if there < place.replicas:
        words = f"it has {there} replicas, and replicas={place.replicas} must have each write"
        return [Objection(words=words, mend="start them, or ask for fewer in the store's URL", refuse=True)]
    return []
