"""A run, as the agent sees it: opened, planned, worked in, handed down, finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from aisecops.client.auth import CapabilityAuth
from aisecops.client.gateway import Gateway
from aisecops.client.key import Key

PREFIX = "run_"


class Run:
    """One run. As a context manager it is finished at the end: with 0, or with 1 when the block raised."""

    def __init__(self, gateway: Gateway, run_id: str) -> None:
        self.run_id = run_id
        self.gateway = gateway
        """The gateway, spoken to as this run."""

    @classmethod
    def open(
        cls, gateway: Gateway | None = None, *, parent: str | None = None, plan: Sequence[Mapping[str, Any]] = ()
    ) -> Self:
        """A new run of the agent that `gateway` speaks as (default: the environment's).

        With a run's credentials, as `aisecops run` gives them, it hangs below that run. Raises `Refused`,
        `LookupError`.
        """
        speaking = gateway or Gateway.from_environment()
        asked: dict[str, Any] = {"parent": parent} if parent else {}
        if plan:
            asked["plan"] = {"steps": [dict(step) for step in plan]}
        opened = speaking.post("/v1/runs", asked)
        run_id = str(opened["run_id"])
        return cls(speaking.speaking_as(run_id, str(opened["run_secret"])), run_id)

    @classmethod
    def current(cls) -> Self:
        """The run that `aisecops run` opened for this process. Raises `LookupError` when there is none."""
        gateway = Gateway.from_environment()
        if not gateway.name.startswith(PREFIX):
            raise LookupError("HTTPS_PROXY has an agent's credentials and no run's; `Run.open()` opens a run")
        return cls(gateway, gateway.name)

    def child(self) -> Run:
        """A run below this one: its risk and budgets count here too, and it halts when this does."""
        return type(self).open(self.gateway)

    def plan(self, steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The whole plan judged before it begins. Raises `Refused`."""
        return self.gateway.post(f"/v1/runs/{self.run_id}/plan", {"steps": [dict(step) for step in steps]})

    def told(self) -> dict[str, Any]:
        """The run as it stands: state, cumulative risk, what was used of its budgets."""
        return self.gateway.get(f"/v1/runs/{self.run_id}")

    def finish(self, exit_code: int = 0) -> None:
        """End it. Raises `Refused` when it has ended already."""
        self.gateway.post(f"/v1/runs/{self.run_id}/finish", {"exit_code": exit_code})

    def http(self, *, key: Key | None = None, wait: int = 0, ttl: str | None = None, **more: Any) -> httpx.Client:
        """An `httpx.Client` that works in this run and shows capability tokens (`CapabilityAuth`)."""
        auth = CapabilityAuth(key=key, wait=wait, ttl=ttl)
        return httpx.Client(**{**self.gateway.transport(), "auth": auth, **more})

    def async_http(
        self, *, key: Key | None = None, wait: int = 0, ttl: str | None = None, **more: Any
    ) -> httpx.AsyncClient:
        """The same for `async` code; give it to an SDK as its `http_client`."""
        auth = CapabilityAuth(key=key, wait=wait, ttl=ttl)
        return httpx.AsyncClient(**{**self.gateway.transport(), "auth": auth, **more})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(1 if kind is not None else 0)
