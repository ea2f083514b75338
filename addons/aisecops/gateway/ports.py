"""The ports: what enforcement needs of the world, and what the world promises.

Every promise here has a contract test that runs against each adapter. Anything a port raises beyond
what its docstring names is a fault, and the outermost guard refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from aisecops.gateway.proviso import Asked, Proviso
from aisecops.model.access import AccessRequest
from aisecops.model.budget import TreeState
from aisecops.model.decision import Judgment
from aisecops.model.entry import Entry, EntryKind
from aisecops.model.finding import Finding
from aisecops.model.ids import AgentId, ApprovalId, RunId, TokenId
from aisecops.model.known import Known, ProposedWords, SaidWords
from aisecops.model.piece import Piece
from aisecops.model.record import Event
from aisecops.model.rules import RuleSet
from aisecops.model.stand_in import Given
from aisecops.model.state import Approval, RevocationKind, Run, Snapshot
from aisecops.wire.files.opened import Opened
from aisecops.wire.files.shelf import File


class Clock(Protocol):
    """Time, so that nothing below has to know where it comes from."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        ...


class Ids(Protocol):
    """Names nobody has used before."""

    def new(self, prefix: str) -> str:
        """`prefix` and a ULID: sorts by time, unguessable enough to be unique, no secret."""
        ...


class RuleSource(Protocol):
    """The rules in force."""

    def current(self) -> RuleSet:
        """The rule set in force now: one whole set, never half of a change. Does no I/O."""
        ...


class Store(Protocol):
    """Shared state: runs, charges, revocations, approvals. Safe from many tasks, processes and machines at once.

    Each method is atomic and durable when it returns. Raises `StoreError` when the store cannot be asked or when
    it is unknown whether it did; then the caller refuses, and what was perhaps charged stays charged.
    """

    async def open_run(self, run: Run, tree: TreeState, *, seen: int | None) -> None:
        """Add `run` and set its tree in one go. `seen` None: a new root; otherwise the version of its tree.

        Raises `Stale` when the tree is no longer at `seen`: nothing was added.
        """
        ...

    async def implicit_run(self, agent_id: AgentId, *, now_ms: int, idle_ms: int) -> RunId | None:
        """The agent's implicit run if it was used within `idle_ms`, else None. Using it moves its end."""
        ...

    async def set_implicit_run(self, agent_id: AgentId, run_id: RunId, *, seen: RunId | None, now_ms: int) -> RunId:
        """Make `run_id` the agent's implicit run if it still is `seen`; return the one that now is (first wins)."""
        ...

    async def snapshot(self, run_id: RunId, *, token_id: TokenId | None = None, key_id: str = "") -> Snapshot | None:
        """Everything about a run that a decision needs, read at one moment; None for an unknown run."""
        ...

    async def changed_trees(self, seen: Mapping[RunId, int]) -> Mapping[RunId, tuple[int, TreeState]]:
        """Version and state of each tree, by root, that is no longer at the version in `seen`; 0 is never a version.

        All read at one moment, and cheap when nothing changed. A root that nobody opened is not in the answer.
        """
        ...

    async def revoked(self, names: Collection[tuple[RevocationKind, str]]) -> frozenset[tuple[RevocationKind, str]]:
        """Those of `names` that are revoked, read at one moment."""
        ...

    async def swap_tree(self, root_run_id: RunId, *, seen: int, new: TreeState, durable: bool = True) -> int:
        """Replace the tree's state if it is still at version `seen`; return the new version. Raises `Stale`.

        With `durable` False it outlives every process of ours; a power failure soon after may undo it.
        """
        ...

    async def reserve(
        self,
        seen: TreeState,
        new: TreeState,
        *,
        unless: Collection[tuple[RevocationKind, str]] = (),
        provided: Sequence[Proviso] = (),
        durable: bool = True,
    ) -> Sequence[Any]:
        """Replace a tree's state if it is exactly `seen` and nothing in `unless` is revoked, all at one moment.

        And if all of `provided` is so; gives what each tells. Raises `Stale`, or `Moved` when only some of that is not
        so: nothing was changed. For whoever has not read it just now; `durable` as in `swap_tree`.
        """
        ...

    async def find_run(self, run_id: RunId) -> Run | None:
        """One run, or None."""
        ...

    async def list_runs(
        self, *, limit: int = 1000, agent_id: AgentId | None = None, before: RunId | None = None
    ) -> Sequence[Run]:
        """Newest first, of one agent if named; after the run `before` in that order, and nothing if it is not in it."""
        ...

    async def revoke(self, kind: RevocationKind, name: str, *, now_ms: int, why: str) -> None:
        """Revoke a token, a run's, an agent's or a key's tokens. In force for every snapshot from then on."""
        ...

    async def use_token(self, token_id: TokenId, *, uses: int, expires_ms: int) -> bool:
        """Count one use of a token that has `uses`; False, and nothing counted, when none is left."""
        ...

    async def open_approval(self, approval: Approval) -> Approval:
        """Open a question; if one is open for the same run and digest, return that one instead."""
        ...

    async def find_approval(self, approval_id: ApprovalId) -> Approval | None:
        """One approval as it stands, or None."""
        ...

    async def list_approvals(self, *, limit: int = 1000, pending: bool = False) -> Sequence[Approval]:
        """Newest first; with `pending`, of these only those that wait for a person."""
        ...

    async def swap_approval(self, seen: Approval, new: Approval) -> None:
        """Replace an approval if it is still as `seen`. Raises `Stale`: nothing was changed."""
        ...

    async def find_entries(self, kind: EntryKind, names: Collection[str]) -> Mapping[str, Entry]:
        """Those of `names` that are kept, by name, read at one moment."""
        ...

    async def list_entries(self, kind: EntryKind, *, limit: int = 10_000) -> Sequence[Entry]:
        """Last written first."""
        ...

    async def swap_entry(self, new: Entry, *, seen: int) -> int:
        """Keep `new` if what is kept under its name is at version `seen`, 0 for nothing; return the new version.

        Raises `Stale`: nothing was changed. Over `EntryKind.most`, those go that were written longest ago.
        """
        ...

    async def set_entries(self, *entries: Entry) -> None:
        """Keep `entries`, whatever was kept under their names; of the same name the last. Bounded likewise."""
        ...

    async def ping(self) -> None:
        """Raises `StoreError` when the store cannot be asked."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go. Nothing may be asked afterwards."""
        ...


KNOWN_AT_ONCE = 500
"""So many of what is known are read at once, or more."""


class ContentStore(Protocol):
    """Fingerprints of what came in and was said, for all processes. Bounded: the oldest goes first.

    Survives the process, but perhaps not a power failure. Raises `StoreError` when it cannot be asked.
    """

    async def keep(self, *known: Known, after: int = 0) -> int:
        """Add `known`; words of the same tree and name are kept once.

        Gives the position to ask from next for whom had asked up to `after`: behind `known` when nothing but these
        was added since, else `after`.
        """
        ...

    async def newer(self, after: int) -> tuple[int, Sequence[Known]]:
        """What was kept after position `after`, oldest first, and the position to ask from next; 0 is the beginning.

        Fewer than `KNOWN_AT_ONCE` are all there are; of so many or more the next call returns the rest.
        """
        ...

    def unless_known(self, after: int, root_run_id: RunId, asked: Asked, *, keep: Sequence[Known] = ()) -> Proviso:
        """So unless some of `newer` is of this tree or `asked` about. Adds `keep`; tells `newer`, None if too much."""
        ...

    async def of_tree(self, root_run_id: RunId) -> Sequence[SaidWords | ProposedWords]:
        """All words that were said in one tree of runs, and proposed, in the order in which they were kept."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go."""
        ...


class PseudonymStore(Protocol):
    """Which stand-ins are in use in a tree of runs, and whom each was given. For all processes; forgotten when it ends.

    What is kept can be read by nobody without the installation's key. Raises `StoreError` when it cannot be asked.
    """

    async def keep(self, root_run_id: RunId, given: Sequence[Given]) -> None:
        """Add `given`, durable when it returns.

        INVARIANT: in one tree a value has one stand-in and a stand-in one value, whoever was first. What would break
        that is left out without a word: ask `newer` what is in use now.
        """
        ...

    async def newer(self, root_run_id: RunId, after: int) -> tuple[int, Sequence[Given]]:
        """What was kept of one tree after position `after`, and the position to ask from next; 0 is the beginning."""
        ...

    async def forget(self, root_run_id: RunId) -> None:
        """Keep nothing of this tree any more."""
        ...


class PieceStore(Protocol):
    """The ends of what was said in a tree of runs to one receiver, for all processes; forgotten soon, or when it ends.

    What is kept can be read by nobody without the installation's key. Raises `StoreError` when it cannot be asked.
    """

    async def say(
        self, root_run_id: RunId, to: str, pieces: Sequence[Piece], *, after: int
    ) -> tuple[int, Sequence[tuple[int, Sequence[Piece]]]]:
        """Add `pieces`, of one request; gives their position, and what `newer` has between `after` and it.

        Of two that do this at once, one is before the other, and the later one is told of the earlier.
        """
        ...

    async def newer(self, root_run_id: RunId, to: str, after: int) -> Sequence[tuple[int, Sequence[Piece]]]:
        """What was kept after position `after`, oldest first, each with its position; 0 is the beginning.

        No pieces at all: something before was taken back, and who knows it must read again from the beginning.
        """
        ...

    async def take_back(self, root_run_id: RunId, to: str, position: int) -> None:
        """What was kept at `position` was not said after all."""
        ...

    def unless_said(self, root_run_id: RunId, to: str, pieces: Sequence[Piece], *, after: int) -> Proviso:
        """So unless something was kept there after position `after`. Keeps `pieces`; tells their position, else 0."""
        ...

    async def forget(self, root_run_id: RunId) -> None:
        """Keep nothing of this tree any more."""
        ...


class AuditLog(Protocol):
    """The record: append-only, hash-chained. Safe from many tasks and processes at once."""

    async def append(self, *events: Event, durable: bool = False) -> None:
        """Append `events` in order, as one batch; with `durable`, synced to disk when it returns.

        Raises `RecordError`: then none of them counts as recorded, and what they record must not happen.
        """
        ...

    async def close(self) -> None:
        """Sync, checkpoint, let go."""
        ...


class KeySet(Protocol):
    """The public halves of the token keys."""

    def verify_keys(self) -> Mapping[str, bytes]:
        """Raw Ed25519 public keys by `kid`: the one in use and those still accepted. Does no network I/O."""
        ...


class Signer(Protocol):
    """The private half of the token key in use; only the control plane has one."""

    @property
    def key_id(self) -> str:
        """The `kid` of the key in use."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of `message`."""
        ...


class ContentScanner(Protocol):
    """Finds what must not leave. Runs in worker processes; a deadline passed is a fault, never a pass."""

    async def open_files(self, files: Sequence[File]) -> Opened:
        """Every text in `files`, with its place, and what of them cannot be read.

        Raises `Fault` when that was not done, `WireError` for what unfolds beyond every bound; the caller refuses.
        """
        ...

    async def scan(
        self, parts: Sequence[tuple[str, str]], entities: frozenset[str], *, whole: bool = True
    ) -> tuple[Finding, ...]:
        """Findings in `parts`, each `(where, text)`, of the kinds `entities`.

        Texts that are not `whole` were cut somewhere: a file that is encoded in one is broken, and says nothing.

        Raises `Fault` when the scan did not finish, `WireError` for what is encoded beyond every bound; the caller
        refuses.
        """
        ...


class DecisionPoint(Protocol):
    """A policy engine asked beside the grants (spec 7.2). It can only take away (contract 6)."""

    @property
    def name(self) -> str:
        """The `control` of its judgments, and its key under `policy` in the rules."""
        ...

    def named_by(self, rules: RuleSet) -> bool:
        """Do `rules` ask it?"""
        ...

    async def judge(self, rules: RuleSet, asked: AccessRequest) -> Judgment:
        """Its answer under `rules`: ALLOW or DENY, with the policies that decided. Many may ask at once.

        Raises `PolicyError` when it cannot be asked, or when it is not clear what it said: that is never a yes.
        """
        ...


class Broker(Protocol):
    """Asks the control plane for a capability token in an agent's name (`token: broker`)."""

    async def token(self, agent_id: AgentId, run_id: RunId, tool: str, scope: str) -> str:
        """A fresh capability token, compact. Raises `PolicyError` when none can be had; `Refused` when it said no."""
        ...


class Meter(Protocol):
    """Counts for operators. Never raises, never blocks; labels are bounded by the rules."""

    def decided(self, *, agent: str, tool: str, effect: str, decision: str, code: str, seconds: float) -> None:
        """One request was decided; `decision` is allow, hold or deny as enforced, `code` empty when allowed."""
        ...

    def stage(self, name: str, seconds: float) -> None:
        """One stage of a decision took so long."""
        ...

    def token_rejected(self, code: str) -> None:
        """A presented capability token failed verification."""
        ...

    def egress_found(self, entity: str, action: str) -> None:
        """A finding in what leaves, and what was done about it."""
        ...

    def injection_found(self, detector: str, tier: str) -> None:
        """A detector saw an injection in text of `tier`."""
        ...

    def budget_exceeded(self, agent: str, budget: str) -> None:
        """A budget refused a step."""
        ...

    def contained(self, seconds: float) -> None:
        """A run was halted, and so much later the last of what this process had open for it was cut."""
        ...

    def uninspected(self, reason: str, size_bytes: int) -> None:
        """So many bytes leave that nobody could read, because a rule lets them."""
        ...


class Refused(Exception):
    """The control plane refused; carries its problem document's code and detail."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
