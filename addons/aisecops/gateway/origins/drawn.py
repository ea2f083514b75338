"""What an answer joins a run with: whose words it brings, and whose items a memory brought back."""

from __future__ import annotations

from collections.abc import Iterable

from aisecops.controls.risk.chains import joined_with
from aisecops.gateway.aside import in_thread
from aisecops.gateway.origins.chains import drawn_from
from aisecops.gateway.origins.descent import Descents
from aisecops.gateway.origins.memories import Recalled
from aisecops.gateway.origins.vouched import READ_WHOLE
from aisecops.gateway.ports import Store
from aisecops.gateway.step.permits import Permit
from aisecops.model.budget import TreeState
from aisecops.model.chain import Drawn
from aisecops.model.exchange import HttpResponse
from aisecops.wire.answer_pieces import texts_in_pieces
from aisecops.wire.texts import texts_of


async def drawn_by(
    descents: Descents, store: Store, permit: Permit, answer: tuple[HttpResponse, bytes], recalled: Recalled | None
) -> tuple[Drawn, ...]:
    """Whose words an answer, with its body decoded, brings, where that joins chains. Raises `StoreError`."""
    if permit.join_within_ms is None:
        return ()
    root_run_id = permit.facts.principal.root_run_id
    read: tuple[Drawn, ...] = ()
    if descents.chains.any_known:
        read = await descents.chains.found_in(root_run_id, await in_thread(lambda: _texts_in(*answer)))
    return read if recalled is None else (*read, *await drawn_from(store, root_run_id, recalled.items))


def _texts_in(response: HttpResponse, body: bytes) -> list[str]:
    """The parts of what is taken apart, else the whole."""
    texts = texts_of(response.headers, body) if len(body) <= READ_WHOLE else texts_in_pieces(response.headers, body)
    return texts[1:] or texts


def with_drawn(tree: TreeState, permit: Permit, drawn: Iterable[Drawn], *, now_ms: int) -> TreeState:
    """`tree`, joined with what an answer brought."""
    if permit.join_within_ms is None:
        return tree
    return joined_with(tree, drawn, now_ms=now_ms, within_ms=permit.join_within_ms)
