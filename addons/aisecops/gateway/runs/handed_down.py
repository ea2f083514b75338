"""Tokens that were handed down: what is revoked of any token above one is revoked of it (contract 5)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from aisecops.gateway.ports import Store
from aisecops.model.grant import Above
from aisecops.model.state import RevocationKind, Snapshot

type Revocable = tuple[RevocationKind, str]


def revocable(above: Iterable[Above]) -> frozenset[Revocable]:
    """Everything whose revocation ends a token below `above`."""
    return frozenset(
        name
        for one in above
        for name in (
            (RevocationKind.TOKEN, str(one.jti)),
            (RevocationKind.RUN, str(one.run_id)),
            (RevocationKind.AGENT, str(one.agent_id)),
        )
    )


async def with_all_above(store: Store, snapshot: Snapshot, above: tuple[Above, ...]) -> Snapshot:
    """`snapshot` with what is revoked of the tokens `above`, too. Raises `StoreError`."""
    if not above:
        return snapshot
    revoked = await store.revoked(revocable(above))
    return replace(snapshot, revoked=(*snapshot.revoked, *sorted({kind for kind, _ in revoked})))
