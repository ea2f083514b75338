"""Which run a request belongs to: its credentials', the one it names, or the agent's implicit one (contract 3)."""

from __future__ import annotations

from aisecops.gateway.enforcer import Caller
from aisecops.gateway.runs.runs import Runs
from aisecops.gateway.runs.trees import Trees
from aisecops.model.exchange import HttpRequest, values
from aisecops.model.ids import RunId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code

RUN_HEADER = "AISecOps-Run"


class Whose:
    """Finds the run. There is never a request without one."""

    def __init__(self, runs: Runs, trees: Trees, *, idle_ms: int) -> None:
        self._runs = runs
        self._trees = trees
        self._idle_ms = idle_ms

    async def run(self, caller: Caller, request: HttpRequest) -> RunId | Refuse:
        """The run of `request`; a name in its header counts only for a run of the caller's own."""
        named = values(request.headers, RUN_HEADER)
        if caller.run_id is not None:
            if named and named[0] != caller.run_id:
                return Refuse(
                    code=Code.RUN_UNKNOWN, detail=f"the credentials are of another run than {RUN_HEADER} says"
                )
            return caller.run_id
        if not named:
            return await self._runs.implicit(caller.agent_id, idle_ms=self._idle_ms)
        run = await self._trees.run(RunId(named[0]))
        if run is None or run.agent_id != caller.agent_id:
            return Refuse(code=Code.RUN_UNKNOWN, detail=f"`{caller.agent_id}` has no such run")
        return run.run_id
