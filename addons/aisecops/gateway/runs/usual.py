"""What a run has read until now, and what the agent's runs usually send: kept for the rules about proportion.

Both are written down when an answer is there, and only while a rule asks for them. What follows from them is
`controls/egress/proportion.py`.
"""

from __future__ import annotations

import contextlib

import msgspec
from msgspec.structs import replace

from aisecops.controls.egress.proportion import usual_of, with_answer, with_run
from aisecops.controls.egress.volume import speaks_of
from aisecops.gateway.ports import Store
from aisecops.gateway.step.permits import Permit
from aisecops.model.action import ActionRequest
from aisecops.model.budget import TreeState
from aisecops.model.entry import Entry, EntryKind
from aisecops.model.errors import Fault, Stale, StoreError
from aisecops.model.ids import AgentId, RunId
from aisecops.model.proportion import Usual, UsuallySent
from aisecops.model.rules import RuleSet

KIND = EntryKind.USUAL
SWAP_TRIES = 5
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(UsuallySent)


async def usual_for(
    store: Store, rules: RuleSet, request: ActionRequest, *, agent_id: AgentId, root_run_id: RunId
) -> Usual | None:
    """What other runs of the agent usually send with the tool; None where no rule asks. Raises `StoreError`."""
    if not any(rule.usual_times and speaks_of(rule.tool, request.tool) for rule in rules.egress.proportion):
        return None
    name = _name(agent_id, request.tool)
    return usual_of(_read((await store.find_entries(KIND, [name])).get(name)), but=root_run_id)


def with_read(tree: TreeState, permit: Permit, *, size: int, rows: int | None) -> TreeState:
    """`tree`, which has read an answer of `size` bytes and `rows`."""
    return replace(tree, read=with_answer(tree.read, permit.facts.request, size_bytes=size, rows=rows))


async def keep_usual(store: Store, permit: Permit, tree: TreeState, *, now_ms: int) -> None:
    """Keep what the run has sent with the tool until now.

    A store that cannot be asked changes nothing of what has happened: with less known, less is usual.
    """
    sent, facts = {**(permit.judged.tree.sent if permit.judged.tree else {}), **tree.sent}, permit.facts
    if not permit.in_proportion:
        return
    name = _name(facts.principal.agent_id, facts.request.tool)
    with contextlib.suppress(Fault):
        for _ in range(SWAP_TRIES):
            entry = (await store.find_entries(KIND, [name])).get(name)
            kept = _read(entry)
            new = with_run(kept, facts.principal.root_run_id, facts.request.tool, sent)
            if new == kept:
                return
            with contextlib.suppress(Stale):
                value = Entry(kind=KIND, name=name, value=_encoder.encode(new), at_ms=now_ms)
                await store.swap_entry(value, seen=entry.version if entry is not None else 0)
                return


def _name(agent_id: AgentId, tool: str) -> str:
    return f"{agent_id}:{tool}"


def _read(entry: Entry | None) -> UsuallySent:
    if entry is None:
        return UsuallySent()
    try:
        return _decoder.decode(entry.value)
    except msgspec.MsgspecError as error:
        raise StoreError("the store holds what runs usually send in a form that cannot be read") from error
