"""A whole gateway in one process: real rules, real tokens, real decisions; store and record in memory."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Sequence
from typing import Any

from aisecops.adapters.policies.cedar import CedarPoint
from aisecops.adapters.policies.reading import read_rules
from aisecops.adapters.store.content import MemoryContent
from aisecops.adapters.store.memory import MemoryStore
from aisecops.adapters.store.pieces import MemoryPieces
from aisecops.adapters.store.pseudonyms import MemoryPseudonyms
from aisecops.gateway.assembly import InstallationKeys, Place, World, assembled
from aisecops.gateway.enforcer import Caller
from aisecops.gateway.ground import Ground
from aisecops.gateway.people.approve import Approvals
from aisecops.gateway.pinned.inventory import Inventory
from aisecops.gateway.ports import Refused
from aisecops.gateway.runs.adapting import AdaptingRecord, MovedRisk
from aisecops.gateway.runs.identity import Identities
from aisecops.gateway.runs.issue import IssuedToken, TokenRequest, TokenService
from aisecops.gateway.runs.runs import OpenedRun, Runs
from aisecops.gateway.runs.vouch import Vouching
from aisecops.gateway.step.points import Points
from aisecops.model.errors import RecordError
from aisecops.model.exchange import HttpRequest
from aisecops.model.ids import AgentId
from aisecops.model.outcome import Refuse
from aisecops.model.record import Event
from aisecops.model.rules import RuleSet
from support.asking import code, read, request, send, write
from support.parts import ListedNames, SeedKeys, TableSecrets, Tally, WordScanner

__all__ = ["code", "read", "request", "send", "write"]

SECRETS = {name: f"{name.lower()}'s secret" for name in ("CLERK", "VERA", "ABE", "OTTO")} | {"VISITOR": "v's secret"}
"""What the rules of a house may name as `env:NAME`."""

START_MS = 1_800_000_000_000
OPERATOR = "operator:local"

RULES = """
version: 1
agents:
  clerk:
    role: office
    authenticate: {secret: "env:CLERK"}
    grants:
      - {tool: crm.read, scope: "crm.customers.*", constraints: {max_rows: 100}}
      - {tool: mail.send, scope: "mail.contacts.*", constraints: {max_cost: 0.60}}
      - {tool: db.write, scope: "db.orders.*"}
    budgets: {max_tool_calls: 50, max_write_operations: 10, max_cost: 1.00}
    risk: {approve_above: 1.5, halt_above: 2.0}
  visitor:
    authenticate: {secret: "env:VISITOR"}
tools:
  crm.read:
    match: {host: crm.internal, method: GET, path: "/v1/customers/*"}
    effect: read
    base_risk: 0.2
    trust: internal
    scope: "crm.customers.{path[2]}"
    rows: {response: "length(customers)"}
    returns: {tier: internal, label: confidential}
  mail.send:
    match: {host: mail.example, method: POST, path: /send}
    effect: write
    base_risk: 0.4
    trust: external
    scope: "mail.contacts.{body.to}"
    cost: 0.55
  db.write:
    match: {host: db.internal, method: POST, path: "/orders/*"}
    effect: write
    base_risk: 0.5
    trust: internal
    scope: "db.orders.{path[1]}"
models:
  openai: {match: {host: api.openai.com}, dialect: openai, prices: {gpt-4o: {input: 2.50, output: 10.00}}}
sources:
  - {match: {host: "*.wiki.example"}, tier: external}
risk:
  sequences:
    - {name: read-then-send, when: [{effect: read, label: confidential}, {tool: mail.send}], escalation: 1.2}
"""


def rules_of(text: str = RULES, **policies: str) -> RuleSet:
    """The rule set of YAML `text` and Cedar `policies` by their names; fails with the problems when there are any."""
    beside = {f"policy/{name}.cedar": policy.encode() for name, policy in policies.items()}
    found = read_rules({"rules.yaml": textwrap.dedent(text).encode(), **beside})
    assert isinstance(found, RuleSet), [f"{problem} ({problem.mend})" for problem in found]
    return found


class SetClock:
    """Time that moves when a test moves it."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms


class CountedIds:
    """`run_1`, `dec_2`, ..."""

    def __init__(self) -> None:
        self.count = 0

    def new(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count:026d}"


class ListedRecord:
    """A record in memory that can be made to fail; `at_append` sees the store as it is when events arrive."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.durable: list[Event] = []
        self.broken = False

    async def append(self, *events: Event, durable: bool = False) -> None:
        if self.broken:
            raise RecordError("the disk is full")
        self.events += events
        if durable:
            self.durable += events

    async def close(self) -> None:
        return

    def names(self) -> list[str]:
        return [event.event.value for event in self.events]


class SettableRules:
    """Rules that a test can change while the gateway runs."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules

    def current(self) -> RuleSet:
        return self.rules


class House:
    """Everything wired as in production, with the world replaced by tables."""

    def __init__(
        self,
        text: str = RULES,
        *,
        hold_ms: int = 0,
        store: Any = None,
        content: Any = None,
        pieces: Any = None,
        scanner: Any = None,
        points: Sequence[Any] = (),
        **policies: str,
    ) -> None:
        self.clock, self.ids, self.record, self.keys = SetClock(), CountedIds(), ListedRecord(), SeedKeys()
        self.rules, self.names, self.scanner, self.meter = (
            SettableRules(rules_of(text, **policies)),
            ListedNames(),
            scanner or WordScanner(),
            Tally(),
        )
        self.store = store or MemoryStore()
        self.points = Points((CedarPoint(), *points))
        self.ground = Ground(
            store=self.store,
            record=AdaptingRecord(self.record, store=self.store, rules=self.rules, clock=self.clock),
            rules=self.rules,
            clock=self.clock,
            ids=self.ids,
            meter=self.meter,
        )
        self.moved_risk = MovedRisk(self.ground)
        self.pseudonyms = MemoryPseudonyms()
        self.pieces = pieces or MemoryPieces()
        self.runs = Runs(
            self.ground,
            pseudonyms=self.pseudonyms,
            pieces=self.pieces,
            new_secret=lambda: f"secret-{self.ids.new('')}",
        )
        self.approvals = Approvals(self.ground, life_ms=900_000)
        self.tokens = TokenService(
            self.ground,
            signer=self.keys,
            issuer="aisecops",
            audience="gateway",
            points=self.points,
        )
        self.content = content or MemoryContent()
        self.vouching = Vouching(b"v" * 32, self.clock)
        self.identities = Identities(self.rules, self.store, TableSecrets(**SECRETS))
        self.inventory = Inventory(self.ground)
        world = World(
            ground=self.ground,
            content=self.content,
            pieces=self.pieces,
            pseudonyms=self.pseudonyms,
            keys=self.keys,
            resolver=self.names,
            route=None,
            scanner=self.scanner,
            points=self.points,
            broker=_ServiceBroker(self),
            runs=self.runs,
            approvals=self.approvals,
            identities=self.identities,
            vouching=self.vouching,
        )
        keys = InstallationKeys(provenance=b"p" * 32, envelopes=b"e" * 32, pseudonyms=b"s" * 32, fingerprints=b"k" * 32)
        place = Place(
            issuer="aisecops",
            audience="gateway",
            own_addresses=frozenset({("127.0.0.1", 8081)}),
            is_here=lambda _ip: False,
            control=("127.0.0.1", 8081),
            hold_ms=hold_ms,
            idle_ms=60_000,
        )
        made = assembled(world, keys, place)
        self.enforcement, self.admission, self.settlement = made.enforcement, made.admission, made.settlement
        self.downloads, self.cuts, self.messages = made.downloads, made.cuts, made.messages
        self.permits, self.pins, self.known = made.permits, made.pins, made.known

    async def run(self, agent: str = "clerk", *, parent: Any = None, opened_by: str | None = None) -> OpenedRun:
        opened = await self.runs.open(AgentId(agent), opened_by=opened_by or f"agent:{agent}", parent=parent)
        assert isinstance(opened, OpenedRun), opened
        return opened

    async def token(self, run: OpenedRun, tool: str, scope: str, **asked: Any) -> str:
        issued = await self.tokens.issue(
            run.run.agent_id, TokenRequest(run_id=run.run.run_id, tool=tool, scope=scope, **asked)
        )
        assert isinstance(issued, IssuedToken), issued
        return issued.token

    async def ask(self, run: OpenedRun, request: HttpRequest) -> Any:
        return await self.enforcement.admit(Caller(agent_id=run.run.agent_id, run_id=run.run.run_id), request)

    async def tree(self, run: OpenedRun) -> Any:
        snapshot = await self.store.snapshot(run.run.run_id)
        assert snapshot is not None
        return snapshot.tree


class _ServiceBroker:
    def __init__(self, house: House) -> None:
        self._house = house

    async def token(self, agent_id: Any, run_id: Any, tool: str, scope: str) -> str:
        issued = await self._house.tokens.issue(agent_id, TokenRequest(run_id=run_id, tool=tool, scope=scope))
        if isinstance(issued, Refuse):
            raise Refused(issued.code.value, issued.detail)
        return issued.token


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
