"""The installation of the demo as people and programs meet it: an agent that sends mails, pages' twins, the API."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

from aisecops.model.ids import AgentId
from aisecops.ops.agents import rules_in
from aisecops.ops.environment import made_trust
from aisecops.ops.opened import open_run


def secret(on: Any) -> str:
    """The operator's."""
    found: str = (on.settings.paths.state / "operator.secret").read_text().strip()
    return found


class Mailer:
    """A support agent that sends mails, one after the other, whoever they are to."""

    def __init__(self, on: Any) -> None:
        self.run = open_run(on.settings, rules_in(on.settings).agents[AgentId("support-bot")], parent=None)
        name, key = self.run.credentials.name, self.run.credentials.secret
        proxy = on.settings.proxy.url.replace("://", f"://{name}:{key}@")
        self.http = httpx.Client(
            proxy=proxy, verify=ssl.create_default_context(cafile=made_trust(on.settings).bundle), timeout=60
        )

    def send(self, to: str) -> httpx.Response:
        """A mail with its token."""
        asked = {"run_id": self.run.run_id, "tool": "mail.send", "scope": f"mail.contacts.{to}"}
        answer = self.http.post("http://aisecops.internal/v1/tokens", json=asked)
        token = answer.json()["token"]
        headers = {"AISecOps-Capability": token}
        return self.http.post("https://mail.example/send", json={"to": to, "text": "hello"}, headers=headers)


def twin(on: Any, path: str) -> Any:
    """What a page says, as a program reads it."""
    return httpx.get(f"{on.settings.control.url}{path}.json", headers=bearer(on), timeout=60).json()


def api(on: Any, path: str, **body: Any) -> Any:
    """A call of the control plane's API."""
    return httpx.post(f"{on.settings.control.url}{path}", headers=bearer(on), json=body, timeout=60).json()


def bearer(on: Any) -> dict[str, str]:
    """The operator's credentials."""
    return {"Authorization": f"Bearer {secret(on)}"}
