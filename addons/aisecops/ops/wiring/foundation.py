"""What every process of ours stands on: rules, store, record, secrets, clock."""

from __future__ import annotations

import contextlib
import secrets as stdlib_secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

from nacl.signing import SigningKey

from aisecops.adapters.audit.chain import ChainLog
from aisecops.adapters.policies.cedar import CedarPoint
from aisecops.adapters.policies.files import FileRules, Rejected, Reloaded
from aisecops.adapters.policies.opa import OpaPoint
from aisecops.adapters.system.certificates import authorities_in
from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.ids import Ulids
from aisecops.adapters.system.rule_secrets import RuleSecrets
from aisecops.adapters.system.secrets import secret_key
from aisecops.gateway.ground import Ground
from aisecops.gateway.people.approve import Approvals
from aisecops.gateway.pinned.inventory import Inventory
from aisecops.gateway.ports import ContentStore, PieceStore, PseudonymStore
from aisecops.gateway.runs.adapting import AdaptingRecord, MovedRisk
from aisecops.gateway.runs.forgetting import Forgetting, OldRuns
from aisecops.gateway.runs.identity import Identities
from aisecops.gateway.runs.runs import Runs
from aisecops.gateway.runs.vouch import Vouching
from aisecops.gateway.step.points import Points
from aisecops.ops.counted import CountedRecord
from aisecops.ops.metrics import process_metrics
from aisecops.ops.settings import Settings
from aisecops.ops.wiring.rules import Agreement, file_rules
from aisecops.ops.wiring.stores import stores

ISSUER = "aisecops"
AUDIENCE = "aisecops-gateway"
RUN_SECRET_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Foundation(Ground):
    """The ground of a process of ours, and what else lies under it."""

    settings: Settings
    files: FileRules
    old_runs: OldRuns
    record_lag_s: Callable[[], float]
    record_trouble: Callable[[], str]
    pseudonyms: PseudonymStore
    pieces: PieceStore
    content: Callable[[], ContentStore]
    secrets: RuleSecrets
    points: Points
    agreement: Agreement

    async def watch_rules(self, interval_s: float, on_change: Callable[[Reloaded | Rejected], Awaitable[None]]) -> None:
        """Take up new rules as they come, until cancelled or `on_change` raises."""
        await self.files.watch(interval_s, on_change, when=self.agreement.reached)

    def runs(self) -> Runs:
        """The run service."""
        return Runs(
            self,
            pseudonyms=self.pseudonyms,
            pieces=self.pieces,
            new_secret=lambda: stdlib_secrets.token_urlsafe(RUN_SECRET_BYTES),
        )

    def approvals(self) -> Approvals:
        """The approval service."""
        return Approvals(self, life_ms=int(self.settings.approval_seconds * 1000))

    def inventory(self) -> Inventory:
        """What agents are let use."""
        return Inventory(self)

    def moved_risk(self) -> MovedRisk:
        """What live signals have moved."""
        return MovedRisk(self)

    def forgetting(self, *, keep_ms: int) -> Forgetting:
        """What makes the store forget runs that have stood still for `keep_ms`."""
        return Forgetting(self.old_runs, self.record, self.rules, self.clock, keep_ms=keep_ms)

    def identities(self) -> Identities:
        """Who is who."""
        return Identities(self.rules, self.store, self.secrets)


@contextlib.asynccontextmanager
async def foundation(settings: Settings, environment: Mapping[str, str]) -> AsyncIterator[Foundation]:
    """Open rules, store and record; close them at the end."""
    for path in settings.client_authorities:
        authorities_in(path)  # named wrong, it is said here and not wherever somebody is first believed by it
    clock = SystemClock()
    state = settings.paths.state
    rules = file_rules(settings)
    rules.load()
    record_key = SigningKey(secret_key(state, "record"))
    async with contextlib.AsyncExitStack() as opened:
        shared = await opened.enter_async_context(stores(settings, environment))
        agreement = Agreement(settings, shared.store, clock)
        await agreement.begin()
        rules.still_in_force()
        record = ChainLog(
            settings.record_folder,
            clock=clock,
            sign=lambda message: record_key.sign(message).signature,
            key_id="record",
            public_key=bytes(record_key.verify_key),
        )
        opened.push_async_callback(record.close)
        secrets = RuleSecrets(environment, settings.rules_folder)
        opa = OpaPoint(clock, secret=secrets.secret, trust=settings.control_authorities)
        opened.push_async_callback(opa.close)
        yield Foundation(
            settings=settings,
            clock=clock,
            ids=Ulids(clock),
            meter=process_metrics(),
            rules=rules,
            files=rules,
            store=shared.store,
            old_runs=shared.old_runs,
            record=AdaptingRecord(
                CountedRecord(record, process_metrics()), store=shared.store, rules=rules, clock=clock
            ),
            record_lag_s=lambda: record.lag_s,
            record_trouble=lambda: record.trouble,
            pseudonyms=shared.pseudonyms,
            pieces=shared.pieces,
            content=shared.content,
            secrets=secrets,
            points=Points((CedarPoint(), opa)),
            agreement=agreement,
        )


def gateway_secret(settings: Settings) -> str:
    """What a gateway proves itself with to the control plane of the same installation."""
    return secret_key(settings.paths.state, "gateway").hex()


def vouching(base: Foundation) -> Vouching:
    """How a gateway tells the control plane of the same installation who calls."""
    return Vouching(secret_key(base.settings.paths.state, "vouching"), base.clock)
