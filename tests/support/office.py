"""A control plane whose people come from the provider that a test plays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aisecops.adapters.oidc.provider import Providers
from aisecops.ops.control.oidc import SignIn
from support.api import Api
from support.gateway import RULES, House
from support.provider import CLIENT_SECRET, PlayedProvider

OIDC = """
oidc:
  issuer: {issuer}
  client_id: aisecops
  client_secret: "env:OIDC"
  name: preferred_username
  roles: {{claim: groups, viewer: [staff], approver: [oncall], operator: [platform]}}
people:
  otto: {{role: operator, secret: "env:OTTO"}}
"""


class Office:
    """A control plane whose people come from `provider`."""

    def __init__(self, provider: PlayedProvider, folder: Path) -> None:
        self.provider = provider
        held = RULES.replace("approve_above: 1.5", "approve_above: 0.5").replace("max_cost: 1.00", "max_cost: 100")
        self.house = House(held + OIDC.format(issuer=provider.issuer))
        provider.now_s = self.house.clock.ms // 1000
        self.providers = Providers(self.house.clock, trust=[provider.ca])
        self.sign_in = SignIn(
            rules=self.house.rules, clock=self.house.clock, providers=self.providers,
            secret={"env:OIDC": CLIENT_SECRET.encode()}.get,
        )  # fmt: skip
        self.api = Api(folder, self.house, by_token=self.sign_in.bearer)

    async def asks(self, method: str, path: str, body: Any = None, **claims: Any) -> Any:
        who = {"Authorization": f"Bearer {self.provider.token(**claims)}"}
        return await self.api.ask(method, path, who, body)
