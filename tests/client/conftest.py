"""One installation for the client's tests, and its gateway as an agent sees it."""

from __future__ import annotations

import pytest

from aisecops.client import Gateway
from support.installation import Installation, shared_installation
from support.installation_rules import AGENTS

__all__ = ["shared_installation"]


@pytest.fixture
def gateway(house: Installation):
    """The gateway, spoken to as an agent."""

    def speaking_as(agent: str) -> Gateway:
        party = AGENTS[agent]
        bundle = str(house.folder / "certs" / "bundle.pem")
        return Gateway(f"http://127.0.0.1:{house.proxy_port}", party.name, party.secret, bundle)

    return speaking_as
