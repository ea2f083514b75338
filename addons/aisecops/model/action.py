"""Who acts, what is done, to what (principal, action, resource)."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from aisecops.model.ids import AgentId, RunId
from aisecops.model.provenance import TrustTier
from aisecops.model.value import Value


class Principal(Value):
    """Who acts: an agent in a run. `lineage` is the run, its parent, and so on to the root."""

    agent_id: AgentId
    run_id: RunId
    root_run_id: RunId
    lineage: tuple[RunId, ...]


class Kind(StrEnum):
    """What a request is to us.

    `local` is a call that the agent makes itself when its model proposes one: the proposal is all that we see of it.
    `proposed` is a call whose request will come to us and be judged then.
    """

    TOOL = "tool"
    LOCAL = "local"
    PROPOSED = "proposed"
    MODEL = "model"
    SOURCE = "source"
    UNDECLARED = "undeclared"


class ToolEffect(StrEnum):
    """What a tool does to the world. Silence is `write`: the harder one."""

    READ = "read"
    WRITE = "write"
    MEMORY_READ = "memory-read"
    MEMORY_WRITE = "memory-write"

    @property
    def changes_state(self) -> bool:
        """True for what counts against `max_write_operations` and must be durable in the record first."""
        return self in {ToolEffect.WRITE, ToolEffect.MEMORY_WRITE}


WEBSOCKET = "WEBSOCKET"
"""Stands for a method where a WebSocket is opened: rules must ask for one by this word."""


class ActionRequest(Value):
    """One governed step, as the wire and the rules together describe it.

    `digest` is the SHA-256 of the exact request (method, target, governed headers, body), of a proposed call that of
    tool and arguments: approvals bind to it.
    `path_hash` is the SHA-256 of path and query: they may hold what must not be recorded.
    `signed`: the caller has signed the body, so that it leaves as it came or not at all.
    `size_bytes` is what leaves: target and body as they were sent.
    `message`: it is one message on a WebSocket that was opened before, and not the opening. `restored`: of a talk in
    which what stands in for something is put back.
    `batch` names the batch that it came in, if in one.
    `traceparent` is the caller's span in the words of W3C, as far as it is one: it is linked, never judged.
    `recipients` are keyed digests of whom it reaches, by what the rule says; `uncounted` names the budgets
    (`max_rows`, `max_recipients`) of which the rule says where their number is, and nothing is there.
    `cost_micros` is the most this step may cost, known before it runs; `rows` what it asks for, when it says so;
    `rows_later`: its answer will say.
    """

    kind: Kind
    tool: str
    effect: ToolEffect
    scope: str
    method: str
    host: str
    port: int
    path_hash: str
    digest: str
    base_risk: Decimal = Decimal(0)
    trust: Decimal = Decimal(1)
    returns_tier: TrustTier = TrustTier.EXTERNAL
    label: str = ""
    rule: str = ""
    rows: int | None = None
    cost_micros: int = 0
    model: str = ""
    prompt_hash: str = ""
    signed: bool = False
    message: bool = False
    restored: bool = False
    size_bytes: int = 0
    recipients: tuple[str, ...] = ()
    uncounted: tuple[str, ...] = ()
    rows_later: bool = False
    batch: str = ""
    traceparent: str = ""
