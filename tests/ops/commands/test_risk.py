"""`aisecops risk` over a real control plane."""

from __future__ import annotations

import json

from aisecops.adapters.store.sqlite import SqliteStore
from aisecops.gateway.runs.adapting import entry_of
from aisecops.model.adaptive import Move, Signal
from aisecops.model.ids import AgentId
from aisecops.ops.cli import main
from aisecops.ops.settings_read import load


async def kept(tool):
    store = SqliteStore(load().database)
    move = Move(agent_id=AgentId("bot"), tool=tool, signal=Signal.REFUSED, at_ms=1, base_micros=50_000, why="it tried")
    await store.set_entries(entry_of(AgentId("bot"), tool, (move,), 1))
    await store.close()


async def test_moves_are_listed_with_their_reasons_and_taken_back(control, capsys):
    await kept("crm.read")

    assert main(["risk", "list"]) == 0
    assert "it tried" in capsys.readouterr().out
    assert main(["risk", "list", "--json"]) == 0
    [one] = json.loads(capsys.readouterr().out)["moved"]
    assert (one["agent_id"], one["tool"], one["moves"][0]["signal"]) == ("bot", "crm.read", "refused")

    assert main(["risk", "reset", "bot", "crm.read", "--reason", "our own test"]) == 0
    assert capsys.readouterr().out == "bot crm.read as the rules say\n"
    assert main(["risk", "list"]) == 0
    assert "nothing was moved" in capsys.readouterr().err
    assert main(["risk", "reset", "bot", "--reason", "x"]) == 1
    assert "no risk of `bot` was moved" in capsys.readouterr().err
