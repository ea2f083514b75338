"""Asks the control plane for capability tokens in an agent's name (`token: broker`).

In a thread with a client of its own: the proxy's event loop resolves no names but those of admitted requests.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from aisecops.gateway.ports import Refused
from aisecops.model.errors import PolicyError
from aisecops.model.ids import AgentId, RunId

WITHIN_S = 5.0


class ControlPlaneBroker:
    """A `Broker` over `POST /v1/tokens`. `secret` is the gateway's own, which only asks for others.

    `trust` are PEM files that a control plane which speaks TLS is believed by, beside the system's authorities.
    """

    def __init__(self, control_url: str, *, secret: str, trust: Sequence[Path] = ()) -> None:
        context = ssl.create_default_context()
        for file in trust:
            context.load_verify_locations(file)
        # trust_env=False: the gateway must not be sent through a proxy, least of all through itself
        self._client = httpx.Client(
            base_url=control_url,
            timeout=WITHIN_S,
            trust_env=False,
            verify=context,
            headers={"Authorization": f"Bearer {secret}"},
        )

    async def token(self, agent_id: AgentId, run_id: RunId, tool: str, scope: str) -> str:
        asked = {"agent_id": agent_id, "run_id": run_id, "tool": tool, "scope": scope}
        return await asyncio.to_thread(self._asked, asked)

    async def close(self) -> None:
        """Let go of the connections."""
        await asyncio.to_thread(self._client.close)

    def _asked(self, body: dict[str, Any]) -> str:
        try:
            answer = self._client.post("/v1/tokens", json=body)
            said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise PolicyError("the control plane cannot be asked for a capability token") from error
        token = said.get("token") if isinstance(said, dict) else None
        if answer.status_code == httpx.codes.CREATED and isinstance(token, str):
            return token
        if answer.is_client_error and isinstance(said, dict):
            raise Refused(str(said.get("code", "")), str(said.get("detail", "the control plane said no")))
        raise PolicyError(f"the control plane answered {answer.status_code} to a request for a capability token")
