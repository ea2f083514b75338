"""What stands while the running gateway is evaluated: an enforcement and an API beside everybody's.

Same process, same rules in force, same scanners and keys of tokens; another store, another record, no metrics, another
audience of tokens, and a world of stand-ins alone. What the two share can be weakened by nobody from here.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from aisecops.adapters.audit.chain import ChainLog
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.evaluation_authority import EvaluationAuthority
from aisecops.adapters.system.resolver import SystemResolver
from aisecops.adapters.system.rounds import Rounds
from aisecops.adapters.system.rule_secrets import RuleSecrets
from aisecops.adapters.system.secrets import secret_key
from aisecops.gateway.annex import LOOK_EVERY_S, Annex
from aisecops.gateway.enforcer import Enforcer
from aisecops.gateway.evaluated import Evaluated
from aisecops.gateway.ports import Meter
from aisecops.gateway.runs.adapting import AdaptingRecord
from aisecops.model.round import Round
from aisecops.ops.evaluation.overlaid import OverlaidRules, secrets
from aisecops.ops.evaluation.places import DOMAIN, hosts
from aisecops.ops.settings import Settings
from aisecops.ops.settings_read import changed, environment
from aisecops.ops.settings_text import Seconds
from aisecops.ops.store_url import StoreUrl
from aisecops.ops.wiring.foundation import Foundation
from aisecops.ops.wiring.gateway import Around, enforcement
from aisecops.ops.wiring.stores import stores

AUDIENCE = "aisecops-evaluation"
"""Of its capability tokens: no other gateway takes them, and it takes no others."""
PATH = "/evaluation"
"""Where its API is, below the control plane's."""
SLOTS = 4


def authority(settings: Settings) -> EvaluationAuthority:
    """Who vouches for stand-ins."""
    return EvaluationAuthority(settings.evaluation.folder or settings.paths.certs, SystemClock(), domain=DOMAIN)


def rounds_of(base: Foundation) -> Rounds:
    """Where rounds are opened, closed and found."""
    return Rounds(base.settings.evaluation.folder or base.settings.paths.state / "evaluation", base.clock)


def evaluation_authority(settings: Settings) -> Sequence[Path]:
    """What the gateway trusts for it; nothing where it may not be evaluated."""
    return (authority(settings).create_if_missing(),) if settings.evaluation.live else ()


@contextlib.asynccontextmanager
async def evaluated(base: Foundation, around: Around, everybodys: Enforcer) -> AsyncIterator[Enforcer]:
    """`everybodys`, and where the settings allow it an evaluation's beside it."""
    if not base.settings.evaluation.live:
        yield everybodys
        return
    both = Evaluated(everybodys)
    rounds = rounds_of(base)
    both.annex = Annex(rounds.current, functools.partial(_enforcement, base, around, rounds, both))
    async with both.annex.running():
        yield both


@contextlib.asynccontextmanager
async def evaluated_foundation(base: Foundation, rounds: Rounds, found: Round) -> AsyncIterator[Foundation]:
    """What a round stands on: `base` with a store, a record, keys and rules of its own."""
    folder = rounds.folder(found.evaluation_id)
    settings = changed(base.settings, paths__state=folder, store=StoreUrl(source="sqlite"), hold_seconds=Seconds(0))
    rules = await asyncio.to_thread(OverlaidRules, base.files)
    known = secrets(rounds.secret(found, "agents"), rounds.secret(found, "others"))
    key = SigningKey(secret_key(folder, "record"))
    async with contextlib.AsyncExitStack() as opened:
        shared = await opened.enter_async_context(stores(settings, {}))
        record = ChainLog(
            settings.record_folder,
            clock=base.clock,
            sign=lambda message: key.sign(message).signature,
            key_id="record",
            public_key=bytes(key.verify_key),
        )
        opened.push_async_callback(record.close)
        tasks = await opened.enter_async_context(asyncio.TaskGroup())
        following = tasks.create_task(_followed(rules))
        opened.callback(following.cancel)
        yield Foundation(
            settings=settings,
            clock=base.clock,
            ids=base.ids,
            meter=Unmetered(),
            rules=rules,
            files=base.files,
            store=shared.store,
            old_runs=shared.old_runs,
            record=AdaptingRecord(record, store=shared.store, rules=rules, clock=base.clock),
            record_lag_s=lambda: record.lag_s,
            record_trouble=lambda: record.trouble,
            pseudonyms=shared.pseudonyms,
            pieces=shared.pieces,
            content=shared.content,
            secrets=RuleSecrets({**environment(), **known}, base.settings.rules_folder),
            points=base.points,
            agreement=base.agreement,
        )


async def _followed(rules: OverlaidRules) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        await asyncio.to_thread(rules.refresh)


@contextlib.asynccontextmanager
async def _enforcement(
    base: Foundation, around: Around, rounds: Rounds, both: Evaluated, found: Round
) -> AsyncIterator[Enforcer]:
    resolve = {f"{host}:443": f"127.0.0.1:{found.port}" for host in hosts(SLOTS)}
    of_round = Around(
        scanner=around.scanner,
        fingerprints=around.fingerprints,
        resolver=SystemResolver(resolve, lookup=_nowhere),
        route=None,
        control_url=f"{base.settings.control_url}{PATH}",
        control=None,
        audience=AUDIENCE,
    )
    async with (
        evaluated_foundation(base, rounds, found) as own,
        enforcement(own, of_round) as enforcer,
        asyncio.TaskGroup() as tasks,
    ):
        watching = tasks.create_task(enforcer.watch(both.cut))
        try:
            yield enforcer
        finally:
            watching.cancel()


def _nowhere(host: str, port: int) -> Sequence[tuple[str, int]]:
    """INVARIANT: an evaluation knows no place but its stand-ins."""
    raise OSError(f"`{host}:{port}` is no stand-in")


class Unmetered(Meter):
    """Counts nothing: an evaluation is in nobody's figures."""

    def decided(self, **_: Any) -> None: ...
    def stage(self, name: str, seconds: float) -> None: ...
    def token_rejected(self, code: str) -> None: ...
    def egress_found(self, entity: str, action: str) -> None: ...
    def injection_found(self, detector: str, tier: str) -> None: ...
    def budget_exceeded(self, agent: str, budget: str) -> None: ...
    def contained(self, seconds: float) -> None: ...
    def uninspected(self, reason: str, size_bytes: int) -> None: ...
