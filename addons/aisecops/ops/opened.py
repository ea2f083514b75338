"""A run opened from the command line, and how it is closed."""

from __future__ import annotations

from aisecops.model.rules import AgentRule
from aisecops.model.value import Value
from aisecops.ops.agents import credentials_of
from aisecops.ops.client import ControlPlane
from aisecops.ops.environment import Credentials
from aisecops.ops.settings import Settings


class OpenedRun(Value):
    """A run and its own credentials, which are good for this run only."""

    run_id: str
    root_run_id: str
    credentials: Credentials


def open_run(settings: Settings, agent: AgentRule, *, parent: str | None) -> OpenedRun:
    """Open a run as the agent itself when its secret can be read here, else as the operator. Raises CommandError."""
    own = credentials_of(settings, agent)
    asked = {"agent_id": agent.agent_id} | ({"parent": parent} if parent else {})
    with ControlPlane.as_agent(settings, own) if own else ControlPlane.as_operator(settings) as control:
        told = control.post("/v1/runs", asked)
    run_id = str(told["run_id"])
    return OpenedRun(
        run_id=run_id,
        root_run_id=str(told["root_run_id"]),
        credentials=Credentials(run_id, str(told["run_secret"])),
    )


def close_run(settings: Settings, run: OpenedRun, *, exit_code: int) -> None:
    """Finish the run with how its command ended. Raises CommandError."""
    with ControlPlane.as_agent(settings, run.credentials) as control:
        control.post(f"/v1/runs/{run.run_id}/finish", {"exit_code": exit_code})
