"""What an answer joins a run with: nothing where the rules join nothing. The ways are in `test_chains.py`."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from aisecops.gateway.origins.drawn import drawn_by, with_drawn
from aisecops.model.chain import Drawn, Way
from aisecops.model.exchange import HttpResponse
from aisecops.model.ids import AgentId, RunId
from support.gateway import House, read
from support.trees import tree_of

OTHER = RunId("run_other")
DRAWN = Drawn(root_run_id=OTHER, run_id=OTHER, agent_id=AgentId("a"), way=Way.TOOL, at_ms=1)


async def permitted() -> tuple[House, Any]:
    house = House()
    run = await house.run()
    outcome = await house.ask(run, read(token=await house.token(run, "crm.read", "crm.customers.42")))
    return house, house.permits.find(outcome.permit)


async def test_where_the_rules_join_nothing_no_answer_does():
    house, permit = await permitted()
    off = replace(permit, join_within_ms=None)
    answer = HttpResponse(status=200, headers=(), body=b"{}")
    assert await drawn_by(None, house.store, off, (answer, b"{}"), None) == ()  # type: ignore[arg-type]
    assert with_drawn(tree_of(), off, [DRAWN], now_ms=1) == tree_of()
    assert with_drawn(tree_of(), permit, [DRAWN], now_ms=1).drawn == (DRAWN,)
