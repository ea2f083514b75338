"""Chains found by content: what runs put out is kept as fingerprints, and known again in what runs of other trees read.

Knows where words are put out and read, and reads how the other trees stand. What follows from it is
`controls/risk/chains.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aisecops.controls.risk.chains import MOST_JOINED, joined_with, standing
from aisecops.gateway.origins.known import KnownAgain
from aisecops.gateway.ports import Clock, Ids, Store
from aisecops.model.action import Principal
from aisecops.model.budget import TreeState
from aisecops.model.chain import Drawn, Join, JoinedChain, Way
from aisecops.model.ids import RunId
from aisecops.model.memory import RecalledItem
from aisecops.model.provenance import Origin, Span, Traced, TrustTier
from aisecops.model.rules import RuleSet
from aisecops.model.state import Run

LEAST_DRAWN = 120
"""Characters of a run's words that another must have read to work on them: shorter ones are said by many."""


class Chains:
    """Keeps what runs put out, and finds it."""

    def __init__(self, known: KnownAgain, *, clock: Clock, ids: Ids) -> None:
        self._known = known
        self._clock = clock
        self._ids = ids

    @property
    def any_known(self) -> bool:
        """True when this process knows of anything that a run has put out."""
        return self._known.any_put_out

    async def put_out(self, principal: Principal | Run, way: Way, texts: Iterable[str]) -> None:
        """A run has put out `texts`. Known to every process when this returns. Raises `StoreError`."""
        long = [text for text in texts if len(text) >= LEAST_DRAWN]
        if not long:
            return
        origin = Origin(
            origin_id=self._ids.new("out_"),
            tier=TrustTier.USER,
            source=way.value,
            sha256="",
            at_ms=self._clock.now_ms(),
            agent_id=principal.agent_id,
            run_id=principal.run_id,
            root_run_id=principal.root_run_id,
        )
        await self._known.put_out(origin, long)

    async def found_in(self, root_run_id: RunId, texts: Sequence[str]) -> tuple[Drawn, ...]:
        """Whose words `texts`, which a run of this tree reads, hold enough of. Raises `StoreError`."""
        long = [text for text in texts if len(text) >= LEAST_DRAWN]
        traced = await self._known.put_out_in(root_run_id, long) if long else []
        return drawn_of(root_run_id, traced)


def drawn_of(root_run_id: RunId, traced: Iterable[Sequence[Traced]]) -> tuple[Drawn, ...]:
    """The other trees of whose words the texts hold `LEAST_DRAWN` characters, what this tree has said itself left out.

    `traced` are the stretches of each text that some run has put out.
    """
    characters: dict[RunId, int] = {}
    newest: dict[RunId, Origin] = {}
    for stretches in traced:
        own = [one.span for one in stretches if one.origin.root_run_id == root_run_id]
        others: dict[RunId, list[Span]] = {}
        for one in stretches:
            if one.origin.root_run_id != root_run_id:
                others.setdefault(one.origin.root_run_id, []).append(one.span)
                newest[one.origin.root_run_id] = _newer(newest.get(one.origin.root_run_id), one.origin)
        for root, spans in others.items():
            characters[root] = characters.get(root, 0) + _covered([*spans, *own]) - _covered(own)
    return tuple(
        _drawn(newest[root], Way(newest[root].source)) for root, count in characters.items() if count >= LEAST_DRAWN
    )


async def drawn_from(store: Store, root_run_id: RunId, items: Iterable[RecalledItem]) -> tuple[Drawn, ...]:
    """The other trees whose runs wrote any of the `items` that a memory brought back. Raises `StoreError`."""
    found: dict[RunId, Drawn] = {}
    for run_id, item in {item.run_id: item for item in items if item.run_id}.items():
        run = await store.find_run(run_id)
        if run is not None and run.root_run_id != root_run_id:
            found[run.root_run_id] = Drawn(
                root_run_id=run.root_run_id,
                run_id=run_id,
                agent_id=run.agent_id,
                way=Way.MEMORY,
                at_ms=item.written_ms,
            )
    return tuple(found.values())


async def joined_chains(
    store: Store, rules: RuleSet, tree: TreeState, found: Iterable[Drawn], *, now_ms: int
) -> tuple[JoinedChain, ...]:
    """The chains that `tree` is joined with, those that they are joined with included, each once, as they stand now.

    `found` are those that the step in hand joins it with. Raises `StoreError`.
    """
    if rules.risk.join is Join.OFF:
        return ()
    now = joined_with(tree, found, now_ms=now_ms, within_ms=rules.risk.join_within_ms)
    return await chains_above(standing(now), tree.root_run_id, store)


async def chains_above(drawn: Iterable[Drawn], root_run_id: RunId, store: Store) -> tuple[JoinedChain, ...]:
    """The chains of `drawn`, and of those that these have drawn from. Raises `StoreError`."""
    joined: dict[RunId, JoinedChain] = {}
    waiting = {one.root_run_id: one for one in drawn if one.root_run_id != root_run_id}
    while waiting and len(joined) <= MOST_JOINED:
        trees = await store.changed_trees(dict.fromkeys(waiting, 0))
        joined |= {root: _joined(waiting[root], tree) for root, (_, tree) in trees.items()}
        further = [one for _, tree in trees.values() for one in standing(tree)]
        waiting = _unseen(further, joined, root_run_id)
    return tuple(joined.values())


def _unseen(drawn: Iterable[Drawn], joined: Mapping[RunId, JoinedChain], root_run_id: RunId) -> dict[RunId, Drawn]:
    return {one.root_run_id: one for one in drawn if one.root_run_id not in {*joined, root_run_id}}


def _joined(drawn: Drawn, tree: TreeState) -> JoinedChain:
    return JoinedChain(drawn=drawn, risk_micros=tree.risk_micros, halted_ms=tree.halted_ms, halted_why=tree.halted_why)


def _drawn(origin: Origin, way: Way) -> Drawn:
    return Drawn(
        root_run_id=origin.root_run_id,
        run_id=origin.run_id,
        agent_id=origin.agent_id,
        way=way,
        at_ms=origin.at_ms,
    )


def _newer(one: Origin | None, other: Origin) -> Origin:
    return other if one is None or one.at_ms < other.at_ms else one


def _covered(spans: Iterable[Span]) -> int:
    """How many characters lie in any of `spans`."""
    count, end = 0, 0
    for span in sorted(spans, key=lambda one: (one.start, one.end)):
        count += max(0, span.end - max(span.start, end))
        end = max(end, span.end)
    return count
